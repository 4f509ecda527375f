"""The order as it is stored, and its events. What belongs to an order is in the other files of this folder."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from bodega.kit.entity import Entity, stored
from bodega.kit.events import channel_of, events, fires
from bodega.kit.fields import STRING, Count, FieldType, Id, Line, Long, Moment, Money, as_is, clean_text
from bodega.kit.v2_members import Derived
from bodega.resources.orders.address import Address, BillingAddress
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.outbox import ChannelsOf, Signal
from bodega.storage.table import Reference
from bodega.storage.text import caseless
from bodega.storage.tx import Tx

ZERO = Decimal(0)
SCOPE = "store_v2_orders"
MIGRATED = "M-MIG"
"""The `external_source` of imported historical orders (rule 76)."""

_SHAPES = ("en", "asa", "en-US", "es-419")
Rate = Annotated[Decimal, FieldType("decimal", "{:.10f}".format, as_is, as_is)]


def _locale(value: Any) -> str:
    """A language, and a country or a region: en, asa, en-US, es-419."""
    text = clean_text(STRING.read(value))
    language, dash, region = text.partition("-")
    known = language.isascii() and language.isalpha() and language.islower() and len(language) in (2, 3)
    somewhere = (len(region) == 2 and region.isalpha() and region.isupper()) or (len(region) == 3 and region.isdigit())
    if text and not (known and (not dash or (len(language) == 2 and somewhere and region.isascii()))):
        raise ValueError("must be a locale, as " + ", ".join(_SHAPES))
    return text


LOCALE = FieldType("string", as_is, _locale, _locale)


class Order(Entity, kw_only=True):
    """Amounts are in the transactional currency, which `default_currency_code` names.

    `holds_stock`: its lines have taken their stock. `paid` is what was received, `refunded` what was refunded.
    """

    customer_id: Id = 0
    date_created: Moment = ""
    date_modified: Moment = ""
    date_shipped: Moment = ""
    cart_id: Line = ""
    status_id: Annotated[int, msgspec.Meta(ge=0, le=14)] = 1
    subtotal_ex_tax: Money = ZERO
    subtotal_inc_tax: Money = ZERO
    base_shipping_cost: Money = ZERO
    shipping_cost_ex_tax: Money = ZERO
    shipping_cost_inc_tax: Money = ZERO
    base_handling_cost: Money = ZERO
    handling_cost_ex_tax: Money = ZERO
    handling_cost_inc_tax: Money = ZERO
    base_wrapping_cost: Money = ZERO
    wrapping_cost_ex_tax: Money = ZERO
    wrapping_cost_inc_tax: Money = ZERO
    total_ex_tax: Money = ZERO
    total_inc_tax: Money = ZERO
    items_total: Count = 0
    items_shipped: Count = 0
    payment_method: Line = "Manual"
    payment_provider_id: Line | None = None
    payment_status: str = ""
    order_is_digital: bool = False
    ip_address: Annotated[str, msgspec.Meta(max_length=30)] = ""
    ip_address_v6: Annotated[str, msgspec.Meta(max_length=39)] = ""
    geoip_country: Line = ""
    geoip_country_iso2: Annotated[str, msgspec.Meta(max_length=2)] = ""
    currency_id: Id = 0
    default_currency_code: Annotated[str, msgspec.Meta(max_length=3)] = ""
    store_default_currency_code: str = ""
    store_default_to_transactional_exchange_rate: Rate = Decimal(1)
    staff_notes: Long = ""
    customer_message: Long = ""
    discount_amount: Money = ZERO
    coupon_discount: Money = ZERO
    shipping_address_count: Count = 0
    is_deleted: bool = False
    ebay_order_id: Line = "0"
    billing_address: Address = msgspec.field(default_factory=BillingAddress)
    order_source: Line = "external"
    external_source: Line | None = None
    external_id: Line | None = None
    external_merchant_id: Line | None = None
    external_order_id: Line = ""
    channel_id: Id = channels.DEFAULT
    tax_provider_id: Line = ""
    customer_locale: Annotated[str, LOCALE] = ""
    is_tax_inclusive_pricing: bool = False
    places: int = 2
    holds_stock: bool = False
    paid: Money = ZERO
    paid_by_certificates: Money = ZERO
    paid_by_credit: Money = ZERO
    refunded: Money = ZERO
    shipping_refunded: Money = ZERO
    handling_refunded: Money = ZERO


TABLE = stored(
    "orders",
    Order,
    noun="order",
    columns="customer_id status_id channel_id cart_id payment_method external_id external_order_id is_deleted"
    " date_created date_modified",
    computed={
        "total": ("BIGINT", lambda order: int(order.total_inc_tax * 10_000)),
        "email_key": ("TEXT", lambda order: caseless(order.billing_address.email)),
    },
    indexed="customer_id date_created date_modified email_key",
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.")],
    more_schema="CREATE INDEX orders_by_status ON orders (status_id, id);\n"
    "CREATE INDEX orders_moved ON orders (status_id, date_modified, id);\n"
    "CREATE INDEX orders_archived ON orders (id) WHERE is_deleted;",
)


def named(item: Any) -> dict[str, Any]:
    """The payload of an order's events."""
    return {"type": "order", "id": item.id}


def changed(old: Order, new: Order) -> dict[str, Any] | None:
    """The payload for a change other than archiving, which has an event of its own."""
    return None if new.is_deleted and not old.is_deleted else named(new)


def archived(old: Order, new: Order) -> dict[str, Any] | None:
    """Rule 84: the payload for an archived order."""
    return named(new) if new.is_deleted and not old.is_deleted else None


def status_moved(old: Order, new: Order) -> dict[str, Any] | None:
    """The payload with the old and the new status, if it changed."""
    if old.status_id == new.status_id:
        return None
    moved = {"previous_status_id": old.status_id, "new_status_id": new.status_id}
    return {**named(new), "status": moved}


def placed(_old: None, new: Order) -> dict[str, Any]:
    """The payload of the event for a new order."""
    return named(new)


def _on(scope: str, channels: ChannelsOf | None) -> tuple[Signal, ...]:
    return (
        fires(f"{scope}/created", placed, on="created", channels=channels),
        fires(f"{scope}/updated", changed, channels=channels),
        fires(f"{scope}/archived", archived, channels=channels),
        fires(f"{scope}/statusUpdated", status_moved, channels=channels),
    )


SIGNALS = (*_on("store/order", None), *_on("store/channel/#/order", channel_of))


async def channel_of_order(tx: Tx, _old: Any, new: Any) -> list[int]:
    """The channel of the order to which a row belongs."""
    return await query.values(tx, "SELECT channel_id FROM orders WHERE id = $1", int(new.order_id))


def tells(word: str, member: str) -> tuple[Signal, ...]:
    """The event of a new row of an order: the payload names it by `member`, inside `word`."""

    def payload(row: Any) -> dict[str, Any]:
        return {"type": "order", "id": int(row.order_id), word: {member: row.id}}

    return (
        *events(f"store/order/{word}", on="created", data=payload),
        *events(f"store/channel/#/order/{word}", on="created", data=payload, channels=channel_of_order),
    )


def tax(name: str) -> Derived:
    """The tax of an amount that is stored without and with it."""
    ex, inc = f"{name}_ex_tax", f"{name}_inc_tax"
    return Derived(lambda order: f"{getattr(order, inc) - getattr(order, ex):.4f}", "decimal")


def always(value: Any, word: str) -> Derived:
    """A member that is the same in all orders created through the API."""
    return Derived(lambda _order: value, word)
