"""The database of the journal: beside the stores, never on a request's path, and of less weight than they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from bodega.storage.tx import Record, Values


class JournalDatabase(Protocol):
    """Exchanges and attempts of all stores of a place (`migrations/journal/`). A commit may be lost with the machine's
    power, but not with the process."""

    dialect: str

    async def rows(self, sql: str, *values: Any) -> list[Record]:
        """All rows of a query; the event loop does not wait for it. Raises Busy."""

    async def write(self, sql: str, rows: Sequence[Values]) -> None:
        """Runs one statement for each of these rows of values, in one transaction. Raises Busy."""

    async def close(self) -> None:
        """Closes it."""
