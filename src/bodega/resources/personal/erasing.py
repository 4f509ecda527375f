"""All that is personal of a customer is erased, in one transaction; what the books need stays, without the person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bodega.kit.fields import moment
from bodega.resources.customers import customer
from bodega.resources.marketing.promotions.candidates import shopper_key
from bodega.resources.orders import order
from bodega.resources.payments import attempts
from bodega.resources.personal.declared import PERSONAL, Personal
from bodega.resources.personal.finding import Found, Person, rows_of
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

ORDERS_AT_ONCE = 200
"""Orders that are erased in one transaction. Those of a customer with more are erased so many at a time first."""

GONE = "This no longer exists."
CHANGED = "This was changed meanwhile. Look at it again, then confirm again."
PAYING = "A payment of this customer is under way. Wait until it is settled, then confirm again."

INSTEAD = {"name": "Erased", "street_1": "Erased", "city": "Erased", "zip": "00000", "email": "erased@example.invalid"}
"""What stands in place of a text, by the end of its member's name; anything else becomes empty."""


async def erase(unit: Unit, customer_id: int, email: str, orders: int | None, searched: Found) -> str:
    """Erases a customer. `email` is the address that was confirmed, `orders` the number of orders that was, if it was,
    `searched` what `finding.search` found.

    Empty if it was done; else a sentence that says why nothing was.
    """
    person, refused = await _confirmed(unit, customer_id, email)
    if person is None:
        return refused
    found = await rows_of(unit.tx, person, searched)
    if orders is not None and len(found[order.TABLE.name]) != orders:
        return CHANGED
    if await _is_paying(unit, found["carts"]):
        return PAYING
    for one in PERSONAL:
        if one.fate == "blanked":
            await _blank(unit, one, found[one.table.name], person)
    for key in (shopper_key(customer_id), shopper_key(0, person.email)):
        await unit.tx.run("DELETE FROM coupon_uses WHERE shopper = $1", key)
    for one in reversed(PERSONAL):
        if one.fate == "deleted":
            await unit.delete(one.table, found[one.table.name])
    return ""


async def erase_orders(unit: Unit, customer_id: int, email: str) -> int:
    """Erases the first `ORDERS_AT_ONCE` orders of a customer; returns how many these were."""
    person, _ = await _confirmed(unit, customer_id, email)
    if person is None:
        return 0
    found = await rows_of(unit.tx, person, {}, most=ORDERS_AT_ONCE)
    for one in PERSONAL:
        if one.fate == "blanked":
            await _blank(unit, one, found[one.table.name], person)
    return len(found[order.TABLE.name])


async def count_orders(tx: Tx, person: Person) -> int:
    """How many orders are a person's: their own, and those that a guest placed with the same e-mail address."""
    return len((await rows_of(tx, person, {}))[order.TABLE.name])


async def _confirmed(unit: Unit, customer_id: int, email: str) -> tuple[Person | None, str]:
    row = await unit.get(customer.TABLE, customer_id)
    if row is None:
        return None, GONE
    if caseless(row.entity.email) != caseless(email):
        return None, CHANGED
    return Person(customer_id, caseless(email)), ""


async def _is_paying(unit: Unit, carts: Sequence[int]) -> bool:
    """Whether a gateway holds, or may get, money for one of these carts."""
    for some in parts(list(carts), 250):
        test = f"cart_id IN ({numbered_placeholders(len(some))}) AND due IS NOT NULL LIMIT 1"
        if await query.value(unit.tx, f"SELECT id FROM {attempts.TABLE.name} WHERE {test}", *some) is not None:
            return True
    return False


async def _blank(unit: Unit, one: Personal, ids: Sequence[int], person: Person) -> None:
    for some in parts(list(ids), 250):
        rows = await unit.where(one.table, f"id IN ({numbered_placeholders(len(some))})", *some)
        await unit.rewrite(one.table, *(_without(unit, one, row, person) for row in rows))


def _without(unit: Unit, one: Personal, row: Row, person: Person) -> Row:
    members = one.members
    entity = row.entity
    if one.sides:
        members = " ".join(names for side, names in one.sides if _is(getattr(entity, side), person))
    for path in members.split():
        _empty(entity, path.split("."))
    if "date_modified" in one.table.stamps:
        entity.date_modified = moment(unit.now)
    return row.with_entity(entity)


def _is(value: int | str, person: Person) -> bool:
    return value == person.customer if isinstance(value, int) else caseless(value) == person.email


def _empty(within: Any, path: Sequence[str]) -> None:
    name = path[0]
    value = getattr(within, name)
    if len(path) > 1:
        _empty(value, path[1:])
    elif value and value is not msgspec.UNSET:
        instead = next((text for end, text in INSTEAD.items() if name == end or name.endswith(f"_{end}")), "")
        setattr(within, name, instead if isinstance(value, str) else type(value)())
