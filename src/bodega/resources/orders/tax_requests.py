"""An order as its tax provider is told of it: what was sold, less what was refunded of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from bodega.domain.pricing.amounts import rounded
from bodega.kit.fields import moment
from bodega.resources.geography import places
from bodega.resources.orders import fees, line, refund, shipping_addresses
from bodega.resources.orders.address import PostalAddress
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.order import Order
from bodega.resources.orders.shipping_addresses import ShippingAddress
from bodega.resources.pricing.policy import SHIPPING, WRAPPING
from bodega.resources.providers import tax_facts, tax_messages
from bodega.resources.providers.tax_facts import Facts
from bodega.resources.providers.tax_messages import Requested
from bodega.storage import query
from bodega.storage.unit import Unit

ZERO = Decimal(0)


def query_of(quote_id: str) -> str:
    """The query that names a quote."""
    return f"?{urlencode({'id': quote_id})}"


async def request(unit: Unit, one: Order) -> tuple[dict[str, Any], list[Requested]]:
    """The body that says what an order owes tax for, and its items."""
    lines: list[OrderLine] = await query.entities(unit.tx, line.TABLE, "order_id = $1", one.id)
    sent: list[ShippingAddress] = await query.entities(unit.tx, shipping_addresses.TABLE, "order_id = $1", one.id)
    facts = await tax_facts.facts_of(unit.tx, [each.product_id for each in lines], [each.variant_id for each in lines])
    origin = await tax_facts.origin_of(unit.tx, unit.terms.settings)
    billing = _address(one.billing_address)
    requested: list[Requested] = []
    documents = []
    shipping_left, handling_left = one.shipping_refunded, one.handling_refunded
    for place in sent:
        own = [each for each in lines if each.order_address_id == place.id]
        document: dict[str, Any] = {
            "id": f"shipping_{place.id}",
            "billing_address": billing,
            "destination_address": _address(place),
            "origin_address": origin,
        }
        for kind, ex, inc, refunded in (
            ("shipping", place.cost_ex_tax, place.cost_inc_tax, shipping_left),
            ("handling", place.handling_cost_ex_tax, place.handling_cost_inc_tax, handling_left),
        ):
            amount = _left(one, ex, inc, min(refunded, inc))
            document[kind] = _cost(one, place, kind, amount, requested, facts, document["id"])
        shipping_left -= min(shipping_left, place.cost_inc_tax)
        handling_left -= min(handling_left, place.handling_cost_inc_tax)
        document["items"] = _items(one, own, requested, facts, document["id"])
        documents.append(document)
    rest = [each for each in lines if not each.order_address_id]
    if rest or not documents:
        name = tax_facts.DIGITAL.format(one.id)
        to = origin if any(each.order_pickup_method_id for each in rest) else billing
        document = {"id": name, "billing_address": billing, "destination_address": to, "origin_address": origin}
        for kind in ("shipping", "handling"):
            document[kind] = _cost(one, None, kind, ZERO, requested, facts, name)
        document["items"] = _items(one, rest, requested, facts, name)
        documents.append(document)
    first = documents[0]
    first["items"] += await _fees(unit, one, requested, facts, first["id"])
    first["items"] += await _refunds(unit, one, requested, facts, first["id"])
    content = {
        "id": str(one.id),
        "currency_code": one.default_currency_code,
        "customer": await tax_facts.customer_of(unit.tx, one.customer_id),
        "transaction_date": one.date_created or moment(unit.now),
        "documents": documents,
    }
    return content, requested


def _left(one: Order, ex: Decimal, inc: Decimal, refunded: Decimal) -> Decimal:
    """What is left of a cost, as prices are entered, when so much of it with tax was refunded."""
    if one.is_tax_inclusive_pricing:
        return inc - refunded
    return ex - (rounded(refunded * ex / inc, one.places) if inc else ZERO)


def _cost(
    one: Order,
    place: ShippingAddress | None,
    kind: str,
    amount: Decimal,
    requested: list[Requested],
    facts: Facts,
    document: str,
) -> dict[str, Any]:
    item_id = f"{kind}_{place.id}" if place is not None else f"{kind}_0"
    to = "" if place is None else ", ".join(filter(None, (place.city, place.country, place.zip)))
    requested.append(Requested(document, kind, item_id, item_id, amount))  # type: ignore[arg-type]
    return tax_messages.item(
        kind,  # type: ignore[arg-type]
        item_id,
        f"{kind.capitalize()} to {to}" if to else kind.capitalize(),
        amount,
        facts.of(SHIPPING),
        item_code="" if place is None else place.shipping_method,
        price={"amount": amount, "tax_inclusive": one.is_tax_inclusive_pricing},
    )


def _items(
    one: Order, lines: Sequence[OrderLine], requested: list[Requested], facts: Facts, document: str
) -> list[dict[str, Any]]:
    inclusive, made = one.is_tax_inclusive_pricing, []
    for each in lines:
        whole = (each.total_inc_tax if inclusive else each.total_ex_tax) - each.discount
        pieces = each.quantity - each.quantity_refunded
        amount = whole if pieces == each.quantity else rounded(whole * pieces / max(each.quantity, 1), one.places)
        item_id, exempt = f"product_{each.id}", each.type == "giftcertificate"
        shown = tax_messages.item(
            "item",
            item_id,
            each.name,
            amount,
            facts.of(each.tax_class_id),
            price={"amount": amount, "tax_inclusive": inclusive},
            quantity=pieces,
            tax_exempt=exempt,
            **facts.described(each.product_id, each.variant_id, each.sku, each.tax_class_id),
        )
        if not exempt:
            requested.append(Requested(document, "item", item_id, item_id, amount))
        wrapped = each.wrapping_cost_inc_tax if inclusive else each.wrapping_cost_ex_tax
        if wrapped:
            left = each.quantity - each.wrapping_refunded
            wrapped = rounded(wrapped * left / max(each.quantity, 1), one.places)
            shown["wrapping"] = tax_messages.item(
                "wrapping",
                item_id,
                f"Wrapping: {each.wrapping_name}",
                wrapped,
                facts.of(WRAPPING),
                price={"amount": wrapped, "tax_inclusive": inclusive},
            )
            requested.append(Requested(document, "wrapping", item_id, item_id, wrapped))
        made.append(shown)
    return made


async def _fees(
    unit: Unit, one: Order, requested: list[Requested], facts: Facts, document: str
) -> list[dict[str, Any]]:
    made = []
    for fee in await query.entities(unit.tx, fees.TABLE, "order_id = $1", one.id):
        amount = fee.cost_inc_tax if one.is_tax_inclusive_pricing else fee.cost_ex_tax
        item_id = f"fee_{fee.id}"
        price = {"amount": amount, "tax_inclusive": one.is_tax_inclusive_pricing}
        name = fee.display_name_merchant or fee.display_name_customer
        made.append(tax_messages.item("fee", item_id, name, amount, facts.of(fee.tax_class_id or 0), price=price))
        requested.append(Requested(document, "fee", item_id, item_id, amount))
    return made


async def _refunds(
    unit: Unit, one: Order, requested: list[Requested], facts: Facts, document: str
) -> list[dict[str, Any]]:
    """What was refunded of the order as a whole: exempt, with an amount below 0."""
    made = []
    for each in await query.entities(unit.tx, refund.TABLE, "order_id = $1", one.id):
        amount = sum(
            (
                item.requested_amount
                for item in each.items
                if item.item_type == "ORDER" and isinstance(item.requested_amount, Decimal)
            ),
            ZERO,
        )
        if amount:
            price = {"amount": -amount, "tax_inclusive": True}
            item_id = f"refund_{each.id}"
            made.append(
                tax_messages.item("refund", item_id, "Refund", -amount, facts.of(0), price=price, tax_exempt=True)
            )
    return made


def _address(one: PostalAddress | ShippingAddress) -> dict[str, Any]:
    country = places.country(one.country_iso2) if one.country_iso2 else None
    state = places.state(country, one.state) if country is not None and one.state else None
    return tax_messages.address(
        one.street_1,
        one.street_2,
        one.city,
        (one.state, "") if state is None else (state.state, state.state_abbreviation),
        (one.country, one.country_iso2),
        one.zip,
        one.company,
    )
