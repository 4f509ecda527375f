"""What a resource receives: the request as read by the law, what was found, and what is to be written.

All three are frozen: a step that adds something returns a new one (docs/decisions/0025-step-products.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from bodega.access.payment_tokens import PaymentGrant
from bodega.kit.links import Base
from bodega.kit.listing import Query
from bodega.kit.preparation import Preparation
from bodega.law.outcome import Outcome, Validator
from bodega.storage.keys import Key
from bodega.storage.made import Made
from bodega.storage.outside import NOBODY, Answer, Answers, Ask
from bodega.storage.plan import QueryPlan
from bodega.storage.registry import Account, StoreRecord
from bodega.storage.rows import PageIndex
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit
from bodega.storage.writer import Job

_replace = msgspec.structs.replace

Recheck = Callable[[Validator | None], None]
"""Raises when the state of the entity no longer meets the request's preconditions."""


Consult = Callable[[Ask], Awaitable[Answer]]
"""Asks another server, outside of any transaction; never raises for what that server does."""


class HasToFetch(Exception):
    """A draft needs another server, which is not asked now."""


class Context(msgspec.Struct, frozen=True, gc=False):
    """`ids` are the ids in the path, in order. `since` is the date of a V2 collection's If-Modified-Since (rule 12).

    `reader` reads rows: those on disk, and within a write those of its transaction. `brought` is then the draft that
    is written, whose children the reply shows. `in_task`: carried out by the worker, in as many chunks as it takes.
    `may_fetch` is False where a write is only tried, and must not wait for other servers.
    `preparation` is what the drafts of one request share while they are completed before the write.
    `without_rows` tells which of some tables hold no row, by their names, where that is known.
    `made` knows the rows that the write has made. `keep_key` keeps a private key of the store, sealed, under a name;
    `kept_key` reads it ("" if there is none). `header` is what the action's own header says.
    `outside` knows what other servers answered while the request is carried out; `consult` asks one, before a write.
    `apart` writes something in a transaction of its own, which stays when the request is refused.
    `account` is the caller's, `grant` what its payment token says. `task` is the id of the task that is carried out.
    """

    version: int
    ids: tuple[Any, ...]
    base: Base
    query: Query
    reader: Tx
    page_index: PageIndex
    record: StoreRecord
    now: int
    client_id: str = ""
    since: int | None = None
    in_task: bool = False
    account: Account | None = None
    grant: PaymentGrant | None = None
    keep_key: Callable[[str, str], Awaitable[None]] | None = None
    kept_key: Callable[[str], Awaitable[str]] | None = None
    task: int = 0
    header: str = ""
    brought: Any = None
    preparation: Preparation | None = None
    may_fetch: bool = True
    without_rows: Callable[[tuple[str, ...]], frozenset[str]] | None = None
    made: Made | None = None
    outside: Answers = NOBODY
    consult: Consult | None = None
    apart: Callable[[Job], Awaitable[Any]] | None = None

    def preparing(self, preparation: Preparation) -> Context:
        """The same context for what is prepared before the write."""
        return _replace(self, preparation=preparation)

    def within(self, unit: Unit, draft: Any = None) -> Context:
        """The same context inside a write's transaction: what the reply shows is read there."""
        return _replace(
            self,
            reader=unit.tx,
            brought=draft,
            without_rows=unit.statistics.without_rows,
            made=unit.made,
            outside=unit.outside,
        )

    def asking(self, **changed: Any) -> Context:
        """The same context with another query: these parts of it are others."""
        return _replace(self, query=_replace(self.query, **changed))


class Found(msgspec.Struct, frozen=True, gc=False):
    """What the path names. `state` is used to judge the preconditions; None if nothing with a state was read.

    `parent` is the value that rows below the path's other ids hold, `entity_id` the number of the row that the path
    names. `row` is what the action read: a stored row, or the statistics of a list's table, whose page `plan` selects.

    `held`: it was read inside the transaction that writes it.

    `key` is the Idempotency-Key of a POST; `again` its first answer, if there is one; `over`: an expired answer of the
    key is stored, and will be replaced.
    """

    state: Validator | None = None
    parent: Any = None
    entity_id: int = 0
    row: Any = None
    plan: QueryPlan | None = None
    key: Key | None = None
    over: bool = False
    again: Outcome | None = None
    held: bool = False


NOTHING_FOUND = Found()
"""For an action whose path names no row."""


FOUND_WITHIN = Found()
"""For a write that finds its row within its transaction: nothing is known of it yet."""


class Write(msgspec.Struct, frozen=True, gc=False):
    """What is to be written. `draft` is what the body contains, `prefetched` what `prefetch` fetched or made.

    `recheck` judges the preconditions again, for the state that the transaction sees; None if there are none.
    """

    found: Found
    draft: Any = None
    prefetched: Any = None
    recheck: Recheck | None = None
