"""The members of a V2 form: each is made from a field, most by the type of the field, the others by a word of their
own.

The words are `Alias`, `EnumAlias`, `Linked`, `ObjectMember`, `Derived`, `BatchLoaded` and `WriteForm`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from bodega.kit.bounds import Bound, bound_of
from bodega.kit.complaint import typed
from bodega.kit.fields import (
    DECIMAL,
    ENUM,
    FLAG,
    INTEGER,
    MOMENT,
    STRING,
    FieldType,
    bare,
    field_type_of,
    longest,
)
from bodega.kit.links import Base, link


class Alias(NamedTuple):
    """A V2 member that shows another field, as another field type if given."""

    field: str
    kind: FieldType | None = None


class EnumAlias(NamedTuple):
    """A V2 member whose words differ from V3's: {V3 word: V2 word}."""

    field: str
    words: Mapping[str, str]


class ObjectMember(NamedTuple):
    """A V2 member that shows one member of an object field; `make` builds the object from it."""

    field: str
    part: str
    make: Callable[[Any], Any]


class Linked(NamedTuple):
    """A link object {url, resource}; `path` is formatted with the entity's fields. None if `when` is 0 or empty.

    `served` is False for a published link whose target is not served.
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
    """A read-only V2 member that comes from other rows: `read` takes the context and the entities of a page, and gives
    the values by the entity's id (`empty` if there is none). `files`: it may show the addresses of files."""

    read: Callable[[Any, Sequence[Any]], Awaitable[Mapping[int, Any]]]
    word: str = "object_array"
    empty: Any = None
    files: bool = False


class WriteForm(NamedTuple):
    """A member whose form in a body differs from that in a reply: the lines of an order are a list in a body and a link
    in a reply. `kind` reads it into the change of the same name; `shown` is one of the words above."""

    kind: FieldType
    shown: Linked | Derived | BatchLoaded


Word = Alias | EnumAlias | ObjectMember | Linked | Derived | BatchLoaded | WriteForm


class Wire(NamedTuple):
    """One V2 member. `show` takes (entity, base); `read` gives the field's new value or raises ValueError.

    `required` and `refused` name the methods that must and that must not send it (rules 3 and 1); what is neither
    refused nor `writable` is read and passed over. `holds` is the type of a list or an object that a body brings,
    `bound` how long the lists in it may be.
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
    holds: Any = None
    bound: Bound | None = None


MARKS = "!*+~?^"
"""The marks of members, behind their names (`V2Shape`)."""

_REQUIRED = {"*": ("POST",), "+": ("POST", "PUT")}


_REFUSED = {"!": ("POST", "PUT"), "~": ("PUT",)}


def wire_of(text: str, words: Mapping[str, Word], hints: Mapping[str, Any]) -> Wire:
    """The member that is declared by a text such as `name*`, by its word or as the field of that name."""
    name = text.rstrip(MARKS)
    mark = text[len(name) :]
    word = words.get(name, Alias(name))
    if isinstance(word, Linked | Derived | BatchLoaded):
        refused = () if mark == "?" else _REFUSED.get(mark, ("POST", "PUT"))
        computed, show = _computed(word)
        read = _passed_over(_SENT_BACK.get(computed, _read_list)) if mark == "?" else _never
        return Wire(name, "", computed, None, required=(), refused=refused, writable=False, show=show, read=read)
    if isinstance(word, WriteForm):
        field, maximum, kind, show = name, None, word.kind, _computed(word.shown)[1]
    else:
        field = word.field
        kind, maximum, show = _stored(word, hints.get(field, Any))
    return Wire(
        name,
        field,
        kind.word,
        maximum,
        _REQUIRED.get(mark, ()),
        _REFUSED.get(mark, ()),
        mark not in ("!", "?"),
        show,
        _passed_over(_of_its_kind(kind)) if mark == "?" else _of_its_kind(kind),
        kind.holds,
        bound_of(kind.holds) if kind.holds is not None else None,
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
) -> tuple[FieldType, int | None, Callable[[Any, Base], Any]]:
    """Kind, greatest length, and how a member that is stored is shown."""
    field = word.field
    if isinstance(word, ObjectMember):
        part, make = word.part, word.make
        kind = STRING._replace(read=lambda value: make(STRING.read(value)))
        return kind, 255, lambda e, _: getattr(getattr(e, field), part)
    if isinstance(word, EnumAlias):
        there, back = dict(word.words), {v2: v3 for v3, v2 in word.words.items()}
        return ENUM._replace(read=_one_of(back)), None, lambda e, _: there[getattr(e, field)]
    kind = word.kind or field_type_of(hint)
    as_v2, from_v2 = kind.show, kind.read
    if kind.located:
        return kind, longest(hint), lambda e, base: as_v2(getattr(e, field), base.files)
    holds = hint if kind.holds in (list[int], list[str], _plain(hint)) else kind.holds  # the field knows how many
    read = kind._replace(read=lambda value: typed(from_v2(value), hint), holds=holds)
    return read, longest(hint), lambda e, _: as_v2(getattr(e, field))


def _plain(hint: Any) -> Any:
    """A type without what is noted beside it."""
    inner = bare(hint)
    return get_args(inner)[0] if get_origin(inner) is Annotated else inner


def _of_its_kind(kind: FieldType) -> Callable[[Any], Any]:
    """The reader of a kind, which is given no JSON value that the kind cannot be: no list or object unless it holds
    one, and no flag where it is text."""
    read, contains = kind.read, kind.holds is not None
    text = kind.word in _TEXTS and not kind.flags

    def checked(value: Any) -> Any:
        if isinstance(value, dict | list) and not contains:
            raise ValueError(f"must be {_NOUNS.get(kind.word, 'a string')}")
        if text and isinstance(value, bool):
            raise ValueError("must be a string")
        return read(value)

    return checked


def _read_object(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return value


def _read_list(value: Any) -> Any:
    if not isinstance(value, list | dict):  # one element of XML stands for a list of one
        raise ValueError("must be a list")
    return value


_SENT_BACK: dict[str, Callable[[Any], Any]] = {
    "string": STRING.read,
    "date string": STRING.read,
    "text": STRING.read,
    "date": MOMENT.read,
    "int": INTEGER.read,
    "decimal": DECIMAL.read,
    "boolean": FLAG.read,
    "resource": _read_object,
    "object": _read_object,
}
_TEXTS = frozenset({"string", "text", "enum", "date"})
_NOUNS = {"int": "a whole number", "decimal": "a number", "boolean": "true or false", "date": "a date"}


def _passed_over(of_type: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The reader of what only the store writes: a client may send back what it was shown, but nothing of another
    type."""

    def read(value: Any) -> Any:
        return None if value in (None, "") else of_type(value)

    return read


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
