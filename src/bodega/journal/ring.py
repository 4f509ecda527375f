"""The kept journal: a ring of exchanges and one of attempts for each store, bounded by days and by size.

Searches read the newest first and stop when a page is full. Words in bodies are looked for in the text itself: the ring
is bounded, and an index of words would cost each exchange more than a search costs (docs/decisions/0032).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from bodega.journal.exchange import Attempt, Exchange, number_at
from bodega.journal.tally import KEPT_MINUTES, Tally
from bodega.storage.journal_database import JournalDatabase

DAY = 86_400
EXCHANGES, ATTEMPTS, PASTS = "exchanges", "attempts", "pasts"
PRUNED_AT_ONCE = 2_000
OVERHEAD = 384
"""Bytes that a row takes in the database beside its texts: its numbers, and its places in the indexes."""

_HEAD = (
    "number, id, method, path, query, version, status, reason, client_id, us, secure, prefix, size, answer_size,"
    " headers, answer_headers"
)
_TRIED = (
    "number, hook_id, delivery_id, message_id, attempt, destination, status, error, us, answer_size, headers,"
    " answer_headers, body, answer_body"
)
_COLUMNS = {EXCHANGES: f"{_HEAD}, body, answer_body", ATTEMPTS: _TRIED, PASTS: "number, id, past"}
_encode = msgspec.json.Encoder().encode
_pairs = msgspec.json.Decoder(list[tuple[str, str]])
_tally = msgspec.json.Decoder(Tally)


class Wanted(NamedTuple):
    """What exchanges are searched for; what is empty is not asked. `status` may be a class, as 4xx; `words` must all be
    in the bodies, `path` anywhere in the path with its query. `since` is in UTC seconds."""

    status: str = ""
    account: str = ""
    method: str = ""
    path: str = ""
    reason: str = ""
    words: str = ""
    since: float = 0.0


ALL = Wanted()


class _Values(list[Any]):
    """The values of a statement."""

    def mark(self, value: Any) -> str:
        """The placeholder of one more."""
        self.append(value)
        return f"${len(self)}"


class JournalRing:
    """`store` is always the key that `recorder.key_of` gives. Every method raises Busy."""

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database
        self._like = "ILIKE" if database.dialect == "postgresql" else "LIKE"

    async def close(self) -> None:
        """Closes the database."""
        await self._database.close()

    # Writing

    async def add(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Keeps rows of `exchange_row`, `attempt_row` or `past_row`; one that is there already stays."""
        if rows:
            columns = f"store, bytes, {_COLUMNS[table]}"
            marks = ", ".join(f"${place}" for place in range(1, len(rows[0]) + 1))
            sql = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"
            await self._database.write(sql, rows)

    async def add_minutes(self, rows: Sequence[tuple[str, int, str, str]]) -> None:
        """Keeps the counts of minutes: store, minute, worker, tally as JSON; the newest of a worker stands."""
        sql = (
            "INSERT INTO minutes (store, minute, worker, tally) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (store, minute, worker) DO UPDATE SET tally = excluded.tally"
        )
        if rows:
            await self._database.write(sql, rows)

    async def prune(self, table: str, store: str, *, days: int, most_bytes: int) -> int:
        """Deletes what is older than so many days, and the oldest beyond so many bytes; returns how many rows."""
        deleted = await self._delete_up_to(table, store, number_at(time.time() - days * DAY))
        ((size,),) = await self._database.rows(
            f"SELECT coalesce(sum(bytes), 0) FROM {table} WHERE store = $1", store
        )  # fmt: skip
        excess = int(size) - most_bytes
        while excess > 0:
            oldest = await self._database.rows(
                f"SELECT number, bytes FROM {table} WHERE store = $1 ORDER BY number LIMIT {PRUNED_AT_ONCE}",
                store,
            )
            if not oldest:
                break
            end = 0
            for number, bytes_of_row in oldest:
                end, excess = number, excess - bytes_of_row
                if excess <= 0:
                    break
            deleted += await self._delete_up_to(table, store, end)
        return deleted

    async def _delete_up_to(self, table: str, store: str, last: int) -> int:
        """A part at a time, so that what is noted meanwhile is written in between."""
        deleted = 0
        while True:
            found = await self._database.rows(
                f"SELECT number FROM {table} WHERE store = $1 AND number <= $2 ORDER BY number"
                f" LIMIT {PRUNED_AT_ONCE}", store, last
            )  # fmt: skip
            if found:
                *_, (end,) = found
                sql = f"DELETE FROM {table} WHERE store = $1 AND number <= $2"
                await self._database.write(sql, [(store, end)])
            deleted += len(found)
            if len(found) < PRUNED_AT_ONCE:
                return deleted

    async def forget(self, store: str) -> None:
        """Deletes everything of a store."""
        for table in _COLUMNS:
            await self._delete_up_to(table, store, 1 << 62)
        await self._database.write("DELETE FROM minutes WHERE store = $1", [(store,)])

    async def forget_minutes(self) -> None:
        """Deletes the counts of more than a day ago."""
        await self._database.write("DELETE FROM minutes WHERE minute < $1", [(int(time.time()) // 60 - KEPT_MINUTES,)])

    async def past(self, store: str, request_id: str) -> bytes | None:
        """What a request changed, as `storage/past.py` packs it; None if that is not kept."""
        for (content,) in await self._database.rows(
            "SELECT past FROM pasts WHERE store = $1 AND id = $2", store, request_id
        ):
            return bytes(content)
        return None

    async def pasts(self, store: str, *, after: str, limit: int) -> list[tuple[str, bytes]]:
        """What was changed after a request, the newest first: the ids of the requests, each with its past."""
        sql = (
            "SELECT id, past FROM pasts WHERE store = $1"
            " AND number > (SELECT number FROM pasts WHERE store = $1 AND id = $2) ORDER BY number DESC LIMIT $3"
        )
        return [(one, bytes(content)) for one, content in await self._database.rows(sql, store, after, limit)]

    async def forget_past(self, store: str, request_id: str) -> None:
        """A request was undone."""
        await self._database.write("DELETE FROM pasts WHERE store = $1 AND id = $2", [(store, request_id)])

    # Reading

    async def exchanges(
        self,
        store: str | None,
        wanted: Wanted = ALL,
        *,
        before: int = 0,
        after: int = 0,
        limit: int = 100,
        offset: int = 0,
        bodies: bool = False,
    ) -> list[Exchange]:
        """The newest exchanges that are wanted, of one store or of all, newest first: those before or after a number
        where these are given. After a number the page next to it comes, not the newest."""
        tests, values = self._tests(store, wanted, before, after)
        columns = f"{_HEAD}, {'body, answer_body' if bodies else 'NULL, NULL'}, store"
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        order = "" if after else " DESC"
        sql = f"SELECT {columns} FROM exchanges{where} ORDER BY number{order} LIMIT {int(limit)} OFFSET {int(offset)}"
        found = [_exchange(row) for row in await self._database.rows(sql, *values)]
        return found[::-1] if after else found

    def _holds(self, column: str, text: str, values: _Values) -> str:
        return f"{column} {self._like} {values.mark(_pattern(text))} ESCAPE '!'"

    def _tests(self, store: str | None, wanted: Wanted, before: int, after: int) -> tuple[list[str], _Values]:
        values = _Values()
        mark = values.mark
        tests = [f"store = {mark(store)}"] if store is not None else []
        after = max(after, number_at(wanted.since))
        tests += [f"number < {mark(before)}"] if before else []
        tests += [f"number > {mark(after)}"] if after else []
        tests += [_status(wanted.status, values)] if wanted.status else []
        exact = (("client_id", wanted.account), ("method", wanted.method), ("reason", wanted.reason))
        tests += [f"{column} = {mark(value)}" for column, value in exact if value]
        if wanted.path:
            tests.append(self._holds("(path || '?' || query)", wanted.path, values))
        for word in wanted.words.split():
            held = [self._holds(column, word, values) for column in ("body", "answer_body")]
            tests.append(f"({' OR '.join(held)})")
        return tests, values

    async def exchange(self, store: str, request_id: str) -> Exchange | None:
        """One exchange with its bodies, by the X-Request-Id of its reply; None if it is not kept."""
        sql = f"SELECT {_HEAD}, body, answer_body, store FROM exchanges WHERE id = $1 AND store = $2"
        found = await self._database.rows(sql, request_id, store)
        return _exchange(found[0]) if found else None

    async def newest_of(self, store: str, statuses: Sequence[int]) -> dict[int, Exchange]:
        """The newest exchange of each status that there is one of."""
        found = {}
        for status in statuses:
            for exchange in await self.exchanges(store, Wanted(status=str(status)), limit=1):
                found[status] = exchange
        return found

    async def attempts(
        self,
        store: str | None,
        *,
        hook_id: int | None = None,
        message_id: str | None = None,
        wanted: Wanted = ALL,
        after: int = 0,
        limit: int = 50,
    ) -> list[Attempt]:
        """The newest attempts to deliver, newest first: of a store, a hook, an event, as far as these are given; of
        what is wanted the status, the time, and `path` as a part of the destination count."""
        values = _Values()
        after = max(after, number_at(wanted.since))
        given = (
            ("store = ", store), ("hook_id = ", hook_id), ("message_id = ", message_id), ("number > ", after or None)
        )  # fmt: skip
        tests = [test + values.mark(value) for test, value in given if value is not None]
        tests += [_status(wanted.status, values)] if wanted.status else []
        tests += [self._holds("destination", wanted.path, values)] if wanted.path else []
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        sql = f"SELECT {_TRIED} FROM attempts{where} ORDER BY number DESC LIMIT {int(limit)}"
        return [_attempt(row) for row in await self._database.rows(sql, *values)]

    async def tallies(self, store: str) -> list[tuple[int, str, Tally]]:
        """The counts of the last day: minute, worker, tally."""
        sql = "SELECT minute, worker, tally FROM minutes WHERE store = $1 AND minute > $2 ORDER BY minute"
        rows = await self._database.rows(sql, store, int(time.time()) // 60 - KEPT_MINUTES)
        return [(minute, worker, _tally.decode(told)) for minute, worker, told in rows]

    async def stores(self) -> set[str]:
        """The stores of which something is kept."""
        found = set()
        for table in (EXCHANGES, ATTEMPTS, PASTS, "minutes"):
            last = ""
            while True:  # from store to store through an index, which DISTINCT would read from end to end
                sql = f"SELECT store FROM {table} WHERE store > $1 ORDER BY store LIMIT 1"
                rows = await self._database.rows(sql, last)
                if not rows:
                    break
                ((last,),) = rows
                found.add(last)
        return found


def _status(asked: str, values: _Values) -> str:
    mark = values.mark
    if asked[1:] == "xx" and asked[:1].isdecimal():
        return f"status / 100 = {mark(int(asked[0]))}"
    if asked.isascii() and asked.isdecimal() and len(asked) < 5:  # the index is by class
        return f"status / 100 = {mark(int(asked) // 100)} AND status = {mark(int(asked))}"
    return "1 = 0"


def _pattern(text: str) -> str:
    """What LIKE looks for: the text itself, anywhere."""
    for letter in "!%_":
        text = text.replace(letter, "!" + letter)
    return f"%{text}%"


def exchange_row(store: str, kept: Exchange) -> tuple[Any, ...]:
    """The row of an exchange, for `add`. It is written out: each request that is kept pays for it."""
    headers, answer_headers = _text(kept.headers), _text(kept.answer_headers)
    size = OVERHEAD + _size(kept.path, kept.query, headers, answer_headers, kept.body, kept.answer_body)
    return (
        store, size, kept.number, kept.id, kept.method, kept.path, kept.query, kept.version, kept.status, kept.reason,
        kept.client_id, kept.us, int(kept.secure), kept.prefix, kept.size, kept.answer_size, headers, answer_headers,
        kept.body, kept.answer_body,
    )  # fmt: skip


def attempt_row(store: str, kept: Attempt) -> tuple[Any, ...]:
    """The row of an attempt, for `add`."""
    headers, answer_headers = _text(kept.headers), _text(kept.answer_headers)
    size = OVERHEAD + _size(kept.destination, kept.error, headers, answer_headers, kept.body, kept.answer_body)
    return (
        store, size, kept.number, kept.hook_id, kept.delivery_id, kept.message_id, kept.attempt, kept.destination,
        kept.status, kept.error, kept.us, kept.answer_size, headers, answer_headers, kept.body, kept.answer_body,
    )  # fmt: skip


def _size(*texts: str | None) -> int:
    """The bytes of the texts, in UTF-8 as the databases keep them."""
    return sum(len(text if text.isascii() else text.encode()) for text in texts if text)


def _text(pairs: list[tuple[str, str]]) -> str:
    return _encode(pairs).decode()


def _exchange(row: Any) -> Exchange:
    values = dict(zip(Exchange.__struct_fields__, row, strict=True))
    values |= {"secure": bool(values["secure"]), **_headers(values)}
    return Exchange(**values)


def _attempt(row: Any) -> Attempt:
    values = dict(zip(Attempt.__struct_fields__, row, strict=True))
    return Attempt(**(values | _headers(values)))


def _headers(values: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    return {name: _pairs.decode(values[name]) for name in ("headers", "answer_headers")}
