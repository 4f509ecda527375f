"""Two records of one person become one, in one transaction: what the one has is the other's, then it is deleted.

Rows that belong to a customer move as they are: none is made anew, so nothing that they say is lost, and no rule for
new rows refuses what is there already. What the customer who stays has of its own kind stays.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from msgspec.structs import replace

from bodega.kit.fields import moment
from bodega.resources.carts import cart
from bodega.resources.content import contact_messages
from bodega.resources.customers import (
    addresses,
    attribute_values,
    consent,
    customer,
    form_fields,
    metafields,
    stored_instruments,
    wishlists,
)
from bodega.resources.customers.customer import Customer
from bodega.resources.marketing import gift_certificates
from bodega.resources.marketing.promotions.candidates import shopper_key
from bodega.resources.orders import messages, order, shipments
from bodega.resources.segments import members, profiles
from bodega.resources.tax.values import OF_CUSTOMERS as TAX_VALUES
from bodega.resources.tokens import password_resets, sessions
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.table import Table, numbered_placeholders, parts
from bodega.storage.unit import Unit

MOST_ORDERS = 1_000
"""Orders of the customer who goes, at most: the store writes nothing else meanwhile."""

LONGEST_NOTES = 65_535

GONE = "One of the two customers no longer exists. Nothing was changed."
SAME = "This is the same customer."
TOO_MANY = (
    f"A customer with more than {MOST_ORDERS:,} orders cannot be merged into another."
    " Merge the other one into this one."
)

NOTES_TOO_LONG = (
    f"The notes of both customers are longer than {LONGEST_NOTES:,} characters together. Shorten them first."
)

ENDS = (sessions.TABLE, password_resets.TABLE)
"""What ends with the customer who goes: nobody signs in as them any more."""

STAYS = (contact_messages.TABLE,)
"""What was written by the customer who goes is kept as it was."""


async def merge(unit: Unit, stays: int, goes: int) -> str:
    """Gives one customer what another one has, and deletes that one. Empty if it was done; else a sentence that says
    why nothing was."""
    if stays == goes:
        return SAME
    one, other = [await unit.get(customer.TABLE, number) for number in (stays, goes)]
    if one is None or other is None:
        return GONE
    gained = _gained(one.entity, other.entity)
    if len(gained.get("notes", "")) > LONGEST_NOTES:
        return NOTES_TOO_LONG
    if not await _move_orders(unit, stays, goes):
        return TOO_MANY
    await _move_carts(unit, one.entity, other.entity)
    for table, column, key in _THEIRS:
        await _move(unit, table, column, key, stays, goes)
    answers = await _move(unit, form_fields.TABLE, "customer_id", lambda answer: answer.name, stays, goes)
    await _move_cards(unit, stays, goes)
    await _move_profile(unit, stays, goes)
    await _keep_consent(unit, stays, goes)
    await _count_uses(unit, stays, goes)
    if gained:
        changed = replace(one.entity, **gained, date_modified=moment(unit.now))
        await unit.update(customer.TABLE, one, changed)
    elif answers:
        await unit.rewrite(customer.TABLE, one)  # V2 shows the answers inside it
    await unit.delete(customer.TABLE, [goes])
    return ""


def _address(address: addresses.Address) -> Hashable:
    return tuple(getattr(address, name).casefold() for name in addresses.CORE if name != "address_type")


_THEIRS: tuple[tuple[Table, str, Callable[[Any], Hashable]], ...] = (
    (addresses.TABLE, "customer_id", _address),
    (attribute_values.TABLE, "customer_id", lambda value: value.attribute_id),
    (wishlists.TABLE, "customer_id", lambda wishlist: wishlist.id),
    (metafields.OF_CUSTOMERS, "resource_id", lambda field: (field.owner_client_id, field.namespace, field.key)),
    (TAX_VALUES.table, "customer_id", lambda _values: ""),
)
"""Tables of which a customer has rows, the column that names the customer, and by what two rows are the same."""

MOVES = (
    *(table for table, _, _ in _THEIRS), order.TABLE, shipments.TABLE, messages.TABLE, gift_certificates.TABLE,
    cart.TABLE, form_fields.TABLE, stored_instruments.TABLE, profiles.TABLE, consent.TABLE,
)  # fmt: skip
"""The tables whose rows move. With `ENDS` and `STAYS` these are all that name a customer, as a test makes sure."""


async def _move(
    unit: Unit, table: Table, column: str, key: Callable[[Any], Hashable], stays: int, goes: int
) -> list[Row]:
    """Moves what the customer who stays does not have; the rest goes with the other one."""
    known = {key(row.entity) for row in await unit.where(table, f"{column} = $1", stays)}
    moved = []
    for row in await unit.where(table, f"{column} = $1", goes):
        if key(row.entity) not in known:
            known.add(key(row.entity))
            moved.append(row.with_entity(replace(row.entity, **{column: stays})))
    await unit.rewrite(table, *moved)
    return moved


async def _move_orders(unit: Unit, stays: int, goes: int) -> bool:
    ids = await query.values(
        unit.tx, f"SELECT id FROM orders WHERE customer_id = $1 ORDER BY id LIMIT {MOST_ORDERS + 1}", goes
    )
    if len(ids) > MOST_ORDERS:
        return False
    for some in parts(ids, 250):
        within = numbered_placeholders(len(some))
        rows = await unit.where(order.TABLE, f"id IN ({within})", *some)
        now = moment(unit.now)
        changed = (row.with_entity(replace(row.entity, customer_id=stays, date_modified=now)) for row in rows)
        await unit.rewrite(order.TABLE, *changed)
        for table in (shipments.TABLE, messages.TABLE, gift_certificates.TABLE):
            rows = await unit.where(table, f"order_id IN ({within})", *some)
            theirs = [row for row in rows if row.entity.customer_id == goes]
            await unit.rewrite(table, *(row.with_entity(replace(row.entity, customer_id=stays)) for row in theirs))
    return True


async def _move_carts(unit: Unit, stays: Customer, goes: Customer) -> None:
    """A cart is its next shopper's, who is written to at the address that is left."""
    for row in await unit.where(cart.TABLE, "customer_id = $1", goes.id):
        was: cart.Cart = row.entity
        email = stays.email if was.email == goes.email else was.email
        changed = replace(
            was, customer_id=stays.id, email=email, edition=was.edition + 1, date_modified=moment(unit.now)
        )
        await unit.rewrite(cart.TABLE, row.with_entity(changed))


async def _move_cards(unit: Unit, stays: int, goes: int) -> None:
    has = await unit.where(stored_instruments.TABLE, "customer_id = $1", stays)
    rows = await unit.where(stored_instruments.TABLE, "customer_id = $1", goes)
    await unit.rewrite(
        stored_instruments.TABLE,
        *(
            row.with_entity(replace(row.entity, customer_id=stays, is_default=row.entity.is_default and not has))
            for row in rows
        ),
    )


async def _move_profile(unit: Unit, stays: int, goes: int) -> None:
    """The segments of both."""
    theirs = await query.one(unit.tx, profiles.TABLE, "customer_id = $1", goes)
    if theirs is None:
        return
    own = await query.one(unit.tx, profiles.TABLE, "customer_id = $1", stays)
    if own is None:
        await unit.rewrite(profiles.TABLE, theirs.with_entity(replace(theirs.entity, customer_id=stays)))
        return
    await _move(unit, members.TABLE, "profile_id", lambda member: member.segment_id, own.entity.id, theirs.entity.id)


async def _keep_consent(unit: Unit, stays: int, goes: int) -> None:
    """Whoever decided nothing yet has decided what the other one has."""
    theirs = await unit.get(consent.TABLE, goes)
    if theirs is not None and await unit.get(consent.TABLE, stays) is None:
        await unit.insert(consent.TABLE, replace(theirs.entity, id=stays), numbered=True)


async def _count_uses(unit: Unit, stays: int, goes: int) -> None:
    """Uses of coupons count on, or a merge would give them anew."""
    await unit.tx.run(
        "INSERT INTO coupon_uses (coupon_id, shopper, uses)"
        " SELECT coupon_id, CAST($1 AS TEXT), uses FROM coupon_uses WHERE shopper = $2"
        " ON CONFLICT (coupon_id, shopper) DO UPDATE SET uses = coupon_uses.uses + excluded.uses",
        shopper_key(stays),
        shopper_key(goes),
    )
    await unit.tx.run("DELETE FROM coupon_uses WHERE shopper = $1", shopper_key(goes))


def _gained(one: Customer, other: Customer) -> dict[str, Any]:
    """What the one lacks itself, the notes and the credit of both."""
    gained: dict[str, Any] = {
        name: getattr(other, name)
        for name in ("company", "phone", "customer_group_id", "tax_exempt_category")
        if getattr(other, name) and not getattr(one, name)
    }
    if other.notes:
        gained["notes"] = "\n".join(filter(None, [one.notes, other.notes]))
    if other.store_credit:
        gained["store_credit"] = one.store_credit + other.store_credit
    return gained
