"""docs/events.md: every event that a hook can subscribe to, with what fires it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bodega.events.scopes import EXCEPTION, SCOPES
from bodega.storage.model import DataModel
from bodega.storage.outbox import CREATED, DELETED, UPDATED, Signal

CODE = {
    "store/(channel/#/)?cart/abandoned": "nobody touched a cart for the time that the store's settings name",
    "store/(channel/#/)?cart/converted": "a cart becomes an order",
    "store/(channel/#/)?cart/couponApplied": "a coupon is applied to a checkout",
    "store/(channel/#/)?cart/lineItem/created": "an item is put into a cart",
    "store/(channel/#/)?cart/lineItem/deleted": "an item is taken out of a cart",
    "store/(channel/#/)?cart/lineItem/updated": "an item of a cart changes",
    "store/channel/#/product/assigned": "a product is assigned to a channel",
    "store/channel/#/product/unassigned": "a product is taken from a channel",
    EXCEPTION: "a delivery to another hook of the account fails ([webhooks.md](webhooks.md#delivery))",
    "store/priceList/records/(created|deleted|updated)": "a batch of records of a price list is written or deleted",
    "store/priceLists/deleted": "several price lists are deleted at once",
    "store/sku/inventory/order/updated": "an order takes pieces of a SKU, or gives them back",
    "store/sku/inventory/updated": "the stock level of a SKU is set",
}
"""What is fired by a call in the code and not by the change of a row: patterns of scopes, and when it happens."""

HEAD = """# Events

Every event that a hook can subscribe to, and what fires it here. `store/product/*` subscribes to everything below a
path; `#` is the id of a channel. What arrives, how it is signed and delivered: [webhooks.md](webhooks.md). An event
that nothing fires here can be subscribed to all the same, and be made by `bodega webhooks trigger HASH EVENT`
([how to work on a receiver](how-to/webhooks.md)).
"""


def events() -> list[str]:
    """Every event, without the wildcards."""
    return sorted(scope for scope in SCOPES if not scope.endswith("/*"))


def fired(model: DataModel[Any], event: str) -> list[str]:
    """When an event is fired, in words; nothing if it never is."""
    told = [
        f"a row of `{table.name}` {_change(signal)}"
        for table in model.tables
        for signal in model.rules_of(table).signals
        if signal.scope == event
    ]
    return [*dict.fromkeys(told), *(when for pattern, when in CODE.items() if re.fullmatch(pattern, event))]


def page(model: DataModel[Any]) -> str:
    """The page, in Markdown."""
    return HEAD + "".join(_sections(model))


def _sections(model: DataModel[Any]) -> Iterator[str]:
    subject = ""
    for event in events():
        words = event.split("/")
        about = next(word for word in words[1:] if word not in ("channel", "#", "*"))
        if words[1] == "channel" and len(words) > 3:
            about = "channel"
        if about != subject:
            yield f"\n## {about}\n\n| event | fired when |\n| --- | --- |\n"
            subject = about
        when = "; ".join(fired(model, event))
        yield f"| `{event}` | {when or '*never* ([why](webhooks.md#scopes-that-nothing-fires-here))'} |\n"


def _change(signal: Signal) -> str:
    changes = " or ".join(change for change in (CREATED, UPDATED, DELETED) if change in signal.on)
    cause = {None: "", "": " because a caller asked for it"}.get(signal.cause, f" because of an {signal.cause}")
    return f"is {changes}{cause}{', on each of its channels' if signal.channels is not None else ''}"
