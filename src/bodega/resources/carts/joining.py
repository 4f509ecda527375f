"""A cart that takes over what another one has: a guest's at sign-in, or the same cart in another currency."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import uuid4

from msgspec.structs import replace

from bodega.domain.pricing.amounts import rounded
from bodega.kit.fields import INT32, moment
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.carts import basket, items, metafields
from bodega.resources.carts.cart import TABLE, Cart, CartItem, pieces_of
from bodega.resources.carts.carts import saved, tell_of_items
from bodega.resources.checkouts import checkout
from bodega.resources.customers.customer import TABLE as CUSTOMERS
from bodega.resources.pricing.policy import Money
from bodega.resources.store import channel_currencies
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit


async def of_customer(unit: Unit, customer_id: int, channel_id: int) -> Row | None:
    """The cart that a customer has on a channel: the one that changed last."""
    test = "customer_id = $1 AND channel_id = $2 AND order_id = 0"
    found = await unit.where(TABLE, test, customer_id, channel_id, order="date_modified DESC, id DESC LIMIT 1")
    return found[0] if found else None


async def of_guest(unit: Unit, cart_id: str, channel_id: int) -> Row | None:
    """The cart of this id, if it is a guest's and no order yet."""
    row = await query.one(unit.tx, TABLE, "uuid = $1", cart_id)
    if row is None or row.entity.customer_id or row.entity.order_id or row.entity.channel_id != channel_id:
        return None
    return row


async def sign_in(unit: Unit, customer_id: int, channel_id: int, guest_cart_id: str) -> str:
    """The id of the cart of a customer who signs in, with all that was in a guest's, which is gone then; without one
    before, the guest's is the customer's now. Empty if there is neither. What the stock does not allow twice is kept
    once: nobody is kept from signing in. Raises Refusal."""
    guest = await of_guest(unit, guest_cart_id, channel_id) if guest_cart_id else None
    theirs = await of_customer(unit, customer_id, channel_id)
    if guest is None:
        return "" if theirs is None else str(theirs.entity.uuid)
    if theirs is None:
        person = await unit.get(CUSTOMERS, customer_id)
        email = "" if person is None else person.entity.email
        row = await saved(unit, guest, replace(guest.entity, customer_id=customer_id, email=email))
        return str(row.entity.uuid)
    was: Cart = theirs.entity
    came = _lines(guest.entity)
    if guest.entity.currency_code != was.currency_code:
        before, after = [await basket.money_of_cart(unit.tx, one) for one in (guest.entity, was)]
        came = _exchanged(came, before, after)
    codes = {caseless(code): code for code in (*was.coupon_codes, *guest.entity.coupon_codes)}
    joined = replace(was, items=await _joined(unit, was.items, came), coupon_codes=list(codes.values()))
    await unit.delete(TABLE, [guest.entity.id])
    row = await saved(unit, theirs, joined)
    await tell_of_items(unit, was.items, row.entity)
    return was.uuid


def _lines(cart: Cart) -> list[CartItem]:
    """What was put into a cart: gifts of promotions come again where they are due."""
    return [one for one in cart.items if one.is_mutable]


async def _joined(unit: Unit, there: Sequence[CartItem], came: Sequence[CartItem]) -> list[CartItem]:
    """The lines of both, as far as a cart has room for pieces."""
    found = list(there)
    for one in came:
        one = replace(one, quantity=min(one.quantity, INT32 - pieces_of(found)))
        if one.quantity < 1:
            continue
        like = next((each for each in found if items.is_like(each, one)), None)
        if like is None or like.kind == "gift_certificate":
            found.append(one)
            continue
        place = found.index(like)
        found[place] = replace(like, quantity=like.quantity + one.quantity)
        if not await _can_be_bought(unit, found, found[place]):
            found[place] = replace(like, quantity=max(like.quantity, one.quantity))
    return found


async def _can_be_bought(unit: Unit, found: Sequence[CartItem], item: CartItem) -> bool:
    faults: list[Fault] = []
    if item.product_id:
        await items.respect_quantity(unit, item, "line_item", faults)
    try:
        await items.respect_stock(unit, found)
    except Refusal as refusal:
        faults += refusal.faults
    return not faults


async def in_currency(unit: Unit, old: Row, code: str) -> Row:
    """The same cart in another currency of its channel, under a new id, as its amounts are others; the old one is gone.

    What was said at its checkout goes with it, but what was an amount of the old one: shipping options, fees, gift
    certificates. Raises Refusal.
    """
    was: Cart = old.entity
    sold_in = (await channel_currencies.of_channels(unit.tx, [was.channel_id]))[was.channel_id]
    if code.upper() not in sold_in.enabled:
        words = f"must be one of those of channel {was.channel_id}: {', '.join(sold_in.enabled)}"
        raise refuse_faults([invalid("currency.code", words)])
    before = await basket.money_of_cart(unit.tx, was)
    kept = await unit.get(checkout.TABLE, was.id)
    made = replace(
        was,
        id=0,
        uuid=unit.outside.once(lambda: str(uuid4())),
        currency_code=code.upper(),
        date_created=moment(unit.now),
        date_modified=moment(unit.now),
        redirect_key=secrets.token_urlsafe(24),
        opened=[],
        given=[],
        status="active",
        edition=1,
    )
    made.token = ""
    made.items = _exchanged(_lines(was), before, await basket.money_of_cart(unit.tx, made))
    await basket.reprice(unit, made)
    row = await unit.insert(TABLE, made)
    if kept is not None:
        said = checkout.TABLE.decode(*checkout.TABLE.encode(kept.entity))
        said.id = said.cart_id = row.entity.id
        said.fees, said.gift_certificates = [], []
        for one in said.consignments:
            one.option_id, one.custom_shipping = "", None
        await unit.insert(checkout.TABLE, said, numbered=True)
        again = TABLE.decode(*TABLE.encode(row.entity))
        await basket.reprice(unit, again, said)
        row = await unit.update(TABLE, row, again)
    await metafields.move(unit, was.uuid, made.uuid)
    await unit.delete(TABLE, [was.id])
    return row


def _exchanged(lines: Sequence[CartItem], old: Money, new: Money) -> list[CartItem]:
    """Lines with their own prices in another currency; the prices of the catalogue are read anew."""
    made = []
    for one in lines:
        price = one.custom_price
        if price is not None:
            price = rounded(price * new.rate / old.rate, new.places)
        made.append(replace(one, custom_price=price))
    return made
