"""A call: what the steps of the law have learnt of a request by the time a resource is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from bodega.kit.listing import Query
from bodega.kit.shape import Base
from bodega.law.outcome import Outcome, Validator
from bodega.law.refusal import Fault, Refusal
from bodega.storage.keys import Key
from bodega.storage.registry import StoreRecord
from bodega.storage.rows import PageIndex
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit


class Context(msgspec.Struct, gc=False):
    """`ids` are the ids in the path, in order. `since` is the date of a V2 collection's If-Modified-Since (rule 12).

    `parent` is the value that rows below the path's other ids hold, `entity_id` the number of the row that the path
    names. `recheck_preconditions` raises when the state of the entity no longer meets the request's preconditions: a
    write asks it again inside its transaction. `found` is what `find` read, `draft` what the body asked for,
    `prefetched` what `prefetch` fetched or made, `held` how many bytes of that wait for the write, `refused` the items
    of a list that it refused, by their place.

    `key` is the Idempotency-Key of a POST; `again` its first answer, if that was given already; `over` whether an old
    answer is kept under the key, which gives way.
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
    parent: Any = None
    entity_id: int = 0
    found: Any = None
    draft: Any = None
    prefetched: Any = None
    held: int = 0
    refused: dict[int, Refusal] = {}
    notes: list[Fault] = []
    in_task: bool = False
    key: Key | None = None
    again: Outcome | None = None
    over: bool = False
    recheck_preconditions: Callable[[Validator | None], None] | None = None
    then: Callable[[Unit, Outcome], Awaitable[None]] | None = None
