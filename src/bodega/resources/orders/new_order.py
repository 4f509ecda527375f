"""An order that is being placed: by a body (`writing.py`) or by a checkout, and how its rows are written."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from bodega.domain.pricing.quote import Quote
from bodega.kit.body import Changes
from bodega.kit.write import build
from bodega.resources.orders import consignments, coupons, fees, line, order, payments, tax_rows, taxes
from bodega.resources.orders import shipping_addresses as addresses
from bodega.resources.orders.consignments import Pickup
from bodega.resources.orders.coupons import OrderCoupon
from bodega.resources.orders.fees import Fee
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.order import Order
from bodega.resources.orders.shipping_addresses import ShippingAddress
from bodega.resources.orders.taxes import OrderTax
from bodega.resources.pricing.policy import Money, Taxes
from bodega.storage.query import Row
from bodega.storage.unit import Unit


class Sent(NamedTuple):
    """Lines that go to one of several addresses, which has its own costs; `key` is the quoted consignment's."""

    address: ShippingAddress
    lines: list[OrderLine]
    key: str = ""


class Work(msgspec.Struct):
    """An order being built, with all that belongs to it. `before` are its stored lines.

    The lines that are sent go to `address`, or each to one of `sent`; `pickup` is for those of `collected`, None: all.
    `quoted` is what a checkout was quoted, where one made the order.
    """

    order: Order
    lines: list[OrderLine]
    before: list[OrderLine]
    fees: list[Fee]
    address: ShippingAddress | None = None
    pickup: Pickup | None = None
    sent: list[Sent] = []
    collected: list[OrderLine] | None = None
    coupons: list[OrderCoupon] = []
    quoted: Quote | None = None


def begun(changes: Changes, money: Money, rules: Taxes, now: int) -> Order:
    """A new order in this currency, without lines."""
    new: Order = build(order.TABLE, changes, now)
    new.currency_id, new.default_currency_code = money.currency.id, money.currency.currency_code
    new.store_default_currency_code = money.default.currency_code
    new.store_default_to_transactional_exchange_rate = money.rate
    new.is_tax_inclusive_pricing, new.places = rules.inclusive, money.places
    return new


async def write_new(unit: Unit, work: Work, rules: Taxes) -> Row:
    """Writes a new order with its totals, all that belongs to it, and its opening payment."""
    new = work.order
    if work.address is not None:
        show_costs(work)
        work.sent = [Sent(work.address, [item for item in work.lines if item.is_sent])]
    new.shipping_address_count = len(work.sent)
    payment = payments.opening(new)
    row = await unit.insert(order.TABLE, new)
    if work.pickup is not None:
        work.pickup.order_id = new.id
        collected = (await unit.insert(consignments.TABLE, work.pickup)).entity.id
        for item in work.lines if work.collected is None else work.collected:
            item.order_pickup_method_id = collected
    for place, those, _key in work.sent:
        place.order_id = new.id
        address = (await unit.insert(addresses.TABLE, place)).entity.id
        for item in those:
            item.order_address_id = address if item.is_sent else 0
    for item in work.lines:
        item.order_id = new.id
        await unit.insert(line.TABLE, item)
    for fee in work.fees:
        fee.order_id = new.id
        await unit.insert(fees.TABLE, fee)
    for coupon in work.coupons:
        coupon.order_id = new.id
        await unit.insert(coupons.TABLE, coupon)
    for tax in await tax_rows.named(unit.tx, _taxes(work, rules)):
        await unit.insert(taxes.TABLE, tax)
    if payment is not None:
        await payments.record(unit, new, payment)
    return row


def _taxes(work: Work, rules: Taxes) -> list[OrderTax]:
    if work.quoted is not None:
        addresses_of = {one.key: one.address.id for one in work.sent}
        return tax_rows.of_quote(work.order, work.lines, work.quoted, addresses_of)
    address = work.sent[0].address.id if work.sent else 0
    return tax_rows.of_parts(tax_rows.Taxed(work.order, work.lines, address, rules))


def show_costs(work: Work) -> None:
    """Copies the costs of the order to its only address, with the number of pieces that go there."""
    assert work.address is not None
    new, sent = work.order, [item for item in work.lines if item.is_sent]
    work.address = replace(
        work.address,
        items_total=sum(item.quantity for item in sent),
        items_shipped=sum(item.quantity_shipped for item in sent),
        base_cost=new.base_shipping_cost,
        cost_ex_tax=new.shipping_cost_ex_tax,
        cost_inc_tax=new.shipping_cost_inc_tax,
        base_handling_cost=new.base_handling_cost,
        handling_cost_ex_tax=new.handling_cost_ex_tax,
        handling_cost_inc_tax=new.handling_cost_inc_tax,
    )
