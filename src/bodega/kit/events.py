"""The events of a table as data: which changes fire them, on which scope, and with which payload.

An aggregate lists them as its `signals`: `events("store/brand")` is the usual case, `fires(scope, say)` takes the
payload from a function. Hooks subscribe to scopes (contract: webhooks.tsv).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bodega.storage.declaration import declared_in
from bodega.storage.outbox import CREATED, DELETED, UPDATED, Cause, ChannelsOf, Says, Signal
from bodega.storage.tx import Tx


def events(
    scope: str,
    *,
    on: str = "created updated deleted",
    kind: str = "",
    more: Callable[[Any], Mapping[str, Any]] | None = None,
    data: Callable[[Any], Any] | None = None,
    fields: str = "",
    channels: ChannelsOf | None = None,
) -> tuple[Signal, ...]:
    """`{scope}/created`, `/updated` and `/deleted`, or those named by `on`.

    `data` of the payload is `{"type": kind, "id": id}` and what `more(entity)` adds, or the result of `data(entity)`;
    `kind` is the last word of the scope unless given. `fields` are the members whose change is an update (rule 132),
    all if none is named. A scope of channels has a `#` in place of the id, such as "store/channel/#/category":
    `channels(tx, old, new)` gives the ids (`channel_of` if the entity has one).
    """
    if not scope:
        return ()
    word = kind or re.sub(r"(?<=[a-z])([A-Z])", r"_\1", scope.rpartition("/")[2]).lower()
    watched = fields.split()

    def payload(entity: Any) -> Any:
        if data is not None:
            return data(entity)
        return {"type": word, "id": entity.id, **(more(entity) if more is not None else {})}

    def updated(old: Any, new: Any) -> Any:
        if watched and all(getattr(old, name) == getattr(new, name) for name in watched):
            return None
        return payload(new)

    say: dict[str, Says] = {
        CREATED: lambda _old, new: payload(new),
        UPDATED: updated,
        DELETED: lambda old, _new: payload(old),
    }
    asked = {UPDATED: tuple(watched)}
    return tuple(
        Signal(
            f"{scope}/{change}", frozenset([change]), say.get(change, updated),
            channels=channels, fields=asked.get(change, ()), file=declared_in(),
        )
        for change in on.split()
    )  # fmt: skip


def fires(
    scope: str, say: Says, *, on: str = "updated", cause: Cause | None = None, channels: ChannelsOf | None = None
) -> Signal:
    """The event whose payload's `data` is made by `say(old, new)`; None for no event.

    `cause` as in `Signal`: "" for changes that a caller requested, "order" for those made by an order.
    `channels` as in `events`.
    """
    return Signal(scope, frozenset(on.split()), say, cause, channels, file=declared_in())


async def channel_of(_tx: Tx, old: Any, new: Any) -> list[int]:
    """The channel of an entity that names one by `channel_id`."""
    return [(old if new is None else new).channel_id]
