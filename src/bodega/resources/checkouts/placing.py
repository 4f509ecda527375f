"""From a checkout to its order, once: priced anew, with stock, coupon uses and gift certificates, in one transaction.

The row of the cart says which order it became (decision 49), so that a repeated request, or one that came at the same
time, finds that order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from bodega.domain.pricing.adjustments import Origin
from bodega.domain.pricing.amounts import Amount
from bodega.domain.pricing.basket import TaxPolicy, TaxRate
from bodega.domain.pricing.quote import Quote, QuotedLine
from bodega.domain.pricing.tax import combined, percents
from bodega.kit.fields import moment
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.resources.carts import basket, recovery
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart, CartItem, fire_cart_event
from bodega.resources.checkouts import prepaid
from bodega.resources.checkouts.checkout import Checkout, CheckoutAddress, CheckoutConsignment
from bodega.resources.customers import forms
from bodega.resources.customers.forms import Form
from bodega.resources.marketing import coupons, gift_certificates
from bodega.resources.marketing.gift_certificates import GiftCertificate
from bodega.resources.marketing.promotions.candidates import shopper_key
from bodega.resources.marketing.promotions.redemptions import redeem
from bodega.resources.orders import catalog_items, conflicts, lines, order_policy, stock, totals
from bodega.resources.orders.address import BillingAddress, FormField
from bodega.resources.orders.consignments import Pickup
from bodega.resources.orders.coupons import TYPES, OrderCoupon
from bodega.resources.orders.drafts import LineDraft, OptionDraft
from bodega.resources.orders.fees import Fee
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.new_order import Sent, Work, begun, write_new
from bodega.resources.orders.serving import serve
from bodega.resources.orders.shipping_addresses import ShippingAddress
from bodega.resources.pricing.policy import Taxes
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

INCOMPLETE = 0
SOURCE = "checkout_api"
KINDS = {"physical": "physical", "digital": "digital", "custom": "physical", "gift_certificate": "giftcertificate"}
ADDRESS_NAMES = {
    "first_name": "first_name", "last_name": "last_name", "company": "company", "street_1": "address1",
    "street_2": "address2", "city": "city", "state": "state_or_province", "zip": "postal_code", "country": "country",
    "country_iso2": "country_code", "phone": "phone", "email": "email",
}  # fmt: skip
"""The members of an order's address, and those of a checkout's."""


async def place(unit: Unit, old: Row, of: Checkout) -> int:
    """Makes the order of a checkout; its id. Raises Refusal, and then nothing was written."""
    cart: Cart = CARTS.decode(*CARTS.encode(old.entity))
    answer = await basket.reprice(unit, cart, of)
    faults = [*_unready(cart, of), *_used_up(old.entity, answer)]
    if faults:
        raise refuse_faults(faults)
    money = await basket.money_of_cart(unit.tx, cart)
    rules = Taxes(TaxPolicy(inclusive=cart.tax_included))
    new = begun({"customer_id": cart.customer_id, "channel_id": cart.channel_id}, money, rules, unit.now)
    new.cart_id, new.status_id, new.order_source = cart.uuid, INCOMPLETE, SOURCE
    new.payment_method, new.tax_provider_id = "", cart.totals.tax_provider_id
    new.customer_message, new.customer_locale = of.customer_message, cart.locale
    assert of.billing_address is not None
    fields = await _fields(unit, of)
    new.billing_address = BillingAddress(
        **_address(of.billing_address), form_fields=_answers(of.billing_address, fields)
    )
    made = await _lines(unit, cart, answer, inclusive=rules.inclusive)
    work = Work(new, made, [], _fees(of, answer), coupons=await _coupons(unit, cart, answer), quoted=answer)
    by_key = {line.key: one for line, one in zip(answer.lines, made, strict=True)}
    await _send(unit, work, cart, of, by_key, fields)
    totals.take_charges(new, answer)
    faults = totals.take_quote(new, made, answer)
    if faults:
        raise refuse_faults(faults)
    moves = stock.settle(new, made, [], await order_policy.timing(unit, new.channel_id), held=False)
    await stock.move(unit, moves, made)
    await redeem(unit, answer.used, shopper_key(cart.customer_id, cart.email))
    row = await write_new(unit, work, rules)
    await _sell_certificates(unit, cart, row.entity.id)
    await prepaid.spend(unit, row.entity.id, of)
    await _convert(unit, old, cart, row.entity.id)
    return int(row.entity.id)


async def _convert(unit: Unit, old: Row, cart: Cart, order_id: int) -> None:
    """The cart has become an order: it says which, and its event is fired."""
    cart.order_id, cart.status, cart.edition = order_id, "converted", old.entity.edition + 1
    cart.date_modified = moment(unit.now)
    await unit.update(CARTS, old, cart)
    await fire_cart_event(unit, cart, "converted", orderId=order_id)
    await recovery.recovered(unit, cart)


def _unready(cart: Cart, of: Checkout) -> Iterator[Fault]:
    """What a checkout lacks to become an order: every physical item is sent or collected, and somebody pays."""
    if not cart.items:
        yield invalid("cart", "must have an item")
    if of.billing_address is None:
        yield missing("billing_address")
    if cart.totals.is_tax_unknown:
        yield invalid("cart", "cannot be ordered now: the store's tax provider did not say what tax it owes")
    there = {item.id for item in cart.items}
    living = [one for one in of.consignments if there.intersection(one.item_ids)]
    placed = {item_id for one in living for item_id in one.item_ids}
    left = [item.id for item in cart.items if item.kind == "physical" and item.id not in placed]
    gifts = {item.id for item in cart.items if item.added_by_promotion}
    if [item_id for item_id in left if item_id not in gifts or not living]:
        yield Fault(missing("consignments").reason, "consignments", f"consignments must have the items {left}.")
    options = {one.id: one.option for one in cart.totals.consignments}
    for place_, one in enumerate(of.consignments):
        if one not in living or one.pickup_method_id:
            continue
        if options.get(one.id) is None:
            yield missing(f"consignments.{place_}.shipping_option_id")
    if sum(1 for one in living if one.pickup_method_id) > 1:
        yield invalid("consignments", "must have at most one that is collected")


def _used_up(shown: Cart, answer: Quote) -> list[Fault]:
    """Codes that the checkout shows and that no longer apply: nobody is charged more than that without being told."""
    applied = {caseless(one.code) for one in shown.coupons}
    return [
        Fault(Reason.FIELD_INVALID, "coupon_code", one.reason, {"code": one.code})
        for one in answer.refused
        if caseless(one.code) in applied
    ]


def _address(of: CheckoutAddress) -> dict[str, Any]:
    return {name: getattr(of, member) for name, member in ADDRESS_NAMES.items()}


async def _fields(unit: Unit, of: Checkout) -> dict[int, Form]:
    """The store's own fields of addresses, by their numbers, if an address of a checkout answers any."""
    addresses = [of.billing_address, *(one.address for one in of.consignments)]
    if not any(one is not None and one.custom_fields for one in addresses):
        return {}
    return forms.numbered(await query.entities(unit.tx, forms.TABLE, "form = $1", "address"))


def _answers(of: CheckoutAddress, fields: Mapping[int, Form]) -> list[FormField]:
    """The answers of an address, under the names of the fields and in their words; unknown ones as they were sent."""
    made = []
    for one in of.custom_fields:
        field = fields.get(forms.number_in(one.field_id))
        name, value = (
            (one.field_id, one.field_value) if field is None else (field.name, forms.in_words(field, one.field_value))
        )
        made.append(FormField(name=name, value=value))
    return made


async def _lines(unit: Unit, cart: Cart, answer: Quote, *, inclusive: bool) -> list[OrderLine]:
    """The lines of the order, in the order of the quote. Raises Refusal for what can no longer be bought."""
    faults: list[Fault] = []
    items = {item.id: item for item in cart.items}
    made: list[OrderLine] = []
    for place_, quoted in enumerate(answer.lines):
        item = items[quoted.key]
        described = await _described(unit, item, quoted, f"line_items.{place_}", faults)
        if described is not None:
            made.append(described)
    if faults:
        raise refuse_faults(faults)
    return made


async def _described(
    unit: Unit, item: CartItem, quoted: QuotedLine, name: str, faults: list[Fault]
) -> OrderLine | None:
    price, base = quoted.price, quoted.unit_price
    if item.product_id:
        asked = LineDraft(
            product_id=item.product_id,
            variant_id=item.variant_id or None,
            product_options=[
                OptionDraft(id=one.name_id, value=one.value if one.value_id is None else one.value_id)
                for one in item.options
            ],
        )
        found = await catalog_items.found(unit, asked, name, faults)
        if found is None:
            return None
        bounds = conflicts.too_few_or_many(found.product, item.quantity, name)
        if bounds is not None and not item.added_by_promotion:
            faults.append(bounds)
            return None
        made = lines.described(found, item.quantity, base, price, quoted.rate)
        made.name = made.name_merchant = item.name or made.name
    else:
        made = OrderLine(
            order_id=0,
            name=item.name,
            name_merchant=item.name,
            sku=item.sku,
            type=KINDS[item.kind],  # type: ignore[arg-type]
            quantity=item.quantity,
            base_price=base,
            price_ex_tax=price.ex,
            price_inc_tax=price.inc,
            tax_class_id=quoted.cost.tax_class,
            rate=quoted.rate,
        )
    made.percents = percents_of(quoted)
    if item.wrapping is not None and quoted.wrapping is not None:
        made.wrapping_name, made.wrapping_message = item.wrapping.name, item.wrapping.message
        made.wrapping_cost_ex_tax, made.wrapping_cost_inc_tax = quoted.wrapping.net
    return made


def percents_of(quoted: QuotedLine) -> list[Decimal]:
    """The parts of the rate of a line that the store's own rates tax."""
    rates = [TaxRate(part.rate, priority=part.priority) for part in quoted.cost.taxes]
    return list(percents(rates)) if len(rates) > 1 and combined(rates) == quoted.rate else []


def _fees(of: Checkout, answer: Quote) -> list[Fee]:
    cost = {str(one.source): one.net for one in answer.fees}
    return [
        Fee(
            type=fee.type,
            display_name_customer=fee.display_name,
            display_name_merchant=fee.name,
            source=fee.source,
            cost_ex_tax=cost[fee.id].ex,
            cost_inc_tax=cost[fee.id].inc,
            tax_class_id=fee.tax_class_id,
        )
        for fee in of.fees
    ]


async def _coupons(unit: Unit, cart: Cart, answer: Quote) -> list[OrderCoupon]:
    """The codes that gave something, with what each came to on the lines and on shipping."""
    discounts: dict[str, Decimal] = {caseless(one.code): Decimal(0) for one in answer.used if one.code}
    for cost in answer.costs:
        for part in cost.discounts(Origin.COUPON):
            key = caseless(part.code)
            discounts[key] = discounts.get(key, Decimal(0)) - part.amount
    if not discounts:
        return []
    test = f"code_key IN ({numbered_placeholders(len(discounts))})"
    return [
        OrderCoupon(
            coupon_id=one.id,
            order_id=0,
            code=one.code,
            amount=one.amount,
            type=TYPES.index(one.type) if one.type in TYPES else 0,
            discount=discounts[caseless(one.code)],
        )
        for one in await query.entities(unit.tx, coupons.TABLE, test, *discounts)
    ]


async def _send(
    unit: Unit,
    work: Work,
    cart: Cart,
    of: Checkout,
    by_key: Mapping[str, OrderLine],
    fields: Mapping[int, Form],
) -> None:
    """The addresses of the order with their lines and costs, and its pickup. What a promotion added goes with the first
    consignment."""
    inclusive = work.order.is_tax_inclusive_pricing
    gifts = [by_key[item.id] for item in cart.items if item.added_by_promotion and item.kind == "physical"]
    totals_of = {one.id: one for one in cart.totals.consignments}
    for one in of.consignments:
        own = [by_key[item_id] for item_id in one.item_ids if item_id in by_key]
        if not own:
            continue
        own, gifts = own + gifts, []
        if one.pickup_method_id:
            work.pickup, work.collected = Pickup(pickup_method_id=one.pickup_method_id), own
            await serve(unit, work.pickup, own)
            continue
        cost = totals_of[one.id]
        taken = sum((part.amount for part in cost.taken_off), Decimal(0))
        shipping = Amount(cost.shipping_ex_tax, cost.shipping_inc_tax).less(taken)
        handling = Amount(cost.handling_ex_tax, cost.handling_inc_tax)
        if one.address is not None and not one.address.email:
            one.address.email = work.order.billing_address.email
        work.sent.append(
            Sent(_sent(one, own, shipping, handling, cost.option, fields, inclusive=inclusive), own, one.id)
        )


def _sent(
    one: CheckoutConsignment,
    own: list[OrderLine],
    shipping: Amount,
    handling: Amount,
    option: object,
    fields: Mapping[int, Form],
    *,
    inclusive: bool,
) -> ShippingAddress:
    assert one.address is not None
    return ShippingAddress(
        order_id=0,
        **_address(one.address),
        form_fields=_answers(one.address, fields),
        items_total=sum(line.quantity for line in own if line.type == "physical"),
        shipping_method=getattr(option, "description", "") or "None",
        base_cost=shipping.inc if inclusive else shipping.ex,
        cost_ex_tax=shipping.ex,
        cost_inc_tax=shipping.inc,
        base_handling_cost=handling.inc if inclusive else handling.ex,
        handling_cost_ex_tax=handling.ex,
        handling_cost_inc_tax=handling.inc,
    )


async def _sell_certificates(unit: Unit, cart: Cart, order_id: int) -> None:
    """Gift certificates that were bought can be spent once the order is paid (`payments.py`)."""
    for item in cart.items:
        made = item.certificate
        if made is None:
            continue
        for _ in range(item.quantity):
            sold = GiftCertificate(
                customer_id=cart.customer_id,
                order_id=order_id,
                code=gift_certificates.new_code(),
                to_name=made.recipient.name,
                to_email=made.recipient.email,
                from_name=made.sender.name,
                from_email=made.sender.email,
                amount=item.list_price,
                balance=item.list_price,
                status="pending",
                template=f"{made.theme.lower()}.html",  # type: ignore[arg-type]
                message=made.message,
                purchase_date=moment(unit.now),
                currency_code=cart.currency_code,
            )
            await unit.insert(gift_certificates.TABLE, sold)
