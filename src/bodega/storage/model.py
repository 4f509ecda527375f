"""The data model of a store: its tables, the rules that run for each, and which rows go with which.

It is linked once, from what the resources declare, and passed to every unit of work; it is immutable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from bodega.storage.rules import Rules, Upkeep
from bodega.storage.table import Table

U = TypeVar("U")

Children = tuple[tuple[Table, str], ...]
"""Tables whose rows are deleted with a row of another, each with its column that names the other."""


@dataclass(frozen=True, eq=False)
class DataModel(Generic[U]):
    """The tables of a store, each after those it refers to, with their rules and their children, by table name."""

    tables: tuple[Table, ...]
    rules: Mapping[str, Rules[U]]
    children: Mapping[str, Children]

    def rules_of(self, table: Table) -> Rules[U]:
        """All rules that run for the rows of a table. Raises LookupError for an undeclared table."""
        try:
            return self.rules[table.name]
        except KeyError:
            raise LookupError(f"no resource declares the table {table.name}, so its rules are unknown") from None

    @cached_property
    def upkeep(self) -> tuple[Upkeep, ...]:
        """What writes leave for later."""
        return tuple(rules.upkeep for rules in self.rules.values() if rules.upkeep is not None)

    def with_rules(self, rules: Rules[U]) -> DataModel[U]:
        """The same model with other rules for one table."""
        return DataModel(self.tables, MappingProxyType({**self.rules, rules.table.name: rules}), self.children)


def link(declared: Iterable[Rules[U]]) -> DataModel[U]:
    """The model of these aggregates, in any order. Raises ValueError.

    Children are the tables whose references cascade: the unit deletes their rows itself, since the table statistics
    would miss those that the database deletes.
    """
    rules: dict[str, Rules[U]] = {}
    for one in declared:
        if one.table.name in rules:
            raise ValueError(f"the table {one.table.name} is declared twice")
        rules[one.table.name] = one
    tables = _in_order({name: one.table for name, one in rules.items()})
    children: dict[str, list[tuple[Table, str]]] = {table.name: [] for table in tables}
    for child in tables:
        for reference in child.references:
            if reference.on_delete == "CASCADE" and reference.target != child.name:
                children[reference.target].append((child, reference.column))
    return DataModel(
        tables,
        MappingProxyType({table.name: rules[table.name] for table in tables}),
        MappingProxyType({name: tuple(those) for name, those in children.items()}),
    )


def _in_order(declared: Mapping[str, Table]) -> tuple[Table, ...]:
    """Each table after those it refers to, otherwise in the order in which they were declared."""
    placed: dict[str, Table] = {}
    on_the_way: list[str] = []

    def place(name: str, asked_by: str) -> None:
        if name in placed or name == asked_by:
            return
        if name not in declared:
            raise ValueError(f"the table {asked_by} refers to {name}, which no resource declares")
        if name in on_the_way:
            raise ValueError(f"the tables {' -> '.join([*on_the_way, name])} refer to each other in a circle")
        on_the_way.append(name)
        table = declared[name]
        for target in (*(one.target for one in table.references), *(one.target for one in table.links)):
            place(target, name)
        placed[on_the_way.pop()] = table

    for name in declared:
        place(name, "")
    return tuple(placed.values())


NO_TABLES: DataModel[Any] = link(())
"""For rows that are only read, and for writes to no declared table."""
