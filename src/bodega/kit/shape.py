"""The two wire forms of an entity.

V3's is the entity itself. V2's is a list of members in V2's order, each made from a field: most by the field's kind,
the rest by one of the words below (`Alias`, `EnumAlias`, `Linked`, `ObjectMember`, `Derived`, `BatchLoaded`,
`WriteForm`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Container, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, get_type_hints

import msgspec

from bodega.kit.complaint import typed
from bodega.kit.entity import Entity
from bodega.kit.fields import INT32, ONLY_NUL, STRING, FieldType, as_is, field_type_of, longest
from bodega.kit.sealed import Sealed
from bodega.kit.upload import Form, Upload
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.storage.declaration import declared_in

_read_json = msgspec.json.Decoder(float_hook=Decimal).decode

Changes = dict[str, Any]


class Base(NamedTuple):
    """Where the caller's request came in: links are built from it. `suffix` is ".json" on the store's own host.

    `files` is the URL of the store's files, where what is asked for may name some.
    """

    url: str
    suffix: str = ""
    files: str = ""


class Alias(NamedTuple):
    """A V2 member that is another field, in another kind if given."""

    field: str
    kind: FieldType | None = None


class EnumAlias(NamedTuple):
    """A V2 member whose words differ from V3's: {V3 word: V2 word}."""

    field: str
    words: Mapping[str, str]


class ObjectMember(NamedTuple):
    """A V2 member that is one member of an object field; `make` builds the object from it."""

    field: str
    part: str
    make: Callable[[Any], Any]


class Linked(NamedTuple):
    """A link object {url, resource}; `path` is formatted with the entity's fields. None when `when` is 0 or empty.

    `served` is False for a link that is published, and leads to what is not served.
    """

    path: str
    when: str = ""
    empty: Any = None
    served: bool = True


class Derived(NamedTuple):
    """A read-only V2 member computed from the entity alone."""

    show: Callable[[Any], Any]
    word: str = "string"


class BatchLoaded(NamedTuple):
    """A read-only V2 member that other rows tell: `read` takes the call and the entities of a page, and gives the value
    by the entity's id (`empty` where there is none). `files`: it may show the addresses of files."""

    read: Callable[[Any, Sequence[Any]], Awaitable[Mapping[int, Any]]]
    word: str = "object_array"
    empty: Any = None
    files: bool = False


class WriteForm(NamedTuple):
    """A member that a body brings in another form than a reply shows it: lines of an order are a list in a body and a
    link in a reply. `kind` reads it, into the change of the same name; `shown` is one of the words above."""

    kind: FieldType
    shown: Linked | Derived | BatchLoaded


Word = Alias | EnumAlias | ObjectMember | Linked | Derived | BatchLoaded | WriteForm


class Wire(NamedTuple):
    """One V2 member. `show` takes (entity, base); `read` gives the field's new value or raises ValueError.

    `required` and `refused` name the methods that must and that must not send it (rules 3 and 1); what is neither
    refused nor `writable` is passed over.
    """

    name: str
    field: str
    word: str
    length: int | None
    required: tuple[str, ...]
    refused: tuple[str, ...]
    writable: bool
    show: Callable[[Any, Base], Any]
    read: Callable[[Any], Any]


def link(base: Base, path: str) -> dict[str, str]:
    """A V2 link object: `resource` for clients that know their own base, `url` for those that follow it."""
    return {"url": f"{base.url}{path}{base.suffix}", "resource": path}


class V2Shape(Sealed):
    """`fields` names the members in order, each with at most one mark:

    `*` POST needs it; `+` POST and PUT need it; `!` read-only; `~` read-only, but a POST that brings it is not refused;
    `?` neither writes nor is ever refused; `^` written, but never shown, and if the entity has no such field, a wish
    that a rule fulfils. Links and derived members are read-only unless marked otherwise. `when_chosen` are members
    that appear only when the caller chose which to see (rule 28).
    """

    def __init__(
        self,
        entity: type[Entity],
        root: str,
        item: str,
        fields: str,
        wire: Mapping[str, Word] | None = None,
        *,
        when_chosen: Mapping[str, Any] | None = None,
    ) -> None:
        self.file = declared_in()
        self.entity = entity
        self.root = root
        self.item = item
        hints = get_type_hints(entity, include_extras=True)
        words = wire or {}
        self.words, self.texts, self.hints = words, tuple(fields.split()), hints
        self.wires = {made.name: made for made in (_wire(text, words, hints) for text in fields.split())}
        unseen = {text[:-1] for text in fields.split() if text.endswith("^")}
        self._shown = [(made.name, made.show) for made in self.wires.values() if made.name not in unseen]
        looks = {name: word.shown if isinstance(word, WriteForm) else word for name, word in words.items()}
        loaded = {name: word for name, word in looks.items() if isinstance(word, BatchLoaded)}
        self.batch_loaded: Mapping[str, BatchLoaded] = MappingProxyType(loaded)
        self._called = {made.field: name for name, made in self.wires.items() if made.field not in ("", *self.wires)}
        self._required = [made for made in self.wires.values() if made.required]
        self._always_required = [made for made in self.wires.values() if "PUT" in made.required]
        self.when_chosen = dict(when_chosen or {})

    @property
    def members(self) -> list[str]:
        """The members of a reply, in order."""
        return [name for name, _ in self._shown]

    def show(
        self,
        entity: Any,
        base: Base,
        names: Container[str] | None = None,
        batch_loaded: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The V2 form, or the named members of it; `batch_loaded` holds what other rows tell."""
        if names is None:
            made = {name: show(entity, base) for name, show in self._shown}
        else:
            made = {name: show(entity, base) for name, show in self._shown if name in names} | self.when_chosen
        for name, value in (batch_loaded or {}).items():
            made[name] = self.batch_loaded[name].empty if value is None else value
        return made

    def read(self, members: Any, *, creating: bool) -> Changes:
        """The changes that a V2 body asks for. Raises Refusal naming every faulty member (rules 1 to 4)."""
        if not isinstance(members, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        faults: list[Fault] = []
        changes: Changes = {}
        method = "POST" if creating else "PUT"
        for name, value in members.items():
            wire = self.wires.get(name)
            if wire is None:
                faults.append(
                    Fault(Reason.FIELD_UNKNOWN, name, f"The field '{name}' is not supported by this resource.")
                )
            elif method in wire.refused:
                message = (
                    f"The field '{name}' cannot be written to. Please remove it from your request before trying again."
                )
                faults.append(Fault(Reason.FIELD_READ_ONLY, name, message))
            elif wire.writable:
                try:
                    changes[wire.field] = wire.read(value)
                except ValueError as error:
                    faults.append(invalid(name, str(error)))
        faults += [
            Fault(Reason.FIELD_MISSING, wire.name, f"The required field '{wire.name}' was not supplied.")
            for wire in (self._required if creating else self._always_required)
            if wire.name not in members
        ]
        if faults:
            raise refuse_faults(faults)
        return changes

    def read_form(self, members: Form, *, creating: bool) -> Changes:
        """As `read`, from a form: V2 takes text for everything."""
        return self.read(members, creating=creating)

    def in_its_words(self, fault: Fault) -> Fault:
        """A fault of a field, told of the V2 member that is this field under another name."""
        name = self._called.get(fault.field)
        if name is None:
            return fault
        word = re.compile(rf"\b{re.escape(fault.field)}\b")
        details = {
            key: word.sub(name, value) if isinstance(value, str) else value for key, value in fault.details.items()
        }
        return Fault(fault.reason, name, word.sub(name, fault.message), details)

    def describe(self, methods: Collection[str] = ("POST", "PUT")) -> list[dict[str, Any]]:
        """The field list of an OPTIONS reply (rule 13), for a target with these methods.

        Only text that has a greatest length tells a length.
        """
        writing = [method for method in ("POST", "PUT") if method in methods]
        return [
            {
                "name": wire.name,
                "type": wire.word,
                **({"length": wire.length} if wire.length else {}),
                "writable_methods": writing if wire.writable else [],
                "required_methods": [method for method in writing if method in wire.required],
            }
            for wire in self.wires.values()
        ]


_REQUIRED = {"*": ("POST",), "+": ("POST", "PUT")}
_REFUSED = {"!": ("POST", "PUT"), "~": ("PUT",)}


def _wire(text: str, words: Mapping[str, Word], hints: Mapping[str, Any]) -> Wire:
    name = text.rstrip("!*+~?^")
    mark = text[len(name) :]
    word = words.get(name, Alias(name))
    if isinstance(word, Linked | Derived | BatchLoaded):
        refused = () if mark == "?" else _REFUSED.get(mark, ("POST", "PUT"))
        kind, show = _computed(word)
        return Wire(name, "", kind, None, required=(), refused=refused, writable=False, show=show, read=_never)
    if isinstance(word, WriteForm):
        field, maximum, read = name, None, word.kind.read
        kind, show = word.kind.word, _computed(word.shown)[1]
    else:
        field = word.field
        kind, maximum, show, read = _stored(word, hints.get(field, Any))
    return Wire(
        name,
        field,
        kind,
        maximum,
        _REQUIRED.get(mark, ()),
        _REFUSED.get(mark, ()),
        mark not in ("!", "~", "?"),
        show,
        read,
    )


def _computed(word: Linked | Derived | BatchLoaded) -> tuple[str, Callable[[Any, Base], Any]]:
    if isinstance(word, Linked):
        return "resource", _show_link(word)
    if isinstance(word, BatchLoaded):
        empty = word.empty
        return word.word, lambda _entity, _base: empty
    derived = word.show
    return word.word, lambda entity, _: derived(entity)


def _stored(
    word: Alias | EnumAlias | ObjectMember, hint: Any
) -> tuple[str, int | None, Callable[[Any, Base], Any], Callable[[Any], Any]]:
    """Type, greatest length, and the two ways of a member that is stored."""
    field = word.field
    if isinstance(word, ObjectMember):
        part, make = word.part, word.make
        return "string", 255, lambda e, _: getattr(getattr(e, field), part), lambda value: make(STRING.read(value))
    if isinstance(word, EnumAlias):
        there, back = dict(word.words), {v2: v3 for v3, v2 in word.words.items()}
        return "enum", None, lambda e, _: there[getattr(e, field)], _one_of(back)
    kind = word.kind or field_type_of(hint)
    as_v2, from_v2 = kind.show, kind.read
    if kind.located:
        return kind.word, longest(hint), lambda e, base: as_v2(getattr(e, field), base.files), from_v2
    return (
        kind.word,
        longest(hint),
        lambda e, _: as_v2(getattr(e, field)),
        lambda value: typed(from_v2(value), hint),
    )


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


class Nested(NamedTuple):
    """A member whose items are rows of another table: read by that table's own shape, written by `write`.

    `write(unit, parent, drafts, notes)` runs after the parent is written; a draft that names a row has its `id`, unless
    all are `new` ones. `maximum` is how many there may be. `single`: the member is one object instead of a list.
    `prefetch` brings in what one draft needs from outside, as a facet's does.
    """

    shape: V3Shape
    write: Callable[[Any, Any, list[Changes], list[Fault]], Awaitable[None]]
    single: bool = False
    prefetch: Callable[[Any, Changes, int, str], Awaitable[None]] | None = None
    new: bool = False
    maximum: int = 0


class V3Shape(Sealed):
    """The V3 form: which members may be written, which POST needs (`a|b`: one of the two), and members that are written
    but never shown.

    Members that are unknown or read-only are passed over: clients send whole objects back. `nested` are members that
    hold rows of other tables, in the order in which they are written. `view` makes the members of a facet that does not
    show the entity as it is stored; `members` names them, in order.
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
    ) -> None:
        self.file = declared_in()
        self.entity = entity
        self.view = view
        self.read_only, self.hidden = tuple(read_only.split()), tuple(hidden.split())
        self.write_only = tuple(write_only or ())
        self.members = tuple(members.split())
        self.required = tuple(required.split())
        hints = get_type_hints(entity, include_extras=True)
        unwritten = {*self.read_only, *self.hidden}
        kept = tuple(name for name in entity.__struct_fields__ if name not in self.hidden)
        self.shown = self.members or kept
        self.types = {name: hints[name] for name in entity.__struct_fields__ if name not in unwritten}
        self.types |= write_only or {}
        self.nested: Mapping[str, Nested] = MappingProxyType(dict(nested or {}))
        drafted = [(name, annotation | msgspec.UnsetType, msgspec.UNSET) for name, annotation in self.types.items()]
        draft = msgspec.defstruct(f"{entity.__name__}Draft", drafted, kw_only=True)
        self._one = msgspec.json.Decoder(draft)
        cleans = {name: field_type_of(annotation).clean for name, annotation in self.types.items()}
        self._clean = {name: clean for name, clean in cleans.items() if clean is not as_is}
        self._finish = {name: clean for name, clean in self._clean.items() if clean not in ONLY_NUL}

    def read(self, body: bytes, *, creating: bool) -> Changes:
        """The changes one JSON object asks for. Raises Refusal naming every faulty member (rule 21)."""
        try:
            if not body.isascii():
                body.decode()  # the decoder does not look at members that nobody knows
            draft = self._one.decode(body)
        except msgspec.ValidationError:
            changes, faults = self.read_members(parse_json(body), creating=creating)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise malformed(error) from error
        else:
            # JSON can write NUL in one way only: where that is absent, no text has to be looked through for it.
            changes, faults = self._cleaned(draft, self._clean if b"\\u0000" in body else self._finish)
            if self.nested and any(f'"{name}"'.encode() in body for name in self.nested):
                self._read_nested(parse_json(body), changes, faults)
            faults += self._missing(changes, faults) if creating else []
        if faults:
            raise refuse_faults(faults)
        return changes

    def read_form(self, members: Form, *, creating: bool) -> Changes:
        """The changes a form asks for; its text stands for numbers and flags. Raises Refusal as `read` does."""
        changes, faults = self.read_members(members, creating=creating, strict=False)
        if faults:
            raise refuse_faults(faults)
        return changes

    def read_many(self, body: bytes, maximum: int, *, identity: str = "id", creates: bool = False) -> list[Changes]:
        """The changes of a JSON array of objects; faults are named `0.name`. Raises Refusal.

        Each item names its row by its member `identity`, which becomes the draft's `id`. With `creates`, one that does
        not is a new row.
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
        named = item.get(identity) if isinstance(item, dict) else None
        changes, wrong = self.read_members(item, creating=creates and named is None)
        if named is None:
            if not creates:
                wrong.append(Fault(Reason.FIELD_MISSING, identity, f"{identity} is required."))
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
            faults += [fault._replace(field=f"{before}{place}.{fault.field}") for fault in wrong]
            drafts.append(draft)
        return drafts, faults

    def _read_nested(self, members: Any, changes: Changes, faults: list[Fault]) -> None:
        """The members that hold rows of other tables; null is as good as absent."""
        for name, nested in self.nested.items():
            items = members.get(name)
            if items is None:
                continue
            if nested.single:
                if not isinstance(items, dict):
                    faults.append(self._fault(name, "must be an object"))
                    continue
                draft, wrong = nested.shape.read_members(items, creating=False)
                changes[name] = [draft]
                faults += [fault._replace(field=f"{name}.{fault.field}") for fault in wrong]
                continue
            if not isinstance(items, list):
                faults.append(self._fault(name, "must be a list"))
                continue
            if nested.maximum and len(items) > nested.maximum:
                faults.append(self._fault(name, f"must have at most {nested.maximum} items"))
                continue
            identity = "" if nested.new else "id"
            changes[name], wrong = nested.shape._read_list(name, items, identity, creates=True)
            faults += wrong

    def _cleaned(self, draft: Any, clean: Mapping[str, Callable[[Any], Any]]) -> tuple[Changes, list[Fault]]:
        faults: list[Fault] = []
        unset = msgspec.UNSET
        changes = {name: value for name, value in msgspec.structs.asdict(draft).items() if value is not unset}
        for name in [name for name in changes if name in clean]:
            try:
                changes[name] = clean[name](changes[name])
            except ValueError as error:
                del changes[name]
                faults.append(self._fault(name, str(error)))
        return changes, faults

    def read_members(self, members: Any, *, creating: bool, strict: bool = True) -> tuple[Changes, list[Fault]]:
        """The changes that plain members ask for, and everything that is wrong with them.

        Unless `strict`, text stands for numbers and flags.
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
            try:
                value = typed(members[name], annotation, strict=strict)
                changes[name] = self._clean[name](value) if name in self._clean else value
            except ValueError as error:
                faults.append(self._fault(name, str(error)))
        if self.nested:
            self._read_nested(members, changes, faults)
        return changes, faults + (self._missing(changes, faults) if creating else [])

    def _missing(self, changes: Changes, faults: list[Fault]) -> list[Fault]:
        told = {fault.field for fault in faults}
        absent = [name for name in self.required if not {*name.split("|")} & (changes.keys() | told)]
        return [
            Fault(Reason.FIELD_MISSING, name.partition("|")[0], f"{name.replace('|', ' or ')} is required.")
            for name in absent
        ]

    def _fault(self, name: str, why: str) -> Fault:
        return Fault(Reason.FIELD_INVALID, name, f"{name} {why}.")


def respect_cap(items: Any, maximum: int) -> None:
    """Rule 25: a list, and not too long."""
    if not isinstance(items, list):
        raise Refusal(Reason.MALFORMED_BODY, "The request body must be a list of objects.")
    if len(items) > maximum:
        message = f"The request payload is too large. The maximum items allowed in the array is {maximum}."
        raise Refusal(Reason.TOO_MANY_ITEMS, message, details={"max_items": maximum})


def parse_json(body: bytes) -> Any:
    """Plain data from JSON, numbers with a fraction as exact decimals. Raises Refusal."""
    try:
        return _read_json(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ArithmeticError, ValueError) as error:
        raise malformed(error) from error


def malformed(error: Exception) -> Refusal:
    """The refusal of a body that is no JSON."""
    if isinstance(error, RecursionError):
        why = "it is nested too deeply"
    elif isinstance(error, ArithmeticError):
        why = "a number in it is out of range"
    else:
        why = str(error).partition(" - at `")[0]
    return Refusal(Reason.MALFORMED_BODY, f"The request body is not valid JSON: {why}.")
