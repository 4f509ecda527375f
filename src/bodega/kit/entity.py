"""Entities: one struct whose JSON is the V3 form of the resource.

Members that V3 does not show come last and are named by `hidden`; they are stored separately, so that a V3 read puts
the stored bytes into its reply without decoding them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, get_args, get_origin

import msgspec

from bodega.kit.addresses import OWN_FILE
from bodega.kit.fields import (
    DECIMAL,
    FLAG,
    INTEGER,
    MOMENT,
    SET_MOMENT,
    FieldType,
    bare,
    field_type_of,
    ten_thousandths,
)
from bodega.kit.hints import hint_of, hints_of, once_asked
from bodega.storage import files
from bodega.storage.aggregate import BeforeValidate
from bodega.storage.rules import depends_on
from bodega.storage.table import Column, DefaultRows, Link, Reference, SqlType, Table, Unique
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Entity(msgspec.Struct, kw_only=True):
    """The base of all entities; the store assigns ids, from 1."""

    id: int = 0


def stored(
    name: str,
    entity: type[Entity],
    *,
    noun: str,
    columns: str,
    computed: dict[str, tuple[SqlType, Callable[[Any], Any]]] | None = None,
    indexed: str = "",
    hidden: str = "",
    uniques: Sequence[Unique] = (),
    references: Sequence[Reference] = (),
    links: Sequence[Link] = (),
    counter: str = "",
    cap: int = 0,
    cap_within: tuple[str, int] | None = None,
    more_schema: str = "",
    first: DefaultRows | None = None,
    at_once: bool = False,
) -> Table:
    """The table of an entity.

    `columns` names fields that have columns of their own (those that are filtered, sorted, joined); their SQL types
    follow from the field types, decimals as integers of ten-thousandths. `computed` adds columns that are not plain
    fields. `noun` is what one row is called in sentences, `counter` the plan's limit that applies, `cap` the platform's
    own, `cap_within` that of one parent (the columns that name it, rows); `more_schema` is SQL of tables that belong to
    it, `first` gives the default rows, `at_once` is for a delete that may be refused because of one of many rows.
    Whether its documents name files follows from the field types.
    """
    made = [_column(field, hint_of(entity, field)) for field in columns.split()]
    made += [Column(column, kind, value) for column, (kind, value) in (computed or {}).items()]
    wanted = set(indexed.split())
    encode, decode = _codec(entity, tuple(hidden.split()))
    return Table(
        name,
        entity,
        encode,
        decode,
        tuple(replace(column, indexed=column.name in wanted) for column in made),
        tuple(uniques),
        tuple(references),
        tuple(links),
        counter,
        cap,
        noun,
        more_schema,
        cap_within,
        first,
        naming_files=cache(lambda: frozenset(name for name, hint in hints_of(entity).items() if names_files(hint))),
        at_once=at_once,
        indexed=tuple(indexed.split()),
        hidden=tuple(hidden.split()),
    )


def names_files(annotation: Any) -> bool:
    """Whether a field of this type holds the address of a file, at any depth."""
    if get_origin(annotation) is Annotated and field_type_of(annotation).located:
        return True
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _names_files(annotation)
    return any(map(names_files, get_args(annotation)))


@cache
def _names_files(kind: type[msgspec.Struct]) -> bool:
    return any(map(names_files, hints_of(kind).values()))


async def own_file(tx: Tx, text: str) -> str:
    """The stored form of an address; an address of this server that a client sends back names the same file."""
    own = OWN_FILE.fullmatch(text)
    if own is None or await files.facts(tx, own[2]) is None:
        return text
    return f"{files.PLACE}/{own[1]}"


def addresses_in(entity: type[Any]) -> list[str]:
    """The members of an entity that hold the address of a file."""
    hints = hints_of(entity)
    return [field for field, hint in hints.items() if field_type_of(hint).located]


def recognize_own_files(table: Table) -> BeforeValidate:
    """The rule of every table with a field of type `FileUrl`."""
    addresses = addresses_in(table.entity)

    @depends_on(" ".join(addresses))
    async def recognize_own_files(unit: Unit, changes: dict[str, Any], _old: Any, _notes: Any) -> None:
        """Recognizes the URLs of this server's files: clients send whole objects back, with the URLs that they read."""
        for name in addresses:
            if changes.get(name):
                changes[name] = await own_file(unit.tx, changes[name])

    return recognize_own_files


def _column(field: str, annotation: Any) -> Column:
    """A field that may be None makes a column that may be NULL; an unset date is empty text, which can be sorted."""
    kind = field_type_of(bare(annotation))
    assert not kind.located, f"{field}: a stored address is for documents, PostgreSQL keeps no such text"
    value = attrgetter(field)
    if kind is DECIMAL:

        def scaled(entity: Any) -> int | None:
            number: Decimal | None = value(entity)
            return None if number is None else ten_thousandths(number)

        return Column(field, "BIGINT", scaled, member=field)
    if (kind is MOMENT or kind is SET_MOMENT) and bare(annotation) is not annotation:
        return Column(field, "TEXT", lambda entity: value(entity) or "", member=field)
    types: dict[FieldType, SqlType] = {FLAG: "BOOLEAN", INTEGER: "INTEGER"}
    return Column(field, types.get(kind, "TEXT"), value, member=field)


def _codec(entity: type[Entity], hidden: tuple[str, ...]) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]:
    decode_whole = once_asked(lambda: msgspec.json.Decoder(entity).decode)
    if not hidden:
        return lambda made: (_encode(made), None), lambda doc, _rest: decode_whole(doc)
    cut = b',"' + hidden[0].encode() + b'":'

    def encode(made: Any) -> tuple[bytes, bytes]:
        whole = _encode(made)
        place = whole.rfind(cut)  # a quote inside a string is escaped, so this can only be the member
        return whole[:place] + b"}", b"{" + whole[place + 1 :]

    def decode(doc: bytes, rest: bytes) -> Any:
        return decode_whole(doc[:-1] + b"," + rest[1:])

    return encode, decode
