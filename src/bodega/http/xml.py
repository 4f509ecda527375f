"""V2 in XML (rule 15): writes JSON-like values as a document, and reads a request's document as JSON-like values."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from xml.parsers import expat

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NULL: Final = "NULL"
_LINK: Final = {"url", "resource"}

DEEPEST: Final = 20  # nested elements
MAX_ELEMENTS: Final = 20_000
MAX_TEXT: Final = 8 << 20  # characters, white space between elements included
MAX_ATTRIBUTES: Final = 100  # of one element
LONGEST_TAG: Final = 64 * 1024  # in bytes; of a comment as well
_FED_AT_ONCE: Final = 16 * 1024

_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
# Characters that XML 1.0 (2.2) cannot represent, as bytes of UTF-8; surrogates are dropped when the text is encoded.
_FORBIDDEN = bytes(code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D))
_NON_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")


class XMLRefused(ValueError):
    """The body is not a document that can be read; the message can be shown to the caller."""


def write(value: Mapping[str, Any] | Sequence[Any], root: str, item: str) -> bytes:
    """Write JSON-like values as a V2 document (rule 15).

    An object becomes `root` with its fields; a list becomes `root`, a plural, with one `item` for each member. Nulls
    are the word NULL, links `<link rel="resource">`, lists of scalars `<value>`s, lists of objects elements named by
    the singular of the list. Characters that XML cannot represent are dropped; unsafe names are made safe.
    """
    inside = _object(value) if isinstance(value, Mapping) else _list(item, value)
    document = f"{_DECLARATION}<{_safe(root)}>{inside}</{_safe(root)}>"
    data = document.encode("utf-8", "ignore").translate(None, _FORBIDDEN)
    # These two are done once for the document: neither depends on the position in it.
    if b"\r" in data:
        data = data.replace(b"\r", b"&#13;")  # a reader would turn a bare one into a line feed (XML 1.0, 2.11)
    if b"\xef" in data:
        data = _NON_CHARACTERS.sub(b"", data)
    return data


def read(body: bytes) -> dict[str, Any] | list[Any]:
    """Read a request's document, the inverse of `write`; scalars stay strings, NULL is None, `<name/>` is "".

    Raises XMLRefused for broken or unknown encodings, broken XML, any document type, and what exceeds the caps.
    """
    reader = _Reader()
    try:
        reader.feed(body)
    except XMLRefused:
        raise
    except expat.ExpatError as error:
        raise XMLRefused(f"{expat.ErrorString(error.code)} at line {error.lineno}, column {error.offset + 1}") from None
    except (LookupError, ValueError, RecursionError):  # expat's errors for encodings that it does not support
        raise XMLRefused("unknown encoding") from None
    return reader.document()


@lru_cache(maxsize=1024)
def singular(name: str) -> str:
    """The name of one member of a list: "products" -> "product"; a name that is not a plural is returned unchanged."""
    if name.endswith("statuses"):
        return name[:-2]
    if name.endswith("ies") and not name.endswith("series"):
        return name[:-3] + "y"
    if name.endswith(("sses", "shes", "ches", "xes")):
        return name[:-2]
    if name.endswith("s") and not name.endswith(("ss", "status", "series")):
        return name[:-1]
    return name


@lru_cache(maxsize=4096)
def _safe(name: str) -> str:
    name = _UNSAFE_IN_NAMES.sub("_", name)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


@lru_cache(maxsize=1024)
def _template(fields: tuple[str, ...]) -> str:
    """The elements of an object with these fields, a %s in each: most objects of a page share one."""
    return "".join([f"<{name}>%s</{name}>" for name in map(_safe, fields)])


def _object(value: Mapping[str, Any]) -> str:
    """The content of an object's element. A page of products has 17,500 fields: strings and integers are checked
    first."""
    inside = [
        (content if "&" not in content and "<" not in content and ">" not in content else _escape(content))
        if type(content) is str
        else content
        if type(content) is int
        else _inside(field, content)
        for field, content in value.items()
    ]
    return _template(tuple(value)) % tuple(inside)


def _inside(field: str, content: Any) -> str:
    """The content of a field's element."""
    if content is None:
        return _NULL
    if isinstance(content, Mapping):
        return _link(content) if content.keys() == _LINK else _object(content)
    if isinstance(content, list | tuple):
        return _list(_member(field), content)
    return _text(content)


def _list(item: str, members: Sequence[Any]) -> str:
    """The content of a list's element."""
    parts = []
    for member in members:
        name = _safe(item) if isinstance(member, Mapping) else "value"
        parts.append(f"<{name}>{_inside(name, member)}</{name}>")
    return "".join(parts)


def _link(link: Mapping[str, Any]) -> str:
    href = _text(link["url"]).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")
    return f'<link rel="resource" href="{href}">{_text(link["resource"])}</link>'


def _member(name: str) -> str:
    """The name of the element for one object of a list; `value` if the list's name has no singular."""
    one = singular(name)
    return one if one != name else "value"


def _text(scalar: Any) -> str:
    if scalar is None:
        return _NULL
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    if isinstance(scalar, str):
        return _escape(scalar)
    if isinstance(scalar, Decimal):
        return format(scalar, "f")
    if isinstance(scalar, int | float):
        return str(scalar)
    raise TypeError(f"{type(scalar).__name__} has no form in XML")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _Element:
    """An element that is still open."""

    __slots__ = ("children", "href", "name", "text")

    def __init__(self, name: str, href: str | None) -> None:
        self.name = name
        self.href = href
        self.text: list[str] = []
        self.children: list[tuple[str, Any]] = []

    def value(self) -> Any:
        """The value of the element, once it is closed."""
        if self.children:
            if "".join(self.text).strip():
                raise XMLRefused(f"text beside the elements of <{self.name}>")
            return self._of_children()
        text = "".join(self.text)
        if self.name == "link" and self.href is not None:
            return _Link(url=self.href, resource=text)
        return None if text == _NULL else text

    def _of_children(self) -> Any:
        name, first = self.children[0]
        if len(self.children) == 1 and isinstance(first, _Link):
            return dict(first)
        fields: dict[str, list[Any]] = {}
        for child, value in self.children:
            fields.setdefault(child, []).append(value)
        if len(fields) == 1 and (len(self.children) > 1 or name in ("value", _member(self.name))):
            return fields[name]
        return {child: values[0] if len(values) == 1 else values for child, values in fields.items()}


class _Link(dict[str, str]):
    """A `<link>` element, until the enclosing element replaces it."""


class _Reader:
    """Builds values while expat parses; without recursion, so that depth costs nothing before it is refused."""

    def __init__(self) -> None:
        self.open: list[_Element] = [_Element("", None)]
        self.elements = 0
        self.characters = 0
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.EntityDeclHandler = self._refuse_document_type

    def feed(self, body: bytes) -> None:
        """Parses a document, piece by piece: a tag is only told when it is whole, and one of megabytes must not be
        collected first."""
        for start in range(0, len(body), _FED_AT_ONCE):
            piece = body[start : start + _FED_AT_ONCE]
            self.parser.Parse(piece, False)
            if start + len(piece) - self.parser.CurrentByteIndex > LONGEST_TAG + _FED_AT_ONCE:
                raise XMLRefused(f"a tag or comment of more than {LONGEST_TAG} bytes")
        self.parser.Parse(b"", True)

    def document(self) -> dict[str, Any] | list[Any]:
        ((_, value),) = self.open[0].children
        if value == "" or (isinstance(value, str) and value.isspace()):
            return {}
        if not isinstance(value, dict | list):
            raise XMLRefused("the root element holds no fields")
        return value

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise XMLRefused(f"more than {MAX_ELEMENTS} elements")
        if len(self.open) > DEEPEST:
            raise XMLRefused(f"elements more than {DEEPEST} deep")
        if len(attributes) > MAX_ATTRIBUTES:
            raise XMLRefused(f"an element with more than {MAX_ATTRIBUTES} attributes")
        self.open.append(_Element(name, attributes.get("href")))

    def _end(self, name: str) -> None:
        value = self.open.pop().value()
        self.open[-1].children.append((name, value))

    def _characters(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > MAX_TEXT:
            raise XMLRefused(f"more than {MAX_TEXT} characters")
        self.open[-1].text.append(text)

    def _refuse_document_type(self, *_: Any) -> None:
        raise XMLRefused("a document type is not allowed")
