"""The rows of one store in a PostgreSQL schema."""

from __future__ import annotations

import asyncio
from typing import Any

from bodega.storage.ledger import Ledger
from bodega.storage.postgres import LOST, RETRIED, PoolTx, PostgresTx, Redo, connect, pool
from bodega.storage.tx import Busy, Tx
from bodega.storage.unit import Unit
from bodega.storage.writer import Waiting, Writer

TRIES = 3


class PostgresRows(Writer):
    """Reads through a small pool, writes through one connection a worker.

    The ledger's rows are locked when a transaction begins: a store has one writer at a time, over all workers, as it has
    on SQLite. Plan limits, uniqueness and ids in commit order follow from that, and no two writes can deadlock.
    """

    def __init__(self, dsn: str, schema: str, readers: Any) -> None:
        super().__init__()
        self._dsn = dsn
        self._schema = schema
        self._pool = readers
        self._connection: Any = None
        self.reader: Tx = PoolTx(readers)

    @classmethod
    async def open(cls, dsn: str, schema: str) -> PostgresRows:
        """Connects. Raises Busy when the server cannot be reached."""
        try:
            return cls(dsn, schema, await pool(dsn, schema))
        except (*LOST, TimeoutError) as error:
            raise Busy(f"PostgreSQL cannot be reached: {error}") from error

    async def _group(self, group: list[Waiting]) -> None:
        if len(group) > 1:
            try:
                await self._transaction(group, alone=False)
            except (Redo, *RETRIED):
                pass
            else:
                return
        for waiting in group:
            await self._by_itself(waiting)

    async def _by_itself(self, waiting: Waiting) -> None:
        for attempt in range(TRIES):
            try:
                await self._transaction([waiting], alone=True)
            except RETRIED as error:
                if attempt == TRIES - 1:
                    waiting.failed(error)
                await asyncio.sleep(0.01 * (attempt + 1))
            except Exception as error:
                waiting.failed(error)
                return
            else:
                return

    async def _transaction(self, group: list[Waiting], *, alone: bool) -> None:
        connection = await self._connected()
        done = []
        refused: list[tuple[Waiting, Exception]] = []
        await connection.execute("BEGIN")
        try:
            tx = PostgresTx(connection, alone=alone)
            ledger = await Ledger.load(tx)
            for waiting in group:
                mark = ledger.mark()
                tx.wrote = False
                try:
                    result = await waiting.job(Unit(tx, ledger, waiting.now, waiting.terms))
                except (Redo, *RETRIED):
                    raise
                except Exception as error:
                    if tx.wrote and not alone:
                        raise Redo from error
                    if tx.wrote:
                        raise
                    ledger.restore(mark)
                    refused.append((waiting, error))
                else:
                    done.append((waiting, result))
            await tx.script(ledger.statements())
            await connection.execute("COMMIT")
        except BaseException as error:
            await self._roll_back(connection, error)
            raise
        for waiting, result in done:
            waiting.done(result)
        for waiting, refusal in refused:
            waiting.failed(refusal)

    async def _roll_back(self, connection: Any, error: BaseException) -> None:
        if isinstance(error, LOST) or connection.is_closed():
            self._connection = None
            if not connection.is_closed():
                connection.terminate()
            return
        await connection.execute("ROLLBACK")

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._dsn, self._schema)
        return self._connection

    async def close(self) -> None:
        """Ends after the last waiting write."""
        await self.settle()
        if self._connection is not None:
            await self._connection.close()
        await self._pool.close()
