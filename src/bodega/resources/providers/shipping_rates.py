"""What a shipping provider is asked, and what its answer means: rates of services, and whether a connection is right.

Amounts of an answer may be in the store's own currency or in that of the cart; a quote in another is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from bodega.access.providers import SHIPPING, Provider, provider_of
from bodega.resources.inventory import location
from bodega.storage import query
from bodega.storage.outside import Answer, Answers, Ask
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx

OPTIONS_AT = "connection_options"
METAFIELDS = "shipping_carrier_{}"
"""The namespace whose public metafields a provider is told of."""

LARGEST_AMOUNT = Decimal(10_000_000)
_GRAMS = {"KGS": Decimal(1000), "Grams": Decimal(1), "Tonnes": Decimal(1_000_000)}
_OUNCES = {"LBS": Decimal(16), "Ounces": Decimal(1)}
Text = Annotated[str, msgspec.Meta(max_length=500)]


class Asking(NamedTuple):
    """With what others are asked: the store's settings, and what was answered so far."""

    settings: Mapping[str, Any]
    answers: Answers


class SentItem(NamedTuple):
    """Pieces of one line that a provider is to price: `price` is that of one piece after discounts, measures are in the
    store's units."""

    sku: str
    variant_id: int
    product_id: int
    name: str
    quantity: int
    weight: Decimal
    width: Decimal
    height: Decimal
    depth: Decimal
    price: Decimal
    declared: Decimal


class To(NamedTuple):
    """Where it goes, and who buys it, in words of the provider."""

    address: Mapping[str, Any]
    currency: str
    cart: str
    customer_id: int = 0
    group_id: int = 0
    group_name: str = ""
    channel_id: int = 1


class Money(msgspec.Struct):
    """An amount of a quote."""

    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    amount: Decimal

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or not 0 <= self.amount <= LARGEST_AMOUNT:
            raise ValueError("must have an amount of 0 or more")


class TransitTime(msgspec.Struct):
    """How long it takes."""

    units: Literal["BUSINESS_DAYS", "DAYS", "HOURS"]
    duration: Annotated[int, msgspec.Meta(ge=1, le=90)]

    @property
    def words(self) -> str:
        """As a shopper reads it."""
        unit = self.units.lower().replace("_", " ")
        return f"{self.duration} {unit[:-1] if self.duration == 1 else unit}"


class Message(msgspec.Struct):
    """What a provider says about an answer."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    type: Literal["INFO", "WARNING", "ERROR"]


class RateQuote(msgspec.Struct):
    """One service of a carrier with its price."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    display_name: Annotated[str, msgspec.Meta(max_length=100)]
    cost: Money
    messages: list[Message] = []
    description: Text = ""
    rate_id: Annotated[str, msgspec.Meta(max_length=50)] = ""
    discounted_cost: Money | None = None
    dispatch_date: str = ""
    transit_time: TransitTime | None = None


class CarrierInfo(msgspec.Struct):
    """The carrier of some quotes."""

    code: Annotated[str, msgspec.Meta(max_length=50)]
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class CarrierQuotes(msgspec.Struct):
    """Quotes of one carrier."""

    quotes: list[RateQuote]
    carrier_info: CarrierInfo | None = None


class RateAnswer(msgspec.Struct):
    """The answer to a request for rates; `ttl` is how long it holds, in seconds."""

    quote_id: Annotated[str, msgspec.Meta(max_length=50)]
    messages: list[Message]
    carrier_quotes: list[CarrierQuotes]
    ttl: int | UnsetType = UNSET


class CheckAnswer(msgspec.Struct):
    """The answer to a check of a connection."""

    valid: bool
    messages: list[Message] = []


class _Connection(msgspec.Struct):
    """What is kept of the store's connection to a carrier."""

    key_id: str = ""


_rates = msgspec.json.Decoder(RateAnswer).decode
_check = msgspec.json.Decoder(CheckAnswer).decode


def _judge_rates(body: bytes) -> str:
    try:
        _rates(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"answered with no rates: {error}"
    return ""


def _judge_check(body: bytes) -> str:
    try:
        _check(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"answered with no check: {error}"
    return ""


def _ttl(body: bytes) -> int | None:
    ttl = _rates(body).ttl
    return None if ttl is UNSET else max(ttl, 0)


class Service(NamedTuple):
    """A quoted service: its cost in the store's own currency."""

    code: str
    name: str
    cost: Decimal
    transit_time: str = ""
    description: str = ""


async def services(
    tx: Tx, asking: Asking, provider: Provider, to: To, items: Sequence[SentItem], zone_options: Mapping[str, Any],
    rate: Decimal, default_currency: str,
) -> list[Service]:  # fmt: skip
    """What a provider quotes for these pieces; nothing where it fails, or where the store is not connected to it.
    `rate` leads from the store's own currency to the cart's. Raises Wanted."""
    kept = await query.value(tx, "SELECT doc FROM carrier_connections WHERE carrier_id = $1", provider.id)
    if kept is None:
        return []
    key_id = msgspec.json.decode(kept, type=_Connection).key_id
    content = {
        "base_options": {
            "origin": await origin(tx, asking.settings),
            "destination": to.address,
            "items": [
                _item(one, asking.settings, to.currency, attributes)
                for one, attributes in zip(items, await _attributes(tx, provider.id, items), strict=True)
            ],
            "customer": {
                "customer_groups": [{"customer_group_id": to.group_id, "customer_group_name": to.group_name}],
                "customer_id": to.customer_id,
            },
            "store_id": "",
            "request_context": {
                "reference_values": [
                    {"name": "cart_id", "value": to.cart},
                    {"name": "channel_id", "value": str(to.channel_id)},
                ]
            },
        },
        "zone_options": dict(zone_options),
    }
    ask = _ask(provider, "rate", content, key_id, judge=_judge_rates, keeps=_ttl)
    answer = asking.answers.to(ask)
    if answer.body is None:
        return []
    return list(_services(_rates(answer.body), to.currency, rate, default_currency))


def _services(answer: RateAnswer, currency: str, rate: Decimal, default_currency: str) -> Sequence[Service]:
    found = []
    for carrier in answer.carrier_quotes:
        for quote in carrier.quotes:
            cost = quote.discounted_cost or quote.cost
            if cost.currency not in (default_currency, currency):
                continue
            amount = cost.amount if cost.currency == default_currency else cost.amount / rate
            prefix = f"{carrier.carrier_info.code}." if carrier.carrier_info is not None else ""
            time = quote.transit_time
            found.append(
                Service(
                    prefix + quote.code,
                    quote.display_name or quote.code,
                    amount,
                    "" if time is None else time.words,
                    quote.description,
                )
            )
    return found


def check(provider: Provider, key_id: str) -> Ask:
    """The request that asks whether the values sealed under a key are right."""
    return _ask(provider, "check_connection_options", {}, key_id, judge=_judge_check, keeps=None)


def what_is_wrong(answer: Answer) -> str:
    """Why a connection is not right, as the end of a sentence about the carrier; empty if it is."""
    if answer.body is None:
        return answer.why
    told = _check(answer.body)
    if told.valid:
        return ""
    words = "; ".join(message.text for message in told.messages)
    return f"says that they are not valid{': ' if words else ''}{words}"


def shipping_provider(settings: Mapping[str, Any], carrier_id: str) -> Provider | None:
    """The registered shipping provider of this id."""
    return provider_of(settings, SHIPPING, carrier_id)


def _ask(provider: Provider, operation: str, content: Any, key_id: str, **more: Any) -> Ask:
    return Ask(
        kind=SHIPPING,
        provider=provider.id,
        operation=operation,
        url=f"{provider.url}/{operation}",
        content=json.dumps(content, separators=(",", ":"), default=float).encode(),
        key_id=key_id,
        options_at=OPTIONS_AT,
        client_id=provider.client_id,
        **more,
    )


async def origin(tx: Tx, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where a store sends from: its default location, in the store's country if it has no address."""
    row = await query.get(tx, location.TABLE, location.DEFAULT)
    place = location.Address() if row is None else row.entity.address
    return {
        "street_1": place.address1,
        "street_2": place.address2,
        "zip": place.zip[:20],
        "city": place.city[:50],
        "state_iso2": place.state[:2],
        "country_iso2": (place.country_code or settings.get("country_code") or "US")[:2],
        "address_type": "COMMERCIAL",
    }


def _item(
    one: SentItem, settings: Mapping[str, Any], currency: str, attributes: list[dict[str, Any]]
) -> dict[str, Any]:
    length = "cm" if settings.get("dimension_units") == "Centimeters" else "in"
    unit = settings.get("weight_units", "LBS")
    grams = _GRAMS.get(unit)
    weight = one.weight * (grams if grams is not None else _OUNCES.get(unit, Decimal(16)))
    return {
        "sku": one.sku,
        "variant_id": str(one.variant_id),
        "product_id": str(one.product_id),
        "name": one.name,
        "length": {"units": length, "value": one.depth},
        "width": {"units": length, "value": one.width},
        "height": {"units": length, "value": one.height},
        "weight": {"units": "oz" if grams is None else "g", "value": weight},
        "discounted_price": {"currency": currency, "amount": one.price},
        "declared_value": {"currency": currency, "amount": one.declared},
        "quantity": one.quantity,
        "attributes": attributes,
    }


async def _attributes(tx: Tx, provider_id: str, items: Sequence[SentItem]) -> list[list[dict[str, Any]]]:
    """The public metafields that are meant for the provider, of each item: two statements, however many items."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for kind, ids in (
        ("product", sorted({one.product_id for one in items if one.product_id})),
        ("variant", sorted({one.variant_id for one in items if one.variant_id})),
    ):
        if not ids:
            continue
        sql = (
            f"SELECT doc FROM {kind}_metafields WHERE resource_id IN ({numbered_placeholders(len(ids))})"
            f" AND namespace = ${len(ids) + 1} AND is_shared ORDER BY resource_id, id"
        )
        for (doc,) in await tx.rows(sql, *ids, METAFIELDS.format(provider_id)):
            field = msgspec.json.decode(doc)
            found.setdefault((kind, field["resource_id"]), []).append(
                {
                    "key": field["key"],
                    "value": field["value"],
                    "namespace": field["namespace"],
                    "resource_type": kind,
                    "resource_id": str(field["resource_id"]),
                    "attribute_type": "metafield",
                }
            )
    return [[*found.get(("product", one.product_id), []), *found.get(("variant", one.variant_id), [])] for one in items]
