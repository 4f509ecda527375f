"""The texts of e-mails: the part of Handlebars that e-mail templates use, in bounded work.

`{{name.of.it}}` is escaped for HTML and `{{{name.of.it}}}` is not; `{{lang "key" name=store.name}}` is a translated
phrase; `{{#if}}`, `{{#unless}}` and `{{#each}}` have `{{else}}`; `{{! ... }}` is a comment. Unknown names are empty.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

MOST_PARTS = 20_000
"""Pieces that one e-mail may be put together from: blocks in blocks multiply."""

MOST_BYTES = 256 * 1024
"""Bytes of UTF-8 that a subject or a body may have: a short name may stand for a long text."""

_FORMS = (("{{{", "}}}"), ("{{!--", "--}}"), ("{{", "}}"))
_PHRASES_NAME = re.compile(r"\{\{?\s*+([\w.\-]++)\s*+\}?\}")
_WORD = re.compile(r"""(?:([A-Za-z_][\w.\-]*)=)?("[^"]*"|'[^']*'|[^\s"'=]+)""")
_BLOCKS = ("if", "unless", "each")
_NAME = re.compile(r"@?[A-Za-z_][\w\-]*(?:\.[\w\-]+|/[\w\-]+)*|(?:\.\./)*[A-Za-z_][\w.\-]*|\.")


class _Part(NamedTuple):
    """Text, or what is put in its place: `words` with the names that are given to them; `inner` and `other` of a
    block."""

    text: str = ""
    words: Sequence[str] = ()
    named: Mapping[str, str] = {}
    raw: bool = False
    block: str = ""
    inner: Sequence[_Part] = ()
    other: Sequence[_Part] = ()


def check(template: str) -> None:
    """Raises ValueError with the end of a sentence about a template that cannot be read."""
    _read(template)


def phrases_of(template: str) -> set[str]:
    """The keys of the phrases that a template asks for."""

    def walk(parts: Sequence[_Part]) -> Iterator[str]:
        for part in parts:
            if len(part.words) > 1 and part.words[0] == "lang":
                yield _literal(part.words[1])
            yield from walk(part.inner)
            yield from walk(part.other)

    return set(walk(_read(template)))


def render(template: str, data: Mapping[str, Any], phrases: Mapping[str, str], *, as_html: bool = True) -> str:
    """The text that comes of a template. Raises ValueError."""
    made = _Rendering(phrases, as_html=as_html)
    made.put(_read(template), [data])
    return "".join(made.out)


def _read(template: str) -> Sequence[_Part]:
    top: list[_Part] = []
    open_blocks: list[tuple[_Part, list[_Part], list[_Part] | None]] = []
    place = 0

    def here() -> list[_Part]:
        if not open_blocks:
            return top
        _part, inner, other = open_blocks[-1]
        return inner if other is None else other

    for begins, form, inside, ends in _tags(template):
        if begins > place:
            here().append(_Part(_plain(template[place:begins])))
        place = ends
        if template.startswith("{{!", begins):
            continue
        tag = inside.strip().strip("~").strip()
        if tag.startswith("#"):
            words, named = _words(tag[1:])
            if words[0] not in _BLOCKS or len(words) != 2:
                raise ValueError(f"has a block {{{{#{words[0]}}}}} that no e-mail knows, or one without its name")
            if len(open_blocks) >= 10:
                raise ValueError("has blocks more than ten deep")
            open_blocks.append((_Part(words=words, named=named, block=words[0]), [], None))
        elif tag.startswith("/"):
            if not open_blocks or open_blocks[-1][0].block != tag[1:].strip():
                raise ValueError(f"closes a block {{{{{tag}}}}} that is not open")
            part, inner, other = open_blocks.pop()
            here().append(part._replace(inner=tuple(inner), other=tuple(other or ())))
        elif tag in ("else", "^"):
            if not open_blocks or open_blocks[-1][2] is not None:
                raise ValueError("has an {{else}} outside of a block")
            part, inner, _other = open_blocks[-1]
            open_blocks[-1] = (part, inner, [])
        else:
            words, named = _words(tag.removeprefix("&"))
            here().append(_Part(words=words, named=named, raw=form == "{{{" or tag.startswith("&")))
    if open_blocks:
        raise ValueError(f"does not close its block {{{{#{open_blocks[-1][0].block}}}}}")
    rest = _plain(template[place:])
    return [*top, _Part(rest)] if rest else top


def _tags(template: str) -> Iterator[tuple[int, str, str, int]]:
    """Where each tag begins, how it opens, what is in it, and where it ends. An end that is nowhere behind is not
    looked for again from every place where a tag may begin."""
    last = {ends: template.rfind(ends) for _, ends in _FORMS}
    at = 0
    while (begins := template.find("{{", at)) >= 0:
        for opens, ends in _FORMS:
            inside = begins + len(opens)
            if template.startswith(opens, begins) and last[ends] >= inside:
                end = template.index(ends, inside)
                at = end + len(ends)
                yield begins, opens, template[inside:end], at
                break
        else:
            return


def _plain(text: str) -> str:
    if "{{" in text:
        raise ValueError("opens a tag with {{ that it does not close")
    return text


def _words(tag: str) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    named: dict[str, str] = {}
    at = 0
    for found in _WORD.finditer(tag):
        if tag[at : found.start()].strip():
            raise ValueError(f"has a tag that cannot be read: {{{{{tag.strip()[:40]}}}}}")
        at = found.end()
        if found[1]:
            named[found[1]] = found[2]
        else:
            words.append(found[2])
    if not words or tag[at:].strip() or not _NAME.fullmatch(words[0]):
        raise ValueError(f"has a tag that cannot be read: {{{{{tag.strip()[:40]}}}}}")
    if len(words) > 1 and words[0] not in ("lang", *_BLOCKS):
        raise ValueError(f"uses a helper {words[0]} that no e-mail knows")
    return words, named


def _literal(word: str) -> str:
    return word[1:-1] if word[:1] in "\"'" else word


class _Rendering:
    def __init__(self, phrases: Mapping[str, str], *, as_html: bool) -> None:
        self.phrases = phrases
        self.as_html = as_html
        self.out: list[str] = []
        self.count = 0
        self.size = 0

    def put(self, parts: Sequence[_Part], scopes: list[Any]) -> None:
        for part in parts:
            self.count += 1
            if self.count > MOST_PARTS:
                raise ValueError(f"makes an e-mail of more than {MOST_PARTS} pieces")
            if not part.words:
                self._put([part.text])
            elif part.block:
                self._block(part, scopes)
            else:
                texts = self._value(part, scopes)
                self._put(map(html.escape, texts) if self.as_html and not part.raw else texts)

    def _put(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
            if self.size > MOST_BYTES:
                raise ValueError(f"makes an e-mail of more than {MOST_BYTES} bytes")
            self.out.append(text)

    def _block(self, part: _Part, scopes: list[Any]) -> None:
        value = _find(part.words[1], scopes)
        if part.block == "each":
            items = list(value.values() if isinstance(value, Mapping) else value) if _is_many(value) else []
            for place, item in enumerate(items):
                self.put(part.inner, [*scopes, {"@index": place, "this": item}, item])
            if not items:
                self.put(part.other, scopes)
            return
        met = bool(value) != (part.block == "unless")
        self.put(part.inner if met else part.other, scopes)

    def _value(self, part: _Part, scopes: list[Any]) -> Iterator[str]:
        """What stands in the place of a name or a phrase, in pieces."""
        if part.words[0] != "lang" or len(part.words) == 1:
            yield _text(_find(part.words[0], scopes))
            return
        phrase = self.phrases.get(_literal(part.words[1]), "")
        given = {name: _text(_find(word, scopes)) for name, word in part.named.items()}
        at = 0
        for found in _PHRASES_NAME.finditer(phrase):
            yield phrase[at : found.start()]
            yield given.get(found[1], "")
            at = found.end()
        yield phrase[at:]


def _is_many(value: Any) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str)


def _text(value: Any) -> str:
    if value is None or isinstance(value, Mapping | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _find(word: str, scopes: list[Any]) -> Any:
    """The value of a name in the innermost scope that has its beginning."""
    if word[:1] in "\"'":
        return word[1:-1]
    while word.startswith("../"):  # out of one block: what it is about, and its place in the list
        word, scopes = word[3:], scopes[:-2] or scopes[:1]
    steps = [step for step in word.replace("/", ".").split(".") if step]
    if not steps:
        return scopes[-1]
    for scope in reversed(scopes):
        if isinstance(scope, Mapping) and steps[0] in scope:
            value: Any = scope
            for step in steps:
                value = value.get(step) if isinstance(value, Mapping) else None
            return value
    return None
