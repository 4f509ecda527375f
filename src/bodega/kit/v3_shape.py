"""The V3 form of an entity, which is the entity itself: what may be written, and what a POST requires."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, get_type_hints

import msgspec

from bodega.kit.body import Changes, malformed, parse_json, respect_cap, wrong_type
from bodega.kit.bounds import Excess, bound_of, excess
from bodega.kit.complaint import WrongType, typed, whole_number
from bodega.kit.entity import Entity
from bodega.kit.fields import INT32, ONLY_NUL, as_is, field_type_of
from bodega.kit.sealed import Sealed
from bodega.kit.upload import Form, Upload
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.law.wording import PATH_MISSING
from bodega.storage.declaration import declared_in


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
        hints = get_type_hints(entity, include_extras=True)
        unwritten = {*self.read_only, *self.hidden}
        kept = tuple(name for name in entity.__struct_fields__ if name not in self.hidden)
        self.shown = self.members or kept
        self.types = {name: _written(hints[name]) for name in entity.__struct_fields__ if name not in unwritten}
        self.types |= write_only or {}
        self.nested: Mapping[str, Nested] = MappingProxyType(dict(nested or {}))
        self.bounds = {name: made for name, kind in self.types.items() if (made := bound_of(kind)) is not None}
        drafted = [(name, annotation | msgspec.UnsetType, msgspec.UNSET) for name, annotation in self.types.items()]
        draft = msgspec.defstruct(f"{entity.__name__}Draft", drafted, kw_only=True)
        self._one = msgspec.json.Decoder(draft)
        cleans = {name: field_type_of(annotation).clean for name, annotation in self.types.items()}
        self._clean = {name: clean for name, clean in cleans.items() if clean is not as_is}
        self._finish = {name: clean for name, clean in self._clean.items() if clean not in ONLY_NUL}

    def read(self, body: bytes, *, creating: bool) -> Changes:
        """The changes in one JSON object. Raises Refusal naming every faulty member (rule 21)."""
        try:
            if not body.isascii():
                body.decode()  # the decoder does not check unknown members
            draft = self._one.decode(body)
        except msgspec.ValidationError:
            changes, faults = self.read_members(parse_json(body), creating=creating)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise malformed(error) from error
        else:
            # JSON can write NUL in only one way: if that is absent, no text has to be searched for it.
            changes, faults = self._cleaned(draft, self._clean if b"\\u0000" in body else self._finish)
            if self.nested and any(f'"{name}"'.encode() in body for name in self.nested):
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

    def read_many(self, body: bytes, maximum: int, *, identity: str = "id", creates: bool = False) -> list[Changes]:
        """The changes of a JSON array of objects; faults are named `0.name`. Raises Refusal.

        Each item names its row by its member `identity`, which becomes the draft's `id`. With `creates`, an item
        without it is a new row.
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
        drafts, faults = self._read_list("", items, "", creates=True)
        if faults:
            raise refuse_faults(faults)
        return drafts

    def read_item(self, item: Any, identity: str, *, creates: bool) -> tuple[Changes, list[Fault]]:
        """The draft of an item of a list: an update when its member `identity` names a row, else a new row."""
        if not isinstance(item, dict):
            return {}, [wrong_type("", WrongType("must be an object", "error.expected.jsobject"))]
        named = whole_number(item.get(identity))
        changes, wrong = self.read_members(item, creating=creates and named is None)
        if named is None:
            if not creates:
                message = f"{identity} is required."
                wrong.append(Fault(Reason.FIELD_MISSING, identity, message, json=PATH_MISSING, key=identity))
            return changes, wrong
        if type(named) is not int or not 0 < named <= INT32:
            wrong.append(self._fault(identity, f"must be a whole number from 1 to {INT32}"))
        return {**changes, "id": named}, wrong

    def _read_list(
        self, name: str, items: list[Any], identity: str, *, creates: bool
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
            identity = "" if nested.new else "id"
            changes[name], wrong = nested.shape._read_list(name, items, identity, creates=True)
            faults += wrong

    def _cleaned(self, draft: Any, clean: Mapping[str, Callable[[Any], Any]]) -> tuple[Changes, list[Fault]]:
        faults: list[Fault] = []
        unset = msgspec.UNSET
        changes = {name: value for name, value in msgspec.structs.asdict(draft).items() if value is not unset}
        for name in [name for name in self.bounds if name in changes]:
            over = excess(changes[name], self.bounds[name])
            if over is not None:
                del changes[name]
                faults.append(_too_long(name, over))
        for name in [name for name in changes if name in clean]:
            try:
                changes[name] = clean[name](changes[name])
            except ValueError as error:
                del changes[name]
                faults.append(self._fault(name, str(error)))
        return changes, faults

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
                faults.append(wrong_type(name, error))
        if self.nested:
            self._read_nested(members, changes, faults)
        return changes, faults + (self._missing(changes, faults) if creating else self._passed_over(changes))

    def _passed_over(self, changes: Changes) -> list[Fault]:
        """Takes out what an update does not change, and finds no fault with it."""
        for name in self.set_once:
            changes.pop(name, None)
        return []

    def _missing(self, changes: Changes, faults: list[Fault]) -> list[Fault]:
        told = {fault.field for fault in faults}
        absent = [name for name in self.required if not {*name.split("|")} & (changes.keys() | told)]
        return [
            Fault(Reason.FIELD_MISSING, name.partition("|")[0], f"{name.replace('|', ' or ')} is required.")
            for name in absent
        ]

    def _fault(self, name: str, why: str) -> Fault:
        return Fault(Reason.FIELD_INVALID, name, f"{name} {why}.")


def _too_long(name: str, over: Excess) -> Fault:
    there = name + over.place
    return Fault(Reason.FIELD_INVALID, there, f"{there} {over}.", {"max_items": over.maximum})
