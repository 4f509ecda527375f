"""The compile step for shapes: the members that they name exist in the entity."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from string import Formatter
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from bodega.kit.bounds import bound_of, uncapped
from bodega.kit.fields import bare
from bodega.kit.mistakes import Mistakes
from bodega.kit.v2_members import Alias, BatchLoaded, Derived, EnumAlias, Linked, ObjectMember, Word, WriteForm
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape

_MARKS = "!*+~?^"


def check_v3(shape: V3Shape, mistakes: Mistakes) -> None:
    """Checks which members V3 shows, accepts and requires; also those of nested rows."""
    fields = shape.entity.__struct_fields__
    mistakes.expect_all("read_only", shape.read_only, fields, "member")
    mistakes.expect_all("hidden", shape.hidden, fields, "member")
    mistakes.expect_all("set_once", shape.set_once, shape.types, "member that is written")
    written = {*shape.types, *shape.nested}
    for word in shape.required:
        for name in word.split("|"):
            mistakes.expect(f'required "{word}"', name, written, "member that is written")
    for name, kind in shape.types.items():
        _check_caps(f'member "{name}"', kind, mistakes)
    for name, nested in shape.nested.items():
        if not nested.single and nested.maximum < 1:
            mistakes.add(f'nested "{name}"', "a list says how many items a body may bring: maximum=N")
    if shape.view is None:
        mistakes.expect_all("members", shape.members, {*fields, *shape.nested}, "member")
    elif not shape.members:
        mistakes.add("view", "a view needs the names of its members")


def check_v2(shape: V2Shape, paths: Collection[str], mistakes: Mistakes) -> None:
    """Checks the members of V2, their marks and words; `paths` are the possible targets of links."""
    names = []
    for text in shape.texts:
        name = text.rstrip(_MARKS)
        mark = text[len(name) :]
        names.append(name)
        if len(mark) > 1:
            mistakes.add(f'member "{text}"', "a member has at most one mark")
        word = shape.words.get(name, Alias(name))
        _check_word(f'member "{name}"', word, mark, shape, paths, mistakes)
        wire = shape.wires.get(name)
        if wire is not None and wire.writable and wire.holds is not None:
            _check_caps(f'member "{name}"', wire.holds, mistakes)
    mistakes.expect_all("wire", shape.words, names, "member")
    for name in {name for name in names if names.count(name) > 1}:
        mistakes.add(f'member "{name}"', "it is named twice")
    for name in shape.when_chosen:
        if name in names:
            mistakes.add(f'when_chosen "{name}"', "it is a member that is always shown")


def _check_caps(member: str, kind: Any, mistakes: Mistakes) -> None:
    """Every list says how many items a body may bring."""
    for place in uncapped(bound_of(kind)):
        mistakes.add(f"{member}{place}", "a list says how many items a body may bring: AtMost(N)")


def _check_word(member: str, word: Word, mark: str, shape: V2Shape, paths: Collection[str], mistakes: Mistakes) -> None:
    if isinstance(word, WriteForm):
        word = word.shown
    fields = shape.entity.__struct_fields__
    if isinstance(word, Linked):
        _check_link(member, word, fields, paths, mistakes)
    if isinstance(word, Linked | Derived | BatchLoaded):
        return
    if mark == "^" and word.field not in fields:
        return  # a request that a rule carries out
    if not mistakes.expect(member, word.field, fields, "field"):
        return
    if isinstance(word, ObjectMember):
        parts = _parts(bare(shape.hints[word.field]))
        mistakes.expect(member, word.part, parts, f"field of {word.field}")
    elif isinstance(word, EnumAlias):
        _check_words(member, word.words, shape.hints[word.field], mistakes)


def _check_link(member: str, word: Linked, fields: Collection[str], paths: Collection[str], mistakes: Mistakes) -> None:
    if word.when:
        mistakes.expect(member, word.when, fields, "field")
    path = ""
    for text, name, _, _ in Formatter().parse(word.path):
        path += text
        if name is not None:
            path += "{}"
            entity, _, field = name.partition(".")
            mistakes.expect(member, entity, ("e",), "name in a link")
            mistakes.expect(member, field, fields, "field")
    path = path.removeprefix("/")
    if word.served:
        mistakes.expect(member, path, paths, "path")
    elif path in paths:
        mistakes.add(member, f"{path} is served")


def _check_words(member: str, words: Mapping[str, str], hint: Any, mistakes: Mistakes) -> None:
    """V2 has a word for each of V3's words, and no others."""
    ours = _literals(hint)
    if not ours:
        return
    mistakes.expect_all(member, words, ours, "word of V3")
    for word in ours:
        if word not in words:
            mistakes.add(member, f'V2 has no word for "{word}"', word, words)


def _literals(hint: Any) -> list[str]:
    """The words that a field may hold, if it is an enumeration."""
    if get_origin(hint) is Annotated:
        return _literals(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return [word for word in get_args(hint) if isinstance(word, str)]
    return []


def _parts(kind: Any) -> Collection[str]:
    inside = [each for each in (kind, *get_args(kind)) if each is not NoneType]
    return [
        name
        for each in inside
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
        for name in each.__struct_fields__
    ]
