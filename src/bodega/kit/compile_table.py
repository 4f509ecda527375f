"""The compile step for tables: columns, references, links, limits and events name what exists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from bodega.kit.events import channel_of
from bodega.kit.mistakes import Mistakes, Vocabulary
from bodega.storage.outbox import CREATED, DELETED, UPDATED, Signal
from bodega.storage.rules import Rules, members_of
from bodega.storage.table import Table

_CHANGES = (CREATED, UPDATED, DELETED)
_TABLE = re.compile(r"CREATE TABLE (\w+) \((.*?)\n?\);", re.DOTALL)
_NO_COLUMN = ("PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT")


def columns_of(tables: Iterable[Table]) -> dict[str, Collection[str]]:
    """The columns of each table, also of the links and of those in `more_schema`."""
    found: dict[str, Collection[str]] = {}
    for table in tables:
        found[table.name] = {**table.types, "doc": "", "rest": ""}.keys()
        found |= {link.name: (link.owner, link.member) for link in table.links}
        for name, inside in _TABLE.findall(table.more_schema):
            lines = re.sub(r"\([^()]*\)", "", inside).split(",")
            first = [line.split()[0] for line in lines if line.strip()]
            found[name] = [word for word in first if word not in _NO_COLUMN]
    return found


def check_table(table: Table, tables: Mapping[str, Table], mistakes: Mistakes, words: Vocabulary) -> None:
    """Checks one table; `tables` are all tables by name."""
    fields, types = table.entity.__struct_fields__, table.types
    told = {*fields, *types}
    for column in table.columns:
        if column.member:
            mistakes.expect(f'columns "{column.member}"', column.member, fields, "member")
    mistakes.expect_all("indexed", table.indexed, types, "column")
    mistakes.expect_all("hidden", table.hidden, fields, "member")
    if table.hidden and {*table.hidden} <= {*fields} and fields[-len(table.hidden) :] != table.hidden:
        mistakes.add("hidden", "hidden members come last in the entity, in the order of `hidden`")
    for unique in table.uniques:
        mistakes.expect_all("unique", unique.columns, types, "column")
        mistakes.expect("unique", unique.field, told, "member")
    for reference in table.references:
        member = f'reference "{reference.column}"'
        mistakes.expect(member, reference.column, types, "column")
        mistakes.expect(member, reference.target, tables, "table")
        mistakes.expect(member, reference.field, told, "member")
    for link in table.links:
        mistakes.expect(f'link "{link.name}"', link.target, tables, "table")
        mistakes.expect(f'link "{link.name}"', link.field, fields, "member")
    if table.counter:
        mistakes.expect("counter", table.counter, words.counters, "counter of a plan")
    if table.cap_within is not None:
        mistakes.expect_all("cap_within", table.cap_within[0].split(), types, "column")


def check_signal(signal: Signal, table: Table, mistakes: Mistakes, words: Vocabulary) -> None:
    """Checks an event of a table."""
    member = f'event "{signal.scope}"'
    mistakes.expect(member, signal.scope, words.events, "scope of events")
    for change in sorted(signal.on):
        mistakes.expect(member, change, _CHANGES, "change")
    for name in signal.fields:
        mistakes.expect(member, name, table.entity.__struct_fields__, "member")
    if ("#" in signal.scope) != (signal.channels is not None):
        mistakes.add(member, "channels go with a scope that has a # for the channel, and with no other")
    if signal.channels is channel_of:
        mistakes.expect(member, "channel_id", table.entity.__struct_fields__, "member")


def check_rules(rules: Rules[Any], drafted: Collection[str], mistakes: Mistakes) -> None:
    """Checks on which members a table's rules depend; `drafted` are those of a draft beside those of the entity."""
    fields = rules.table.entity.__struct_fields__
    known = {**dict.fromkeys(fields), **dict.fromkeys(sorted(drafted))}
    of_drafts: tuple[Any, ...] = rules.before_validate
    of_writes: tuple[Any, ...] = (*rules.before_write, *rules.extra_statements, *rules.after_write)
    for declared, words in ((of_drafts, known), (of_writes, dict.fromkeys(fields))):
        for rule in declared:
            mistakes.expect_all(f"rule {rule.__name__}", sorted(members_of(rule) or ()), words.keys(), "member")
