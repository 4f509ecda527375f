"""What the tax of a checkout is, asked of the store's tax provider: one document for each consignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.access.providers import TAX, registered
from bodega.domain.pricing.amounts import rounded
from bodega.domain.pricing.basket import AnsweredTax, TaxAnswer, TaxAnswers
from bodega.domain.pricing.quote import Cost, Quote, QuotedLine
from bodega.kit.fields import moment
from bodega.resources.carts.cart import Cart, CartItem
from bodega.resources.checkouts.checkout import Checkout, CheckoutAddress
from bodega.resources.pricing.policy import SHIPPING, WRAPPING
from bodega.resources.providers import tax_messages
from bodega.resources.providers.connections import active
from bodega.resources.providers.tax_facts import DIGITAL, Facts, customer_of, facts_of, origin_of
from bodega.resources.providers.tax_messages import Requested
from bodega.resources.tax.settings import tax_settings
from bodega.storage.unit import Unit


class Answered(NamedTuple):
    """What a provider said, by its id (empty: it said nothing). `is_unknown`: it failed, and the store does not sell
    then."""

    provider_id: str = ""
    taxes: TaxAnswers = {}
    is_unknown: bool = False


NOT_ASKED = Answered()
FIXED, DISABLE = "FIXED", "DISABLE"
FALLBACK = Decimal(10)
"""The rate in per cent of everything where a provider fails and the store says FIXED, as published."""


async def answered(unit: Unit, cart: Cart, of: Checkout, quoted: Quote, places: int, *, inclusive: bool) -> Answered:
    """What the store's tax provider says of a checkout that was quoted without it. No taxes: the store's own rates
    hold, for there is no provider, or nothing is known of where the goods go. Where it failed, the store's
    settings say what holds. Raises Wanted."""
    if not registered(unit.terms.settings, TAX):
        return NOT_ASKED
    found = await active(unit.tx, unit.terms.settings)
    if found is None:
        return NOT_ASKED
    documents, requested = await _documents(unit, cart, of, quoted, inclusive=inclusive)
    if not documents:
        return NOT_ASKED
    content = {
        "id": cart.uuid,
        "currency_code": cart.currency_code,
        "customer": await customer_of(unit.tx, cart.customer_id),
        "transaction_date": moment(unit.now),
        "documents": documents,
    }
    answer = unit.outside.to(tax_messages.ask(*found, "estimate", content, requested, keep=True))
    if answer.body is None:
        strategy = (await tax_settings(unit.tx, operator=unit.terms.settings)).fallback_strategy
        taxes = fixed(requested, places, inclusive=inclusive) if strategy == FIXED else {}
        return Answered("", taxes, strategy == DISABLE)
    return Answered(found[0].id, tax_messages.answers_of(answer.body, requested, places))


def fixed(requested: Sequence[Requested], places: int, *, inclusive: bool) -> TaxAnswers:
    """The same rate for everything that was asked about."""
    found = {}
    for one in requested:
        whole = 100 + FALLBACK if inclusive else Decimal(100)
        tax = rounded(one.amount * FALLBACK / whole, places)
        found[one.kind, one.key] = TaxAnswer(tax=tax, rate=FALLBACK, parts=(AnsweredTax(tax, FALLBACK),))
    return found  # type: ignore[return-value]


async def _documents(
    unit: Unit, cart: Cart, of: Checkout, quoted: Quote, *, inclusive: bool
) -> tuple[list[dict[str, Any]], list[Requested]]:
    lines = {line.key: line for line in quoted.lines}
    items = {one.id: one for one in cart.items}
    facts = await facts_of(unit.tx, [one.product_id for one in cart.items], [one.variant_id for one in cart.items])
    origin = await origin_of(unit.tx, unit.terms.settings)
    billing = None if of.billing_address is None else _address(of.billing_address)
    costs = {one.key: one for one in quoted.consignments}
    documents: list[dict[str, Any]] = []
    requested: list[Requested] = []
    sent: set[str] = set()
    for one in of.consignments:
        own = [key for key in one.item_ids if key in lines]
        to = origin if one.pickup_method_id else None if one.address is None else _address(one.address)
        if not own or to is None:
            continue
        sent.update(own)
        costed = costs.get(one.id)
        shipping, handling = (costed.shipping, costed.handling) if costed is not None else (None, None)
        documents.append(
            _document(one.id, to, origin, billing, (shipping, handling), requested, facts, inclusive=inclusive)
        )
        documents[-1]["items"] = [
            _line(one.id, items[key], lines[key], requested, facts, inclusive=inclusive) for key in own
        ]
    rest = [key for key, line in lines.items() if key not in sent and line.item.kind in ("digital", "gift_certificate")]
    if rest and billing is not None:
        name = DIGITAL.format(cart.uuid)
        documents.append(_document(name, billing, origin, billing, (None, None), requested, facts, inclusive=inclusive))
        documents[-1]["items"] = [
            _line(name, items[key], lines[key], requested, facts, inclusive=inclusive) for key in rest
        ]
    if documents:
        documents[0]["items"] += [
            _fee(documents[0]["id"], cost, requested, facts, inclusive=inclusive) for cost in quoted.fees
        ]
    return documents, requested


def _fee(document: str, cost: Cost, requested: list[Requested], facts: Facts, *, inclusive: bool) -> dict[str, Any]:
    amount, key = left_of(cost), str(cost.source)
    requested.append(Requested(document, "fee", key, key, amount))
    price = {"amount": amount, "tax_inclusive": inclusive}
    return tax_messages.item("fee", key, cost.name, amount, facts.of(cost.tax_class), price=price)


def _document(
    name: str,
    to: Mapping[str, Any],
    origin: Mapping[str, Any],
    billing: Mapping[str, Any] | None,
    costs: tuple[Cost | None, Cost | None],
    requested: list[Requested],
    facts: Facts,
    *,
    inclusive: bool,
) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "destination_address": to, "origin_address": origin}
    if billing is not None:
        made["billing_address"] = billing
    for kind, cost in zip(("shipping", "handling"), costs, strict=True):
        amount = Decimal(0) if cost is None else left_of(cost)
        where = ", ".join(filter(None, (to["city"], to["country_name"], to["postal_code"])))
        words = f"{kind.capitalize()} to {where}"
        made[kind] = tax_messages.item(
            kind,  # type: ignore[arg-type]
            name,
            words,
            amount,
            facts.of(SHIPPING),
            item_code="" if cost is None else cost.name,
            price={"amount": amount, "tax_inclusive": inclusive},
        )
        requested.append(Requested(name, kind, name, name, amount))  # type: ignore[arg-type]
    return made


def _line(
    document: str, one: CartItem, line: QuotedLine, requested: list[Requested], facts: Facts, *, inclusive: bool
) -> dict[str, Any]:
    amount = left_of(line.cost)
    exempt = line.item.kind == "gift_certificate"
    made = tax_messages.item(
        "item",
        one.id,
        one.name,
        amount,
        facts.of(line.item.tax_class),
        price={"amount": amount, "tax_inclusive": inclusive},
        quantity=one.quantity,
        tax_exempt=exempt,
        **facts.described(one.product_id, one.variant_id, one.sku, line.item.tax_class),
    )
    if not exempt:
        requested.append(Requested(document, "item", one.id, one.id, amount))
    if line.wrapping is not None:
        wrapped = left_of(line.wrapping)
        made["wrapping"] = tax_messages.item(
            "wrapping",
            one.id,
            f"Wrapping: {line.wrapping.name}",
            wrapped,
            facts.of(WRAPPING),
            price={"amount": wrapped, "tax_inclusive": inclusive},
        )
        requested.append(Requested(document, "wrapping", one.id, one.id, wrapped))
    return made


def left_of(cost: Cost) -> Decimal:
    """What discounts leave of a cost, as it was entered."""
    return sum((part.amount for part in cost.parts), Decimal(0))


def _address(one: CheckoutAddress) -> dict[str, Any]:
    return tax_messages.address(
        one.address1,
        one.address2,
        one.city,
        (one.state_or_province, one.state_or_province_code),
        (one.country, one.country_code),
        one.postal_code,
        one.company,
    )
