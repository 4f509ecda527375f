"""The rules of a table, listed once.

A rule is a plain function; each kind has a protocol, so that one of another signature does not pass the type checker.
`U` is the unit of work, which knows this file and not the other way round; `storage/aggregate.py` binds it.
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
    """Before the entity is built: may change what was asked for, refuse it, or note what could not be done (207).

    `old` is the entity as it was, None on a create.
    """

    async def __call__(self, unit: U_contra, changes: dict[str, Any], old: Any, notes: list[Fault], /) -> None: ...


class BeforeWrite(Protocol[U_contra]):
    """Before the row is written: may finish `new`, or refuse it."""

    async def __call__(self, unit: U_contra, old: Any, new: Any, /) -> None: ...


class ExtraStatements(Protocol[U_contra]):
    """Statements that belong to the write and go to the database with the row. It cannot ask anything."""

    def __call__(self, unit: U_contra, old: Any, new: Any, /) -> Sequence[Statement]: ...


class Conflicts(Protocol):
    """Only after a constraint said no: who stands in the way?"""

    async def __call__(self, tx: Tx, new: Any, /) -> list[Fault]: ...


class AfterWrite(Protocol[U_contra]):
    """After the row is written, in the same transaction."""

    async def __call__(self, unit: U_contra, old: Any, new: Any, /) -> None: ...


class Cascade(Protocol[U_contra]):
    """Before a delete: the ids of further rows of the table that go with these."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> Sequence[int]: ...


class BeforeDelete(Protocol[U_contra]):
    """Before a delete: may refuse it, or mend what points at these rows."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> None: ...


class AfterDelete(Protocol[U_contra]):
    """After a delete, in the same transaction; `ids` are those that existed."""

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
