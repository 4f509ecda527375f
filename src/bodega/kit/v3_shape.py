"""The V3 form of an entity, which is the entity itself: what may be written, and what a POST requires."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypedDict, get_args, get_origin

import msgspec

from bodega.kit.body import Changes, malformed, parse_json, respect_cap, wrong_type
from bodega.kit.bounds import Bound, Excess, bound_of, excess
from bodega.kit.complaint import Misfit, WrongType, typed, whole_number
from bodega.kit.entity import Entity
from bodega.kit.fields import INT32, ONLY_NUL, as_is, bare, clean_object, field_type_of
from bodega.kit.hints import has_decimals, hints_of, once_asked
from bodega.kit.sealed import Sealed
from bodega.kit.upload import Form, Upload
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.law.wording import PATH_MISSING
from bodega.storable import MANY_DIGITS
from bodega.storage.declaration import declared_in

_ODD_NUMBER = re.compile(rb'"\s*+[0-9.eE+\-]*+(?:_|\\u|[^\x00-\x7f])')
"""How a text begins that only Python may read as a number: digits with underscores, or of other scripts."""


Clean = Callable[[Any], Any]
"""Finishes a value of the right type. Raises ValueError."""


def _is_number(annotation: Any) -> bool:
    """Whether a field of this type is a decimal, or may be null instead."""
    inner = bare(annotation)
    return get_origin(inner) is Annotated and get_args(inner)[0] is Decimal


def _number_reader(annotation: Any, clean: Clean) -> Clean:
    """Reads a decimal from its text in a body, and finishes it: few numbers are not the same as one before.

    Raises ValueError as `clean` does; msgspec.ValidationError if it is no number, or one that only Python reads.
    """
    decode = once_asked(lambda: msgspec.json.Decoder(annotation).decode)

    def read(text: bytes) -> Any:
        if text.startswith(b'"') and _ODD_NUMBER.match(text):
            raise msgspec.ValidationError
        return clean(decode(text))

    known = lru_cache(maxsize=4096)(read)
    return lambda raw: known(text) if len(text := bytes(raw)) < LONG_NUMBER else read(text)


LONG_NUMBER = 32
"""Bytes of a number that is not worth being remembered."""


class Nested(NamedTuple):
    """A member whose items are rows of another table: read by that table's own shape, written by `write`.

    `write(unit, parent, drafts, notes)` runs after the parent is written; a draft that names a row has its `id`, unless
    all are `new`. `maximum` is how many a body may bring, judged before any is looked at. `single`: the member is one
    object instead of a list. `prefetch` brings in what one draft needs from outside, like that of an endpoint.
    """

    shape: V3Shape
    write: Callable[[Any, Any, list[Changes], list[Fault]], Awaitable[None]]
    single: bool = False
    prefetch: Callable[[Any, Changes, int, str], Awaitable[None]] | None = None
    new: bool = False
    maximum: int = 0


def _written(annotation: Any) -> Any:
    """The type that a body is read as."""
    kind = field_type_of(annotation)
    return annotation if kind.written is None else Annotated[kind.written, kind]


class V3Shape(Sealed):
    """The V3 form: which members may be written, which are required by POST (`a|b`: one of the two), and which are
    written but never shown.

    Members that are unknown or read-only are passed over: clients send whole objects back. `nested` are members that
    hold rows of other tables, in the order in which they are written. `view` makes the members of a facet that does not
    show the entity as it is stored; `members` names them, in order. `set_once` are members that only a new row takes.
    """

    def __init__(
        self,
        entity: type[Entity],
        *,
        required: str,
        read_only: str = "id",
        write_only: Mapping[str, Any] | None = None,
        hidden: str = "",
        view: Callable[[Any], dict[str, Any]] | None = None,
        members: str = "",
        nested: Mapping[str, Nested] | None = None,
        set_once: str = "",
    ) -> None:
        self.file = declared_in()
        self.entity = entity
        self.view = view
        self.read_only, self.hidden = tuple(read_only.split()), tuple(hidden.split())
        self.write_only = tuple(write_only or ())
        self.members = tuple(members.split())
        self.required = tuple(required.split())
        self.set_once = tuple(set_once.split())
        kept = tuple(name for name in entity.__struct_fields__ if name not in self.hidden)
        self.shown = self.members or kept
        self._write_only = write_only or {}
        self.nested: Mapping[str, Nested] = MappingProxyType(dict(nested or {}))
        self._alternatives = tuple((name, frozenset(name.split("|"))) for name in self.required)
        self._always = frozenset(name for name in self.required if "|" not in name)
        self._chosen = tuple(names for _name, names in self._alternatives if len(names) > 1)

    # What a shape reads bodies with is made for the first one: of hundreds of shapes a server uses some.

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """What may be written, by member."""
        hints, unwritten = hints_of(self.entity), {*self.read_only, *self.hidden}
        made = {name: _written(hints[name]) for name in self.entity.__struct_fields__ if name not in unwritten}
        return made | dict(self._write_only)

    @cached_property
    def _rows(self) -> tuple[str, ...]:
        return tuple(name for name in self.nested if name not in self.types)

    @cached_property
    def bounds(self) -> Mapping[str, Bound]:
        """The members that may hold only so many items."""
        return {name: made for name, kind in self.types.items() if (made := bound_of(kind)) is not None}

    @cached_property
    def _numbers(self) -> Mapping[str, Any]:
        return {name: annotation for name, annotation in self.types.items() if _is_number(annotation)}

    @cached_property
    def _one(self) -> msgspec.json.Decoder[Changes]:
        # A mapping without required members holds what a body says, and nothing has to be sorted out.
        drafted = {**self.types, **dict.fromkeys((*self._numbers, *self._rows), msgspec.Raw)}
        return msgspec.json.Decoder(TypedDict(f"{self.entity.__name__}Draft", drafted, total=False))  # type: ignore[operator]

    @cached_property
    def _has_inner_numbers(self) -> bool:
        return any(has_decimals(self.types[name]) for name in self.types.keys() - self._numbers.keys())

    @cached_property
    def _clean(self) -> Mapping[str, Clean]:
        cleans = {name: field_type_of(annotation).clean for name, annotation in self.types.items()}
        return {name: clean for name, clean in cleans.items() if clean is not as_is}

    @cached_property
    def _has_objects(self) -> bool:
        return clean_object in self._clean.values()

    @cached_property
    def _readers(self) -> Mapping[str, Clean]:
        return {
            name: _number_reader(annotation, field_type_of(annotation).clean)
            for name, annotation in self._numbers.items()
        }

    @cached_property
    def _guards(self) -> Mapping[str, tuple[Bound | None, Clean]]:
        return self._guarded({**self._clean, **self._readers})

    @cached_property
    def _guards_but_nul(self) -> Mapping[str, tuple[Bound | None, Clean]]:
        others = {name: clean for name, clean in self._clean.items() if clean not in ONLY_NUL}
        return self._guarded({**others, **self._readers})

    def read(self, body: bytes, *, creating: bool) -> Changes:
        """The changes in one JSON object. Raises Refusal naming every faulty member (rule 21)."""
        try:
            if not body.isascii():
                body.decode()  # the decoder does not check unknown members
            if self._has_inner_numbers and _ODD_NUMBER.search(body):
                raise msgspec.ValidationError  # the decoder would take it for a number
            changes = self._one.decode(body)
            # JSON can write NUL in only one way: if that is absent, no text has to be searched for it.
            suspect = b"\\u0000" in body or (self._has_objects and MANY_DIGITS.search(body) is not None)
            faults = self._judge(changes, self._guards if suspect else self._guards_but_nul)
        except msgspec.ValidationError:
            changes, faults = self.read_members(parse_json(body), creating=creating)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise malformed(error) from error
        else:
            if self.nested and not changes.keys().isdisjoint(self.nested):
                for name in self._rows:
                    changes.pop(name, None)
                self._read_nested(parse_json(body), changes, faults)
            faults += self._missing(changes, faults) if creating else self._passed_over(changes)
        if faults:
            raise refuse_faults(faults)
        return changes

    def read_form(self, members: Form, *, creating: bool) -> Changes:
        """The changes in a form; text is accepted for numbers and flags. Raises Refusal as `read` does."""
        changes, faults = self.read_members(members, creating=creating, strict=False)
        if faults:
            raise refuse_faults(faults)
        return changes

    def read_many(
        self, body: bytes, maximum: int, *, identity: str | None = "id", creates: bool = False
    ) -> list[Changes]:
        """The changes of a JSON array of objects; faults are named `0.name`. Raises Refusal.

        Each item names its row by its member `identity`, which becomes the draft's `id`; None: no member names it.
        With `creates`, an item without it is a new row.
        """
        items = parse_json(body)
        respect_cap(items, maximum)
        drafts, faults = self._read_list("", items, identity, creates=creates)
        if faults:
            raise refuse_faults(faults)
        return drafts

    def read_new(self, body: bytes, maximum: int) -> list[Changes]:
        """The drafts of a JSON array of new rows; faults are named `0.name`. Raises Refusal."""
        items = parse_json(body)
        respect_cap(items, maximum)
        drafts, faults = self._read_list("", items, None, creates=True)
        if faults:
            raise refuse_faults(faults)
        return drafts

    def read_item(self, item: Any, identity: str | None, *, creates: bool) -> tuple[Changes, list[Fault]]:
        """The draft of an item of a list: an update when its member `identity` names a row, else a new row."""
        if not isinstance(item, dict):
            return {}, [wrong_type("", WrongType("must be an object", "error.expected.jsobject"))]
        named = None if identity is None else whole_number(item.get(identity))
        changes, wrong = self.read_members(item, creating=creates and named is None)
        if identity is None:
            return changes, wrong
        if named is None:
            if not creates:
                message = f"{identity} is required."
                wrong.append(Fault(Reason.FIELD_MISSING, identity, message, json=PATH_MISSING, key=identity))
            return changes, wrong
        if type(named) is not int or not 0 < named <= INT32:
            wrong.append(self._fault(identity, f"must be a whole number from 1 to {INT32}"))
        return {**changes, "id": named}, wrong

    def _read_list(
        self, name: str, items: list[Any], identity: str | None, *, creates: bool
    ) -> tuple[list[Changes], list[Fault]]:
        drafts: list[Changes] = []
        faults: list[Fault] = []
        before = f"{name}." if name else ""
        for place, item in enumerate(items):
            draft, wrong = self.read_item(item, identity, creates=creates)
            faults += [fault.below(f"{before}{place}") for fault in wrong]
            drafts.append(draft)
        return drafts, faults

    def _read_nested(self, members: Any, changes: Changes, faults: list[Fault]) -> None:
        """The members that hold rows of other tables; null is the same as absent."""
        for name, nested in self.nested.items():
            items = members.get(name)
            if items is None:
                continue
            if nested.single:
                if not isinstance(items, dict):
                    faults.append(wrong_type(name, WrongType("must be an object", "error.expected.jsobject")))
                    continue
                draft, wrong = nested.shape.read_members(items, creating=False)
                changes[name] = [draft]
                faults += [fault.below(name) for fault in wrong]
                continue
            if not isinstance(items, list):
                faults.append(wrong_type(name, WrongType("must be a list", "error.expected.jsarray")))
                continue
            if len(items) > nested.maximum:
                faults.append(_too_long(name, Excess("", nested.maximum)))
                continue
            identity = None if nested.new else "id"
            changes[name], wrong = nested.shape._read_list(name, items, identity, creates=True)
            faults += wrong

    def _guarded(self, cleans: Mapping[str, Callable[[Any], Any]]) -> Mapping[str, tuple[Bound | None, Clean]]:
        """The members whose values have to be looked at once they have the right type, and how."""
        return {
            name: (self.bounds.get(name), cleans.get(name, as_is))
            for name in self.types
            if name in self.bounds or name in cleans
        }

    def _judge(self, changes: Changes, guards: Mapping[str, tuple[Bound | None, Clean]]) -> list[Fault]:
        """Finishes values of the right type; takes out those that cannot be, and says why: first the lists that are too
        long, then the others, in the order of the declaration. Raises msgspec.ValidationError for a wrong type."""
        long: dict[str, Fault] = {}
        bad: dict[str, Fault] = {}
        for name in changes.keys() & guards.keys():
            bound, clean = guards[name]
            if bound is not None and (over := excess(changes[name], bound)) is not None:
                long[name] = _too_long(name, over)
                continue
            try:
                changes[name] = clean(changes[name])
            except msgspec.ValidationError:
                raise
            except ValueError as error:
                bad[name] = self._misfit(name, error)
        if not long and not bad:
            return []
        for name in (*long, *bad):
            del changes[name]
        return [told[name] for told in (long, bad) for name in self.types if name in told]

    def read_members(self, members: Any, *, creating: bool, strict: bool = True) -> tuple[Changes, list[Fault]]:
        """The changes in plain members, and everything that is wrong with them.

        Unless `strict`, text is accepted for numbers and flags.
        """
        if not isinstance(members, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        changes: Changes = {}
        faults: list[Fault] = []
        for name, annotation in self.types.items():
            if name not in members:
                continue
            if isinstance(members[name], Upload) and field_type_of(annotation).located:
                changes[name] = members[name]
                continue
            over = excess(members[name], self.bounds[name]) if name in self.bounds else None
            if over is not None:
                faults.append(_too_long(name, over))
                continue
            try:
                value = typed(members[name], annotation, strict=strict)
                changes[name] = self._clean[name](value) if name in self._clean else value
            except ValueError as error:
                faults.append(self._misfit(name, error))
        if self.nested:
            self._read_nested(members, changes, faults)
        return changes, faults + (self._missing(changes, faults) if creating else self._passed_over(changes))

    def _passed_over(self, changes: Changes) -> list[Fault]:
        """Takes out what an update does not change, and finds no fault with it."""
        for name in self.set_once:
            changes.pop(name, None)
        return []

    def _missing(self, changes: Changes, faults: list[Fault]) -> list[Fault]:
        said = changes.keys()
        if not faults and self._always <= said and not any(said.isdisjoint(names) for names in self._chosen):
            return []
        told = {fault.field.partition(".")[0] for fault in faults}
        absent = [name for name, names in self._alternatives if names.isdisjoint(said | told)]
        return [
            Fault(Reason.FIELD_MISSING, name.partition("|")[0], f"{name.replace('|', ' or ')} is required.")
            for name in absent
        ]

    def _misfit(self, name: str, error: ValueError) -> Fault:
        """The fault of a value that cannot be taken; of a deep kind it names the member inside that is wrong."""
        fault = wrong_type(name, error)
        if isinstance(error, Misfit) and fault.field == name and field_type_of(self.types[name]).deep:
            return fault._replace(field=name + error.path)
        return fault

    def _fault(self, name: str, why: str) -> Fault:
        return Fault(Reason.FIELD_INVALID, name, f"{name} {why}.")


def _too_long(name: str, over: Excess) -> Fault:
    there = name + over.place
    return Fault(Reason.FIELD_INVALID, there, f"{there} {over}.", {"max_items": over.maximum})
