"""The outbox: the events of a write, stored next to the rows in the write's own transaction.

A table declares signals; hooks (rows of the store) subscribe to scopes. Without a subscribed hook nothing is written.
An event to which three hooks subscribed is three rows of `deliveries`, each delivered by itself, which share one hash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from bodega.storage.tx import Statement, Tx

HOOKS = "hooks"
DELIVERIES = "deliveries"

SCHEMA = """CREATE TABLE deliveries (
    id BIGINT PRIMARY KEY, hook_id INTEGER NOT NULL, scope TEXT NOT NULL, data BYTEA NOT NULL, hash TEXT NOT NULL,
    created BIGINT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_at BIGINT NOT NULL,
    tried_at BIGINT, status INTEGER, message TEXT
);
CREATE INDEX deliveries_waiting ON deliveries (hook_id, next_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_hook ON deliveries (hook_id, id);"""
"""`state` is waiting, delivered or failed. `next_at` is when it is due, `tried_at` when it was last tried, both by the
store's clock in UTC seconds; `status` and `message` are the receiver's last answer."""

_CHANNELS = "store/channel/"
_ANY_CHANNEL = "store/channel/*/"
EVERYTHING = "store/*"
CREATED, UPDATED, DELETED = "created", "updated", "deleted"
_encode = msgspec.json.encode


Cause = Literal["", "order"]
"""Why rows change: "" because the caller asked for it, or because of an order."""


class Says(Protocol):
    """Makes the payload's `data`, or None for no event."""

    def __call__(self, old: Any, new: Any, /) -> Any: ...


class ChannelsOf(Protocol):
    """The channels on which an event is fired."""

    async def __call__(self, tx: Tx, old: Any, new: Any, /) -> Iterable[int]: ...


class Signal(NamedTuple):
    """An event that a table fires, as data.

    `on` names the changes for which it is fired. `say(old, new)` gives the payload's `data`, or None for no event;
    `old` is None on a create, `new` on a delete. `cause` "" is for changes that a caller requested, a word for those
    made while `unit.cause` is that word, None for all. A scope with `#` in place of a channel's id is fired on each of
    `channels(tx, old, new)`, which is called only if a hook subscribed to channels. `fields` are the members whose
    change fires it, all if none is named; `file` is where it was declared.
    """

    scope: str
    on: frozenset[str]
    say: Says
    cause: Cause | None = None
    channels: ChannelsOf | None = None
    fields: tuple[str, ...] = ()
    file: str = ""


def on_channels(scope: str, channels: Iterable[int]) -> list[str]:
    """The scope itself, or if it holds a `#`, one for each channel."""
    return [scope.replace("#", str(channel)) for channel in channels] if "#" in scope else [scope]


class OutboxEvent(NamedTuple):
    """An event with subscribed hooks that waits for the commit. `data` is JSON, `created` the store's time."""

    scope: str
    data: bytes
    hash: str
    created: int
    hooks: tuple[int, ...]


def without(events: Sequence[OutboxEvent], gone: Sequence[int]) -> list[OutboxEvent]:
    """The events that are for other hooks than these."""
    left = [event._replace(hooks=tuple(hook for hook in event.hooks if hook not in gone)) for event in events]
    return [event for event in left if event.hooks]


class Audience:
    """The active hooks and their scopes: (id, scope, client id) each. `store/order/*` covers all below it."""

    def __init__(self, hooks: Sequence[tuple[int, str, str]]) -> None:
        self._hooks = hooks
        self.hears_channels = any(asked.startswith(_CHANNELS) or asked == EVERYTHING for _, asked, _ in hooks)
        self._known: dict[str, tuple[int, ...]] = {}

    def of(self, scope: str) -> tuple[int, ...]:
        """The hooks that subscribed to a scope."""
        found = self._known.get(scope)
        if found is None:
            if len(self._known) > 10_000:  # each channel adds scopes: they must not fill the memory
                self._known.clear()
            found = self._known[scope] = tuple(hook for hook, asked, _ in self._hooks if asks_for(asked, scope))
        return found

    def of_client(self, scope: str, client_id: str) -> tuple[int, ...]:
        """The hooks of one client."""
        mine = {hook for hook, _, client in self._hooks if client == client_id}
        return tuple(hook for hook in self.of(scope) if hook in mine)


def asks_for(asked: str, scope: str) -> bool:
    """Whether a hook's scope covers an event's (rule 131). A star in place of a channel's id matches any."""
    if asked.startswith(_ANY_CHANNEL) and len(asked) > len(_ANY_CHANNEL) and scope.startswith("store/channel/"):
        channel = scope.split("/", 3)[2]
        return channel.isdigit() and asks_for(f"store/channel/{channel}/{asked[len(_ANY_CHANNEL) :]}", scope)
    return asked == scope or (asked.endswith("/*") and scope.startswith(asked[:-1]))


class Interest:
    """The subscriptions of one store, reread when the table of hooks changed: each transaction loads the table
    statistics."""

    def __init__(self) -> None:
        self._revision = -1
        self._known = Audience(())

    async def now(self, tx: Tx, revision: int, *, settled: bool) -> Audience:
        """The audience at this revision of the hooks; unless `settled`, it may be rolled back and is not cached."""
        if not settled:
            return await _audience(tx)
        if revision != self._revision:
            self._known, self._revision = await _audience(tx), revision
        return self._known


async def _audience(tx: Tx) -> Audience:
    return Audience([tuple(row) for row in await tx.rows("SELECT id, scope, client_id FROM hooks WHERE is_active")])


def outbox_events(scopes: Sequence[tuple[str, tuple[int, ...]]], content: Any, now: int) -> list[OutboxEvent]:
    """One event on each of these scopes, for the hooks that subscribed to it; all share one hash (rule 129)."""
    data = _encode(content)
    name = hashlib.sha1(data + os.urandom(16), usedforsecurity=False).hexdigest()
    return [OutboxEvent(scope, data, name, now, hooks) for scope, hooks in scopes if hooks]


def statements(events: Sequence[OutboxEvent], first_id: int) -> list[Statement]:
    """The statements that insert the deliveries, numbered from `first_id` in the order of the events.

    Rows are inserted 32, 8 or one at a time, so that there are three SQL texts and not one for each number of events.
    """
    rows = [(hook, event) for event in events for hook in event.hooks]
    made: list[Statement] = []
    at = 0
    while at < len(rows):
        size = next(size for size in (32, 8, 1) if size <= len(rows) - at)
        values: list[Any] = []
        for number, (hook, event) in enumerate(rows[at : at + size], start=first_id + at):
            values += (number, hook, event.scope, event.data, event.hash, event.created)
        made.append((_insert(size), values))
        at += size
    return made


def _insert(rows: int) -> str:
    placeholders = []
    for row in range(rows):
        a, b, c, d, e, f = range(6 * row + 1, 6 * row + 7)
        placeholders.append(f"(${a}, ${b}, ${c}, ${d}, ${e}, ${f}, 'waiting', 0, ${f})")
    columns = "id, hook_id, scope, data, hash, created, state, attempts, next_at"
    return f"INSERT INTO deliveries ({columns}) VALUES {', '.join(placeholders)}"
