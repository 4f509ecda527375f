"""Sample price lists, segments and carts: made once, when a store has sample products.

A price list with records of the first products and bulk prices, for a customer group that has no discounts of its own;
the segment "Regulars" of the first customers; carts that are being filled, carts that were left, and carts of guests.
All of it follows from the seed.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from msgspec.structs import replace

from bodega.access.stores import OpenStore
from bodega.kit.fields import moment
from bodega.kit.write import create_one
from bodega.lab.deterministic import DeterministicRandom
from bodega.lab.generation import read, where_free
from bodega.law.refusal import Refusal
from bodega.resources.carts import carts
from bodega.resources.carts.abandoned import ABANDONED_SECONDS
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.customers import groups
from bodega.resources.pricing import price_list_assignments, price_lists, price_record
from bodega.resources.segments import members, profiles, segments
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

_SALT = 0x5E111
LIST = "Partners' prices"
SEGMENT = "Regulars"
RECORDS = 200
REGULARS = 20
MOST_CARTS = 24
PRODUCTS_A_CART = 4
"""One cart for so many products, up to `MOST_CARTS`."""


async def generate_selling(store: OpenStore, seed: int) -> None:
    """Adds what is not there yet."""
    await where_free(store, partial(_lists, seed))
    await where_free(store, _segment)
    reader = (await store.ready()).reader
    wanted = min(MOST_CARTS, (await query.value(reader, "SELECT count(*) FROM products") or 0) // PRODUCTS_A_CART)
    for number in range(wanted):
        await where_free(store, partial(_cart, seed, number))


async def _lists(seed: int, unit: Unit) -> None:
    if await query.value(unit.tx, "SELECT 1 FROM price_lists WHERE name_key = $1", caseless(LIST)):
        return
    made = await create_one(unit, price_lists.V3, read(price_lists.V3, {"name": LIST}), [])
    sql = "SELECT id, product_id, calculated_price, sku FROM variants ORDER BY id LIMIT $1"
    for variant, owner, price, sku in await unit.tx.rows(sql, RECORDS):
        rng = DeterministicRandom(seed ^ _SALT, variant)
        trade = (Decimal(price) * (95 - rng.roll(20)) / 1_000_000).quantize(Decimal("0.01"))
        record = price_record.PriceRecord(
            price_list_id=made.entity.id,
            variant_id=variant,
            product_id=owner,
            sku=sku,
            currency=await query.value(unit.tx, "SELECT currency_code FROM currencies WHERE is_default"),
            price=trade,
            calculated_price=trade,
            date_created=moment(unit.now),
            date_modified=moment(unit.now),
            bulk_pricing_tiers=[price_record.Tier(quantity_min=10, quantity_max=0, type="percent", amount=Decimal(10))]
            if rng.one_in(5)
            else [],
        )
        await unit.insert(price_record.TABLE, record)
    for row in await unit.where(groups.TABLE, "id > $1", 0):
        if not row.entity.discount_rules:  # a group has rules or a list, not both (rule 114)
            target = price_list_assignments.Assignment(price_list_id=made.entity.id, customer_group_id=row.entity.id)
            await unit.insert(price_list_assignments.TABLE, target)
            break


async def _segment(unit: Unit) -> None:
    if await query.value(unit.tx, "SELECT 1 FROM segments WHERE name_key = $1", caseless(SEGMENT)):
        return
    customers = await query.values(unit.tx, "SELECT id FROM customers ORDER BY id LIMIT $1", REGULARS)
    if not customers:
        return
    now = moment(unit.now)
    row = await unit.insert(
        segments.TABLE,
        segments.Segment(
            uuid=_named("segment", 0), name=SEGMENT, description="Who buys often", created_at=now, updated_at=now
        ),
    )
    for customer_id in customers:
        profile_id = await query.value(unit.tx, "SELECT id FROM shopper_profiles WHERE customer_id = $1", customer_id)
        if profile_id is None:
            profile = profiles.ShopperProfile(
                uuid=_named("profile", customer_id), customer_id=customer_id, created_at=now, updated_at=now
            )
            profile_id = (await unit.insert(profiles.TABLE, profile)).entity.id
        await unit.insert(members.TABLE, members.Membership(segment_id=row.entity.id, profile_id=profile_id))


async def _cart(seed: int, number: int, unit: Unit) -> None:
    """One in three is a guest's, and one in three was left. One that is there stays."""
    if await query.value(unit.tx, "SELECT 1 FROM carts WHERE uuid = $1", cart_id(seed, number)):
        return
    rng = DeterministicRandom(seed ^ _SALT, number)
    products = await query.values(
        unit.tx,
        "SELECT product_id FROM variants WHERE is_base AND product_id > $1 ORDER BY product_id LIMIT 3",
        rng.roll(200),
    )
    buyers = await query.values(unit.tx, "SELECT id FROM customers WHERE id > $1 ORDER BY id LIMIT 1", rng.roll(100))
    guest = number % 3 == 0 or not buyers
    items = [{"product_id": product, "quantity": 1 + rng.roll(2)} for product in products]
    body = {"line_items": items, **({} if guest else {"customer_id": buyers[0]})}
    try:
        row = await carts.place(unit, read(carts.POST, body))
    except Refusal:
        return  # too few are in stock, or an option has to be chosen
    cart = row.entity
    left = number % 3 == 1 and not guest
    when = moment(unit.now - (ABANDONED_SECONDS * (2 + rng.roll(40)) if left else 60 * rng.roll(50)))
    named = replace(
        cart,
        uuid=cart_id(seed, number),
        items=[replace(item, id=_named(f"cart {seed} {number}", place)) for place, item in enumerate(cart.items)],
        redirect_key=_named(f"key {seed}", number),
        date_created=when,
        date_modified=when,
        status="abandoned" if left else "active",
        token=_named(f"token {seed}", number).replace("-", "") if left else "",
    )
    await unit.rewrite(CARTS, row.with_entity(named))


def cart_id(seed: int, number: int) -> str:
    """The id of a sample cart on the wire."""
    return _named(f"cart {seed}", number)


def _named(what: str, number: int) -> str:
    """A UUID that follows from what it names."""
    return str(uuid5(NAMESPACE_URL, f"bodega sample {what} {number}"))
