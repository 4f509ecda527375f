"""The two wire forms of an entity.

V3's is the entity itself. V2's is a list of members in V2's order, each made from a field: most by the field's kind, the
rest by one of the words below (`As`, `Choice`, `Linked`, `Part`, `Derived`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from bodega.declare.entity import Entity
from bodega.declare.fields import OBJECT, Kind, kind_of, longest
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults

_read_json = msgspec.json.Decoder(float_hook=Decimal).decode

Changes = dict[str, Any]


class Base(NamedTuple):
    """Where the caller's request came in: links are built from it. `suffix` is ".json" on the store's own host."""

    url: str
    suffix: str = ""


class As(NamedTuple):
    """A V2 member that is another field, in another kind if given."""

    field: str
    kind: Kind | None = None


class Choice(NamedTuple):
    """A V2 member whose words differ from V3's: {V3 word: V2 word}."""

    field: str
    words: Mapping[str, str]


class Part(NamedTuple):
    """A V2 member that is one member of an object field; `make` builds the object from it."""

    field: str
    part: str
    make: Callable[[Any], Any]


class Linked(NamedTuple):
    """A link object {url, resource}; `path` is formatted with the entity's fields. No link when `when` is 0 or empty."""

    path: str
    when: str = ""
    empty: Any = None


class Derived(NamedTuple):
    """A read-only V2 member computed from the entity alone."""

    show: Callable[[Any], Any]
    word: str = "string"


Word = As | Choice | Part | Linked | Derived


class Wire(NamedTuple):
    """One V2 member. `show` takes (entity, base); `read` gives the field's new value or raises ValueError."""

    name: str
    field: str
    word: str
    length: int | None
    required: bool
    read_only: bool
    show: Callable[[Any, Base], Any]
    read: Callable[[Any], Any]


def link(base: Base, path: str) -> dict[str, str]:
    """A V2 link object: `resource` for clients that know their own base, `url` for those that follow it."""
    return {"url": f"{base.url}{path}{base.suffix}", "resource": path}


class V2Shape:
    """`fields` names the members in order; `!` marks a read-only one, `*` one that POST needs."""

    def __init__(
        self, entity: type[Entity], root: str, item: str, fields: str, wire: Mapping[str, Word] | None = None
    ) -> None:
        self.entity = entity
        self.root = root
        self.item = item
        hints = get_type_hints(entity, include_extras=True)
        words = wire or {}
        self.wires = {made.name: made for made in (_wire(text, words, hints) for text in fields.split())}
        self._shown = [(made.name, made.show) for made in self.wires.values()]
        self._required = [made for made in self.wires.values() if made.required]

    def show(self, entity: Any, base: Base) -> dict[str, Any]:
        """The V2 form."""
        return {name: show(entity, base) for name, show in self._shown}

    def read(self, members: Any, *, creating: bool) -> Changes:
        """The changes that a V2 body asks for. Raises Refusal naming every faulty member (rules 1 to 4)."""
        if not isinstance(members, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        faults: list[Fault] = []
        changes: Changes = {}
        for name, value in members.items():
            wire = self.wires.get(name)
            if wire is None:
                faults.append(
                    Fault(Reason.FIELD_UNKNOWN, name, f"The field '{name}' is not supported by this resource.")
                )
            elif wire.read_only:
                said = (
                    f"The field '{name}' cannot be written to. Please remove it from your request before trying again."
                )
                faults.append(Fault(Reason.FIELD_READ_ONLY, name, said))
            else:
                try:
                    changes[wire.field] = wire.read(value)
                except ValueError as error:
                    faults.append(_invalid(name, str(error)))
        if creating:
            faults += [
                Fault(Reason.FIELD_MISSING, wire.name, f"The required field '{wire.name}' was not supplied.")
                for wire in self._required
                if wire.name not in members
            ]
        if faults:
            raise refuse_faults(faults)
        return changes

    def describe(self) -> list[dict[str, Any]]:
        """The field list of an OPTIONS reply (rule 13)."""
        return [
            {
                "name": wire.name,
                "type": wire.word,
                "length": wire.length,
                "writable_methods": [] if wire.read_only else ["POST", "PUT"],
                "required_methods": ["POST"] if wire.required else [],
            }
            for wire in self.wires.values()
        ]


def _invalid(name: str, why: str) -> Fault:
    return Fault(Reason.FIELD_INVALID, name, f"The field '{name}' is invalid.", {"invalid_reason": f"{name} {why}."})


def _wire(text: str, words: Mapping[str, Word], hints: Mapping[str, Any]) -> Wire:
    name = text.rstrip("!*")
    read_only, required = text.endswith("!"), text.endswith("*")
    word = words.get(name, As(name))
    if isinstance(word, Linked):
        return Wire(name, "", "resource", None, required=False, read_only=True, show=_show_link(word), read=_never)
    if isinstance(word, Derived):
        derived = word.show
        return Wire(
            name, "", word.word, None, required=False, read_only=True, show=lambda e, _: derived(e), read=_never
        )
    hint = hints[word.field]
    if isinstance(word, Part):
        part, field, make = word.part, word.field, word.make
        show = lambda e, _: getattr(getattr(e, field), part)  # noqa: E731
        return Wire(name, field, "string", 255, required, read_only, show, lambda value: make(_typed(str(value), str)))
    field = word.field
    if isinstance(word, Choice):
        there, back = dict(word.words), {v2: v3 for v3, v2 in word.words.items()}
        return Wire(
            name, field, "enum", None, required, read_only, lambda e, _: there[getattr(e, field)], _one_of(back)
        )
    kind = word.kind or kind_of(hint)
    as_v2 = kind.show
    return Wire(
        name, field, kind.word, longest(hint), required, read_only,
        lambda e, _: as_v2(getattr(e, field)),
        lambda value: _typed(kind.read(value), hint),
    )  # fmt: skip


def _never(_value: Any) -> Any:
    raise ValueError("cannot be written")


def _one_of(words: Mapping[str, str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError("must be one of " + ", ".join(words))
        return words[value]

    return read


def _show_link(word: Linked) -> Callable[[Any, Base], Any]:
    def show(entity: Any, base: Base) -> Any:
        if word.when and not getattr(entity, word.when):
            return word.empty
        return link(base, word.path.format(e=entity))

    return show


def _typed(value: Any, annotation: Any) -> Any:
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        raise ValueError(_plain(str(error), annotation)) from None


def _plain(said: str, annotation: Any = None) -> str:
    """msgspec's complaint as the end of a sentence about a field."""
    choices = _choices(annotation)
    if choices:
        return "must be one of " + ", ".join(map(str, choices))
    text = said.split(" - at ")[0].replace("`", "")
    text = text.removeprefix("Expected ").split(", got ")[0]
    known = {
        "str": "a string",
        "int": "a whole number",
        "bool": "true or false",
        "array": "a list",
        "decimal": "a number",
    }
    return "must be " + known.get(
        text, text.replace("str of length", "a string of length").replace("int ", "a whole number ")
    )


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    for part in get_args(annotation):
        if get_origin(part) is Literal:
            return get_args(part)
    return ()


class V3Shape:
    """The V3 form: which members may be written, which POST needs, and members that are written but never shown.

    Members that are unknown or read-only are passed over: clients send whole objects back.
    """

    def __init__(
        self,
        entity: type[Entity],
        *,
        required: str,
        read_only: str = "id",
        write_only: Mapping[str, Any] | None = None,
        hidden: str = "",
    ) -> None:
        self.entity = entity
        self.required = tuple(required.split())
        hints = get_type_hints(entity, include_extras=True)
        unwritten = {*read_only.split(), *hidden.split()}
        self.shown = tuple(name for name in entity.__struct_fields__ if name not in hidden.split())
        self.types = {name: hints[name] for name in entity.__struct_fields__ if name not in unwritten}
        self.types |= write_only or {}
        members = [(name, annotation | msgspec.UnsetType, msgspec.UNSET) for name, annotation in self.types.items()]
        self._type = msgspec.defstruct(f"{entity.__name__}Draft", members, kw_only=True)
        self._one = msgspec.json.Decoder(self._type)
        self._many = msgspec.json.Decoder(list[self._type])  # type: ignore[name-defined]
        self._clean = {name: kind.clean for name in self.types if (kind := kind_of(self.types[name])) is not OBJECT}

    def read(self, body: bytes, *, creating: bool) -> Changes:
        """The changes one JSON object asks for. Raises Refusal naming every faulty member (rule 21)."""
        try:
            draft = self._one.decode(body)
        except msgspec.ValidationError:
            changes, faults = self._member_by_member(parse_json(body), creating=creating)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise malformed(error) from error
        else:
            changes, faults = self._cleaned(draft, creating=creating)
        if faults:
            raise refuse_faults(faults)
        return changes

    def read_many(self, body: bytes, most: int) -> list[Changes]:
        """The changes of a JSON array of objects, each with its `id`; faults are named `0.name`. Raises Refusal."""
        items = parse_json(body)
        if not isinstance(items, list):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be a list of objects.")
        if len(items) > most:
            said = f"The request payload is too large. The maximum items allowed in the array is {most}."
            raise Refusal(Reason.TOO_MANY_ITEMS, said, details={"max_items": most})
        drafts: list[Changes] = []
        faults: list[Fault] = []
        for place, item in enumerate(items):
            changes, wrong = self._member_by_member(item, creating=False)
            identity = item.get("id") if isinstance(item, dict) else None
            if isinstance(identity, bool) or not isinstance(identity, int):
                wrong.append(Fault(Reason.FIELD_MISSING, "id", "id is required, as a whole number."))
            faults += [fault._replace(field=f"{place}.{fault.field}") for fault in wrong]
            drafts.append({**changes, "id": identity})
        if faults:
            raise refuse_faults(faults)
        return drafts

    def _cleaned(self, draft: Any, *, creating: bool) -> tuple[Changes, list[Fault]]:
        changes: Changes = {}
        faults: list[Fault] = []
        unset, clean = msgspec.UNSET, self._clean
        for name in self.types:
            value = getattr(draft, name)
            if value is unset:
                continue
            finish = clean.get(name)
            try:
                changes[name] = finish(value) if finish is not None else value
            except ValueError as error:
                faults.append(self._fault(name, str(error)))
        return changes, faults + (self._missing(changes, faults) if creating else [])

    def _member_by_member(self, members: Any, *, creating: bool) -> tuple[Changes, list[Fault]]:
        if not isinstance(members, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        changes: Changes = {}
        faults: list[Fault] = []
        for name, annotation in self.types.items():
            if name not in members:
                continue
            try:
                value = _typed(members[name], annotation)
                changes[name] = self._clean[name](value) if name in self._clean else value
            except ValueError as error:
                faults.append(self._fault(name, str(error)))
        return changes, faults + (self._missing(changes, faults) if creating else [])

    def _missing(self, changes: Changes, faults: list[Fault]) -> list[Fault]:
        told = {fault.field for fault in faults}
        absent = [name for name in self.required if name not in changes and name not in told]
        return [Fault(Reason.FIELD_MISSING, name, f"{name} is required.") for name in absent]

    def _fault(self, name: str, why: str) -> Fault:
        return Fault(Reason.FIELD_INVALID, name, f"{name} {why}.")


def parse_json(body: bytes) -> Any:
    """Plain data from JSON, numbers with a fraction as exact decimals. Raises Refusal."""
    try:
        return _read_json(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ArithmeticError, ValueError) as error:
        raise malformed(error) from error


def malformed(error: Exception) -> Refusal:
    """The refusal of a body that is no JSON."""
    why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return Refusal(Reason.MALFORMED_BODY, f"The request body is not valid JSON: {why}.")
