"""The rules of a table, listed once.

A rule is a plain function; each kind has a protocol, so that the type checker rejects a wrong signature.
`U` is the unit of work, which imports this file and not the other way round; `storage/aggregate.py` binds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from bodega.law.refusal import Fault
from bodega.storage.outbox import Signal
from bodega.storage.table import Table
from bodega.storage.tx import Statement, Tx

U = TypeVar("U")
U_contra = TypeVar("U_contra", contravariant=True)


class BeforeValidate(Protocol[U_contra]):
    """Before the entity is built: may change the draft, refuse it, or note what could not be done (207).

    `old` is the present entity, None on a create.
    """

    async def __call__(self, unit: U_contra, changes: dict[str, Any], old: Any, notes: list[Fault], /) -> None: ...


class BeforeWrite(Protocol[U_contra]):
    """Before the row is written: may finish `new`, or refuse it."""

    async def __call__(self, unit: U_contra, old: Any, new: Any, /) -> None: ...


class ExtraStatements(Protocol[U_contra]):
    """Statements that belong to the write and are sent together with the row. They cannot depend on a query."""

    def __call__(self, unit: U_contra, old: Any, new: Any, /) -> Sequence[Statement]: ...


class Conflicts(Protocol):
    """Runs only after a constraint refused the row: finds what it conflicts with."""

    async def __call__(self, tx: Tx, new: Any, /) -> list[Fault]: ...


class AfterWrite(Protocol[U_contra]):
    """Runs after the row is written, in the same transaction."""

    async def __call__(self, unit: U_contra, old: Any, new: Any, /) -> None: ...


class Cascade(Protocol[U_contra]):
    """Before a delete: the ids of further rows of the table that are deleted with these."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> Sequence[int]: ...


class BeforeDelete(Protocol[U_contra]):
    """Before a delete: may refuse it, or update rows that refer to these."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> None: ...


class AfterDelete(Protocol[U_contra]):
    """Runs after a delete, in the same transaction; `ids` are those that existed."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> None: ...


@dataclass(frozen=True, eq=False)
class Rules(Generic[U]):
    """A table and all the rules that run for its rows, each list in the order in which they run."""

    table: Table
    before_validate: tuple[BeforeValidate[U], ...] = ()
    before_write: tuple[BeforeWrite[U], ...] = ()
    extra_statements: tuple[ExtraStatements[U], ...] = ()
    conflicts: tuple[Conflicts, ...] = ()
    after_write: tuple[AfterWrite[U], ...] = ()
    cascade: tuple[Cascade[U], ...] = ()
    before_delete: tuple[BeforeDelete[U], ...] = ()
    after_delete: tuple[AfterDelete[U], ...] = ()
    signals: tuple[Signal, ...] = ()
