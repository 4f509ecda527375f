"""What the packages above need of a database: to run `$n` SQL, alone or inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Values = Sequence[Any]
Statement = tuple[str, Values]

Record = Iterable[Any]
"""A row as the database returns it: its columns are unpacked, never read by number (docs/decisions/0026)."""


def numbered_placeholders(count: int, first: int = 1) -> str:
    """`$1, $2, $3`: placeholders for `count` parameters, from `first` on."""
    return ", ".join(f"${place}" for place in range(first, first + count))


class Clash(Exception):
    """A unique index or a foreign key refused a statement; the transaction is back at its last savepoint."""


class Redo(Exception):
    """A group of writes must be abandoned: its jobs are run again, each protected from the others."""


class Unstorable(ValueError):
    """The database cannot hold a value, or compare with it."""


class Busy(Exception):
    """The database could not be locked or reached in time."""


class Damaged(Busy):
    """A store's database is missing or cannot be read as one: waiting does not bring it back, `recover` does.

    `what` says what is wrong, as part of a sentence. Unless `sure`, it is only what one statement saw, for example
    of a store that was deleted meanwhile.
    """

    def __init__(self, what: str, store: str = "", *, sure: bool = True) -> None:
        named = f"The database of store {store} is damaged: {what}; bring it back: bodega store recover {store} FILE"
        super().__init__(named if store else what)
        self.what = what
        self.sure = sure


class Newer(Busy):
    """A database is of a newer schema than this version knows: what it would write might lack what belongs beside it.

    `whose` names the database in words, as `store demo`; `found` and `known` are revisions of its schema.
    """

    def __init__(self, whose: str, found: int, known: int) -> None:
        told = f"The database of {whose} is of a newer schema ({found}) than this version of Bodega knows ({known})"
        super().__init__(f"{told}; run the version that wrote it, or recover backups of this one: docs/upgrading.md")
        self.found = found


class Tx(Protocol):
    """Rows come back as records: `bodega.storage.query` reads them by name."""

    dialect: str
    asks: bool
    """Whether a rule may query before it writes. In a group on PostgreSQL a query costs a round trip; a write that a
    constraint refuses is run again, alone, and then may query."""

    async def breathe(self) -> None:
        """Lets others go first if the event loop was held for long."""

    async def rows(self, sql: str, *values: Any) -> list[Record]:
        """All rows of a query."""

    async def row(self, sql: str, *values: Any) -> Record | None:
        """The first row of a query."""

    async def run(self, sql: str, *values: Any) -> None:
        """One statement that returns nothing. Raises Clash."""

    async def script(self, statements: Sequence[Statement], *, sure: bool = True) -> None:
        """Statements that do not read each other's effects, in one round trip where the database can. Raises Clash.

        Unless `sure`, the last one must match a row, or the transaction starts over.
        """

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Rolls back what happened inside when an exception leaves it."""


class WriteTx(Tx, Protocol):
    """A transaction that writes."""

    wrote: bool
    """Whether something was written since this was last set to False: set by whoever runs a job, who cannot take that
    back alone."""
