"""Placing and changing orders: turns a body into an order with its lines, address, fees and taxes.

Everything is built and checked in memory first. Then the stock moves, and only then are the rows written, all inside
the one transaction of the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from bodega.kit.body import Changes
from bodega.kit.fields import moment
from bodega.kit.write import apply
from bodega.law.outcome import Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.orders import (
    consignments,
    fees,
    line,
    lines,
    mails,
    order,
    order_policy,
    payments,
    stock,
    tax_rows,
    taxes,
    totals,
)
from bodega.resources.orders import shipping_addresses as addresses
from bodega.resources.orders.address import FIELDS, AddressDraft, BillingAddress, faults_of, settled
from bodega.resources.orders.consignments import Pickup
from bodega.resources.orders.drafts import ConsignmentsDraft
from bodega.resources.orders.fees import Fee
from bodega.resources.orders.lines import LineBuilder
from bodega.resources.orders.new_order import Work, begun, show_costs, write_new
from bodega.resources.orders.order import Order
from bodega.resources.orders.serving import drafted, keep_served, serve
from bodega.resources.orders.shipping_addresses import ShippingAddress
from bodega.resources.pricing.policy import Taxes
from bodega.storage.query import Row
from bodega.storage.unit import Unit

PARTS = ("products", "shipping_addresses", "consignments", "fees", "billing_address")
"""Members of a body that are not plain fields of the order."""

RECKONED = frozenset(
    [*PARTS, "discount_amount", *(f"base_{name}" for name in totals.COSTS)]
    + [f"{name}_{tax}" for name in ("subtotal", "total", *totals.COSTS) for tax in ("ex_tax", "inc_tax")]
)
"""Rule 82: a body with any of these requires new totals."""

SHIPPED = 2
ZERO = Decimal(0)


async def place(unit: Unit, draft: Changes, notes: list[Fault]) -> Row:
    """Places a new order. Raises Refusal, and then none of it was written."""
    changes = dict(draft)
    parts = {name: changes.pop(name) for name in PARTS if name in changes}
    faults = [*totals.half_pairs(changes), *_faults_of_parts(parts)]
    await apply(unit, order.TABLE, changes, None, notes)
    money = await order_policy.money(unit, changes.get("default_currency_code", ""))
    billing: AddressDraft = parts["billing_address"]
    to = order_policy.place_of_draft((parts.get("shipping_addresses") or [billing])[0])
    rules = await order_policy.taxes(unit, to, changes.get("customer_id") or 0)
    new = begun(changes, money, rules, unit.now)
    faults += faults_of(billing, "billing_address", zip_needed=True)
    builder = LineBuilder(unit, money, rules, faults)
    work = Work(new, [], [], [])
    await _fill(builder, work, parts)
    if faults:
        raise refuse_faults(faults)
    new.billing_address = _billing(billing, BillingAddress())
    totals.take_costs(new, changes, rules)
    _refuse(totals.compute_totals(new, work.lines, work.fees, changes))
    _date_the_shipping(unit, new)
    moves = stock.settle(new, work.lines, [], await order_policy.timing(unit, new.channel_id), held=False)
    await _move(unit, moves, work)
    return await write_new(unit, work, rules)


async def _move(unit: Unit, moves: stock.Moves, work: Work) -> None:
    """Moves the stock; reports missing rows that the order refers to before a lack of stock."""
    try:
        await stock.move(unit, moves, work.lines)
    except Refusal as refusal:
        await unit.in_order(refusal, order.TABLE, work.order)
        raise


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise refuse_faults(faults)


def _billing(draft: AddressDraft, old: BillingAddress) -> BillingAddress:
    given = settled(draft)
    given.pop("shipping_method", None)
    return replace(old, **given)


def _faults_of_parts(parts: Changes) -> list[Fault]:
    """Rules 74 and 80: an order has lines; either all are sent, or all are collected."""
    pickups = parts["consignments"].pickups if "consignments" in parts else []
    if "consignments" in parts:
        faults = _beside_consignments(parts, "products", "shipping_addresses")
        if len(pickups) != 1:
            faults.append(invalid("consignments.pickups", "must be one pickup"))
        elif not pickups[0].line_items:
            faults.append(missing("consignments.pickups.0.line_items"))
        elif pickups[0].pickup_method_id is UNSET:
            faults.append(missing("consignments.pickups.0.pickup_method_id"))
        return faults
    if not parts.get("products"):
        return [missing("products")]
    return []


def _beside_consignments(parts: Changes, *names: str) -> list[Fault]:
    return [invalid(name, "cannot come together with consignments") for name in names if name in parts]


async def _fill(builder: LineBuilder, work: Work, parts: Changes) -> None:
    """The lines, the address, the pickup and the fees of a new order."""
    collected: ConsignmentsDraft | None = parts.get("consignments")
    drafts, name = parts.get("products") or [], "products"
    if collected is not None and len(collected.pickups) == 1:
        pickup = collected.pickups[0]
        drafts, name = pickup.line_items or [], "consignments.pickups.0.line_items"
        work.pickup = drafted(pickup, Pickup())
    for place_, draft in enumerate(drafts):
        made = await lines.added(builder, draft, f"{name}.{place_}")
        if made is not None:
            work.lines.append(made)
    if work.pickup is not None:
        await serve(builder.unit, work.pickup, work.lines)
    given: list[AddressDraft] = parts.get("shipping_addresses") or []
    for place_, item in enumerate(given):
        builder.faults.extend(faults_of(item, f"shipping_addresses.{place_}", zip_needed=False))
    builder.faults.extend(addresses.superfluous(given))
    if not builder.faults and work.pickup is None and (given or any(item.type == "physical" for item in work.lines)):
        # Rule 80: without an address of its own the order goes to whoever pays.
        source: AddressDraft = given[0] if given else parts["billing_address"]
        work.address = ShippingAddress(order_id=0, **settled(source))
    await _take_fees(builder, work, parts)


async def _take_fees(builder: LineBuilder, work: Work, parts: Changes) -> None:
    """Fees are replaced as a whole: one with the id of an old one replaces it, the other old ones are deleted."""
    if "fees" not in parts:
        return
    old = {fee.id: fee for fee in work.fees}
    made: list[Fee] = []
    for place_, draft in enumerate(parts["fees"]):
        name = f"fees.{place_}"
        wrong = list(fees.faults_of(draft, name))
        if draft.id and draft.id not in old:
            wrong.append(invalid(f"{name}.id", "must be a fee of this order"))
        builder.faults.extend(wrong)
        if not wrong:
            fee = fees.made(draft, work.order.id)
            if draft.id:
                kept = old.pop(draft.id)
                fee.id, fee.refunded = kept.id, kept.refunded
            made.append(fee)
    work.fees = made


def _date_the_shipping(unit: Unit, new: Order) -> None:
    """Rule 95: sets the date on which everything was sent."""
    if new.status_id == SHIPPED and not new.date_shipped:
        new.date_shipped = moment(unit.now)


# Changing an order.


async def of(unit: Unit, table: Any, order_id: int) -> list[Row]:
    """The rows of an order in one of its tables, oldest first."""
    return await unit.where(table, "order_id = $1", order_id)


async def change(unit: Unit, order_id: int, draft: Changes, notes: list[Fault], still: Any = None) -> Row:
    """Changes an order by a body; what it leaves out stays (rules 82 and 83). Raises Refusal."""
    old = await unit.get(order.TABLE, order_id)
    if still is not None:
        still(None if old is None else Validator(old.version, old.modified))
    if old is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    changes = dict(draft)
    parts = {name: changes.pop(name) for name in PARTS if name in changes}
    faults = totals.half_pairs(changes)
    await apply(unit, order.TABLE, changes, old.entity, notes)
    new: Order = replace(old.entity, **changes)
    new.date_modified = moment(unit.now)
    counts = bool(RECKONED & draft.keys())
    stirs = counts or new.status_id != old.entity.status_id
    stirs |= new.payment_provider_id != old.entity.payment_provider_id
    if not stirs:
        _refuse(faults)
        return await unit.update(order.TABLE, old, new)
    before = await of(unit, line.TABLE, order_id)
    there = await of(unit, addresses.TABLE, order_id)
    paid_fees = await of(unit, fees.TABLE, order_id) if counts else []
    collected = await of(unit, consignments.TABLE, order_id) if counts and not there else []
    work = Work(
        new,
        [replace(row.entity) for row in before],
        [row.entity for row in before],
        [replace(row.entity) for row in paid_fees],
        replace(there[0].entity) if there else None,
        replace(collected[0].entity) if collected else None,
    )
    to = order_policy.place_of(there[0].entity if there else new.billing_address)
    rules = (await order_policy.taxes(unit, to, new.customer_id)).entered(inclusive=new.is_tax_inclusive_pricing)
    if counts:
        await _change_parts(unit, work, parts, changes, rules, faults)
    _refuse(faults)
    _date_the_shipping(unit, new)
    held = old.entity.holds_stock
    timing = await order_policy.timing(unit, new.channel_id)
    moves = stock.settle(new, work.lines, work.before, timing, held=held)
    await _move(unit, moves, work)
    await payments.follow(unit, old.entity, new)
    await mails.follow(unit, old.entity, new)
    await _write_changed(unit, work, before, there, paid_fees, collected, rules if counts else None)
    return await unit.update(order.TABLE, old, new)


async def _change_parts(
    unit: Unit, work: Work, parts: Changes, changes: Changes, rules: Taxes, faults: list[Fault]
) -> None:
    new = work.order
    if "billing_address" in parts:
        wrong = list(faults_of(parts["billing_address"], "billing_address", zip_needed=False))
        faults += wrong
        if not wrong:
            new.billing_address = _billing(parts["billing_address"], new.billing_address)
    builder = LineBuilder(unit, await order_policy.money(unit, new.default_currency_code), rules, faults)
    drafts, name = parts.get("products"), "products"
    method = 0 if work.pickup is None else work.pickup.pickup_method_id
    if "consignments" in parts:
        faults += _beside_consignments(parts, "products")
        drafts, name = _change_pickup(work, parts["consignments"], faults), "consignments.pickups.0.line_items"
    if drafts:
        result = await lines.merged(builder, work.lines, drafts, name)
        work.lines = result.kept
        if "discount_amount" not in changes:
            # Rule 82: a change of its lines removes an order's discounts.
            new.discount_amount = ZERO
            work.lines = [replace(item, applied=[]) for item in work.lines]
    await keep_served(unit, work.pickup, method, work.lines)
    _change_address(work, parts.get("shipping_addresses") or [], faults)
    await _take_fees(builder, work, parts)
    if faults:
        return
    totals.take_costs(new, changes, rules)
    if any(item.wrapping_cost_inc_tax for item in work.before) and not any(item.wrapping_id for item in work.lines):
        new.base_wrapping_cost = new.wrapping_cost_ex_tax = new.wrapping_cost_inc_tax = ZERO
    faults += totals.compute_totals(new, work.lines, work.fees, changes)


def _change_pickup(work: Work, draft: ConsignmentsDraft, faults: list[Fault]) -> Any:
    if len(draft.pickups) > 1:
        faults.append(invalid("consignments.pickups", "must be one pickup"))
    for item in draft.pickups[:1]:
        if work.pickup is None or (item.id is not UNSET and item.id != work.pickup.id):
            faults.append(invalid("consignments.pickups.0.id", "must be the pickup of this order"))
            return None
        work.pickup = drafted(item, work.pickup)
        return item.line_items or None
    return None


def _change_address(work: Work, drafts: Sequence[AddressDraft], faults: list[Fault]) -> None:
    faults += addresses.superfluous(drafts)
    for place_, draft in enumerate(drafts):
        name = f"shipping_addresses.{place_}"
        wrong = list(faults_of(draft, name, zip_needed=False))
        if work.address is None or (draft.id is not UNSET and draft.id != work.address.id):
            wrong.append(invalid(f"{name}.id", "must be a shipping address of this order"))
        faults += wrong
        if not wrong and work.address is not None:
            work.address = replace(work.address, **settled(draft))


async def _write_changed(
    unit: Unit,
    work: Work,
    before: Sequence[Row],
    there: Sequence[Row],
    paid_fees: Sequence[Row],
    collected: Sequence[Row],
    rules: Taxes | None,
) -> None:
    new = work.order
    if work.pickup is not None:
        for item in work.lines:
            item.order_pickup_method_id = item.order_pickup_method_id or work.pickup.id
    if work.address is None and any(item.is_sent for item in work.lines):
        # Until now there was nothing to send: new lines go to the billing address (rule 80).
        billing = {name: getattr(new.billing_address, name) for name in FIELDS}
        work.address = ShippingAddress(order_id=new.id, **billing)
        show_costs(work)
        work.address.id = (await unit.insert(addresses.TABLE, work.address)).entity.id
        new.shipping_address_count = 1
    elif work.address is not None:
        if len(there) == 1:  # each of several has costs of its own, which a checkout gave it
            show_costs(work)
        if work.address != there[0].entity:
            await unit.update(addresses.TABLE, there[0], work.address)
    if work.pickup is not None and collected and work.pickup != collected[0].entity:
        await unit.update(consignments.TABLE, collected[0], work.pickup)
    address = 0 if work.address is None else work.address.id
    several = {row.entity.id for row in there[1:]}
    for item in work.lines:
        if item.order_address_id not in several:
            item.order_address_id = address if item.is_sent else 0
    await _write_rows(unit, line.TABLE, new.id, before, work.lines)
    if rules is not None:
        await _write_rows(unit, fees.TABLE, new.id, paid_fees, work.fees)
        kept = [row.entity for row in await of(unit, taxes.TABLE, new.id)]
        made = tax_rows.of_parts(tax_rows.Taxed(new, work.lines, address, rules, kept))
        await taxes.keep(unit, new.id, await tax_rows.named(unit.tx, made))


async def _write_rows(unit: Unit, table: Any, order_id: int, before: Sequence[Row], after: Sequence[Any]) -> None:
    """Writes the rows of an order as they should be: inserts new ones, updates changed ones, deletes the rest."""
    was = {row.entity.id: row for row in before}
    kept = {item.id for item in after}
    await unit.delete(table, [gone for gone in was if gone not in kept])
    for item in after:
        if not item.id:
            item.order_id = order_id
            await unit.insert(table, item)
        elif item != was[item.id].entity:
            await unit.update(table, was[item.id], item)


async def archive(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 84: archives an order that is deleted; its stock does not move."""
    for order_id in ids:
        old = await unit.get(order.TABLE, order_id)
        if old is not None and not old.entity.is_deleted:
            now = moment(unit.now)
            await unit.update(order.TABLE, old, replace(old.entity, is_deleted=True, date_modified=now))
