"""The orders of a sample store, over the twelve months before its present.

They are computed by the store's own arithmetic, and then written many at a time: a store of half a million orders is
filled in minutes. Open orders take their stock like any other. Finished ones took theirs before today's levels
were counted, so that no level moves; but what they sold is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from bodega.access.stores import OpenStore
from bodega.aside import Turn
from bodega.kit.fields import moment
from bodega.lab.bulk import Bulk
from bodega.lab.deterministic import DeterministicRandom
from bodega.lab.generation import Drafts, Made, Taken, generate
from bodega.lab.inventory import inventory_of
from bodega.lab.sales import (
    COMPLETED,
    DAY,
    PARTIALLY_REFUNDED,
    PARTIALLY_SHIPPED,
    PAST,
    REFUNDED,
    SENT,
    Sale,
    SellableVariant,
    sale,
)
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.catalog import product
from bodega.resources.orders import (
    line,
    messages,
    new_order,
    order,
    order_policy,
    payments,
    refund,
    refund_due,
    refunds,
    shipments,
    stock,
    totals,
)
from bodega.resources.orders.address import AddressDraft, BillingAddress, PostalAddress, settled
from bodega.resources.orders.drafts import LineDraft, OptionDraft
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.lines import LineBuilder, added
from bodega.resources.orders.shipments import Item, Shipment
from bodega.resources.orders.shipping_addresses import ShippingAddress
from bodega.resources.orders.stock import Moves
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

YEAR = 365 * DAY
REFUNDED_AFTER = 9 * DAY
CHUNK, JOB = 500, 250
"""Orders a transaction and a job: what a job sells of one product is counted at once."""

AT_ONCE = 500
KEPT_LINES = 8_000


class NothingToSell(Exception):
    """There is no product that can be bought."""


async def generate_orders(store: OpenStore, count: int, seed: int, made: Made) -> None:
    """Adds `count` orders of a seed to the existing ones. Raises NothingToSell."""
    reader = (await store.ready()).reader
    inventory = await inventory_of(reader)
    if not inventory.sellables:
        raise NothingToSell
    now = store.clock.now()
    first = await _after_the_last(reader, seed)
    clerk = Clerk(seed)

    def draft(number: int) -> Sale:
        """The first ones were placed a year ago, and most of them recently."""
        until = min((number - first + 0.5) / count, 1)
        age = YEAR * (1 - until) ** 1.2
        jitter = DeterministicRandom(seed, number).roll(1000) / 1000 * YEAR / max(count, 365)
        return sale(seed, number, int(now - max(age - jitter, 60)), now, inventory)

    await generate(store, range(first, first + count), draft, clerk.write, made, CHUNK, JOB)


def external_id(seed: int, number: int) -> str:
    """The order's id in the system it came from; it shows where an earlier seeding ended."""
    return f"{_prefix(seed)}{number + 1:07d}"


def _prefix(seed: int) -> str:
    return f"sample-{seed}-"


async def _after_the_last(tx: Tx, seed: int) -> int:
    """The number after that of the newest order of this seed."""
    sql = "SELECT external_id FROM orders WHERE external_id LIKE $1 ORDER BY id DESC LIMIT 100"
    called = [name.removeprefix(_prefix(seed)) for name in await query.values(tx, sql, f"{_prefix(seed)}%")]
    return next((int(number) for number in called if number.isdecimal()), 0)


class Clerk:
    """Writes sales. Priced lines are cached: the same things are bought again and again."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lines: dict[tuple[SellableVariant, int], OrderLine] = {}

    async def write(self, sales: Drafts, unit: Unit) -> int:
        """Adds these orders. Raises Taken if somebody else took the stock meanwhile."""
        bulk = Bulk(unit)
        builder = LineBuilder(unit, await order_policy.money(unit, ""), await order_policy.taxes(unit), [])
        sold: Counter[int] = Counter()
        given_back: list[tuple[Sale, new_order.Work]] = []
        turn = Turn()
        for number, item in sales.items():
            await turn.breathe()
            bulk.now = item.when
            work, moves = await self._reckoned(builder, item)
            sold.update(moves.sold)
            if item.status_id not in PAST:
                await _take(unit, number, moves, work.lines)
            await new_order.write_new(bulk, work, builder.taxes)
            await _send(bulk, item, work)
            await _talk(bulk, item, work.order.id)
            if item.status_id in (REFUNDED, PARTIALLY_REFUNDED):
                given_back.append((item, work))
        await bulk.flush()
        await _count(unit, sold)
        for item, work in given_back:
            await _give_back(unit, item, work)
        return len(sales)

    async def _reckoned(self, builder: LineBuilder, item: Sale) -> tuple[new_order.Work, Moves]:
        lines = [await self._line(builder, sellable, count) for sellable, count in item.lines]
        changes: dict[str, Any] = {
            "customer_id": item.buyer.customer_id,
            "status_id": COMPLETED if item.status_id in (REFUNDED, PARTIALLY_REFUNDED) else item.status_id,
            "payment_method": item.payment_method,
            "payment_provider_id": item.payment_provider_id,
            "customer_message": item.customer_message,
            "staff_notes": item.staff_notes,
            "discount_amount": item.discount,
            "order_source": "www",
            "external_id": external_id(self._seed, item.number),
            "base_shipping_cost": item.shipping_cost,
        }
        new = new_order.begun(changes, builder.money, builder.taxes, item.when)
        address = settled(msgspec.convert(item.buyer.billing, AddressDraft))
        new.billing_address = BillingAddress(**address)
        new.geoip_country, new.geoip_country_iso2 = address["country"], address["country_iso2"]
        _ship(item, new, lines)
        totals.take_costs(new, changes, builder.taxes)
        wrong = totals.compute_totals(new, lines, [], changes)
        if wrong:
            raise refuse_faults(wrong)
        moves = stock.settle(new, lines, [], await order_policy.timing(builder.unit, new.channel_id), held=False)
        place = None
        if any(bought.is_sent for bought in lines):
            place = ShippingAddress(order_id=0, **address, shipping_method=item.shipping_method)
        return new_order.Work(new, lines, [], [], place), moves

    async def _line(self, builder: LineBuilder, sellable: SellableVariant, count: int) -> OrderLine:
        """A line as the catalogue prices it now."""
        known = self._lines.get((sellable, count))
        if known is None:
            if len(self._lines) > KEPT_LINES:
                self._lines.clear()
            answers = [OptionDraft(id=asked, value=value) for asked, value in sellable.answers]
            draft = LineDraft(
                product_id=sellable.product_id, variant_id=sellable.variant_id, quantity=count, product_options=answers
            )
            faults: list[Fault] = []
            known = await added(builder._replace(faults=faults), draft, "products.0")
            if known is None:
                raise refuse_faults(faults)
            self._lines[sellable, count] = known
        return replace(known)


def _ship(item: Sale, new: order.Order, lines: Sequence[OrderLine]) -> None:
    """Marks what was shipped."""
    if item.status_id == PARTIALLY_SHIPPED:
        first = next(bought for bought in lines if bought.is_sent)
        whole = sum(bought.quantity for bought in lines if bought.is_sent)
        first.quantity_shipped = min(first.quantity, whole - 1)
    elif item.status_id in SENT:
        for bought in lines:
            bought.quantity_shipped = bought.quantity if bought.is_sent else 0
        new.date_shipped = new.date_modified = moment(item.sent_at)


async def _take(unit: Unit, number: int, moves: Moves, lines: Sequence[OrderLine]) -> None:
    """What an open order takes from stock. Raises Taken."""
    try:
        await stock.move(unit, moves._replace(sold={}), lines)
    except Refusal as refusal:
        if refusal.reason is Reason.OUT_OF_STOCK:
            raise Taken(number) from refusal
        raise


async def _send(bulk: Bulk, item: Sale, work: new_order.Work) -> None:
    """The shipment."""
    items = [
        Item(order_product_id=bought.id, quantity=bought.quantity_shipped, product_id=bought.product_id)
        for bought in work.lines
        if bought.quantity_shipped
    ]
    if not items or work.address is None:
        return
    plain = work.address.plain
    bulk.now = item.sent_at
    await bulk.insert(
        shipments.TABLE,
        Shipment(
            order_id=work.order.id,
            customer_id=work.order.customer_id,
            order_address_id=work.address.id,
            date_created=moment(bulk.now),
            tracking_number=item.tracking_number,
            shipping_method=item.shipping_method,
            shipping_provider=item.carrier,
            billing_address=PostalAddress(**plain),
            shipping_address=PostalAddress(**plain),
            items=items,
        ),
    )


async def _talk(bulk: Bulk, item: Sale, order_id: int) -> None:
    """The messages between customer and store; unanswered ones are unread."""
    if item.conversation is None:
        return
    subject, asked, answer = item.conversation
    message = [("customer", asked, 2), ("merchant", answer, 26)]
    for who, text, hours in message:
        if text:
            bulk.now = min(item.when + hours * 3600, bulk.present)
            written = messages.OrderMessage(
                order_id=order_id,
                customer_id=item.buyer.customer_id,
                type=who,  # type: ignore[arg-type]
                subject=subject,
                message=text,
                status="read" if answer else "unread",
                date_created=moment(bulk.now),
            )
            await bulk.insert(messages.TABLE, written)


async def _count(unit: Unit, sold: Counter[int]) -> None:
    """Adds what was sold of each product to its count."""
    ids = sorted(product_id for product_id, count in sold.items() if count)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        rows = await unit.where(product.TABLE, f"id IN ({numbered_placeholders(len(some))})", *some)
        for row in rows:
            row.entity.total_sold += sold[row.entity.id]
        await unit.rewrite(product.TABLE, *rows)


async def _give_back(unit: Unit, item: Sale, work: new_order.Work) -> None:
    """A refund of everything, or of one item, by the method of the payment."""
    then = Unit(
        unit.tx, unit.statistics, min(item.when + REFUNDED_AFTER, unit.now), unit.terms, unit.model, unit.interest
    )
    refunding = await refund_due.refund_context(then, work.order.id)
    items = [
        refund.ItemDraft(item_type="PRODUCT", item_id=bought.id, quantity=bought.quantity, reason=item.refund_reason)
        for bought in work.lines
    ]
    if item.status_id == PARTIALLY_REFUNDED:
        items = [replace(items[0], quantity=1)]
    elif work.address is not None and work.order.shipping_cost_inc_tax:
        cost = work.order.shipping_cost_inc_tax
        items.append(refund.ItemDraft(item_type="SHIPPING", item_id=work.address.id, amount=cost))
    draft = {"items": items, "reason": item.refund_reason}
    made = refund_due.due(refunding, draft)
    way = refund.PaymentDraft(provider_id=payments.gateway_of(refunding.order), amount=made.amount)
    await refunds.give_back(then, refunding, made, [way], draft)
    for table in (order, line, payments, refund):
        unit.statistics.touch(table.TABLE.name, unit.now)
