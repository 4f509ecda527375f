"""What becomes of a shopper's cart where no single operation of the store's API does it: at sign-in and sign-out, in
another currency, when gift certificates pay, when a line goes that must be of a version."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bodega.kit.fields import clean_email
from bodega.kit.render import json
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.carts import carts, items, joining
from bodega.resources.carts.cart import TABLE, Cart
from bodega.resources.checkouts import changing, checkout, consignments, prepaid
from bodega.resources.checkouts.checkout import Checkout
from bodega.resources.marketing import gift_certificate_codes as codes
from bodega.resources.marketing.gift_certificate_codes import MOST_CODES
from bodega.storage.query import Row
from bodega.storage.unit import Unit
from bodega.storefront.shoppers_api import ShopperRefused, ShoppersApi, refusing


async def merge_carts(api: ShoppersApi, customer_id: int, guest_cart_id: str, channel_id: int) -> str:
    """The id of the cart of a customer who has just signed in on a channel, with all that is in the guest's cart that
    the browser names (empty: none); empty if there is no cart. The guest's cart is gone then, or has become the
    customer's. The cart of somebody else is left alone. Raises ShopperRefused."""

    async def job(unit: Unit) -> str:
        return await joining.sign_in(unit, customer_id, channel_id, guest_cart_id)

    return await api.write(job)


async def change_currency(api: ShoppersApi, cart: Cart, code: str) -> str:
    """The id of the cart that takes the place of a cart, in another currency. Raises ShopperRefused."""

    async def job(unit: Unit) -> str:
        made = await joining.in_currency(unit, await _held(unit, cart), code)
        return str(made.entity.uuid)

    return await api.write(job)


async def _held(unit: Unit, cart: Cart, version: int | None = None) -> Row:
    """The cart inside a transaction, if it is still of this version. Raises Refusal."""
    row = await unit.get(TABLE, cart.id)
    if row is None or row.entity.order_id or row.entity.customer_id != cart.customer_id:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    if version is not None and version != row.entity.edition:
        raise Refusal(Reason.VERSION_CONFLICT, details={"version": row.entity.edition})
    return row


async def drop_line(api: ShoppersApi, cart: Cart, item_id: str, version: int | None = None) -> bool:
    """Takes a line out of a cart, with what hangs upon it; whether the cart is gone with its last line. Raises
    ShopperRefused."""

    async def job(unit: Unit) -> bool:
        old = await _held(unit, cart, version)
        gone = items.item_of(old.entity, item_id)
        if not gone.is_mutable:
            raise refuse_faults([invalid("line_item", "cannot be removed: the item is added by a promotion")])
        row = await carts.left(unit, old, [one for one in old.entity.items if gone.id not in (one.id, one.parent_id)])
        if row is not None:
            await changing.forget_options(unit, cart.id)
        return row is None

    return await api.write(job)


async def change_certificate(
    api: ShoppersApi, cart: Cart, item_id: str, said: dict[str, Any], version: int | None = None
) -> None:
    """Changes a gift certificate that is being bought: `said` is the whole of it, as V3 names its members. Raises
    ShopperRefused."""

    async def job(unit: Unit) -> None:
        old = await _held(unit, cart, version)
        item = items.item_of(old.entity, item_id)
        if item.kind != "gift_certificate":
            raise refuse_faults([invalid("gift_certificate", "must not be sent: the line is none")])
        draft = carts.more.read(json({"gift_certificates": [said]}), creating=False)
        made = items.certificate_of(draft["gift_certificates"][0], item.id)
        lines = [made if one.id == item.id else one for one in old.entity.items]
        await carts.saved(unit, old, replace(old.entity, items=lines))

    await api.write(job)


async def forget_shipping(api: ShoppersApi, cart: Cart) -> None:
    """Takes back the shipping options of a cart of which lines have changed; consignments and addresses stay. Raises
    ShopperRefused."""

    async def job(unit: Unit) -> None:
        await changing.forget_options(unit, cart.id)

    await api.write(job)


async def change_checkout(
    api: ShoppersApi, cart: Cart, change: changing.UnitChange, version: int | None = None
) -> None:
    """Changes the checkout of a cart. Raises ShopperRefused."""

    async def job(unit: Unit) -> None:
        old = await _held(unit, cart, version)

        async def inside(now: Cart, of: Checkout) -> None:
            await change(unit, now, of)

        await changing.write_changed(unit, old, await unit.get(checkout.TABLE, cart.id), inside)

    await api.write(job)


async def name_guest(api: ShoppersApi, cart: Cart, email: str, version: int | None = None) -> None:
    """Says who shops, before there is an address: the e-mail address of a guest. Raises ShopperRefused."""

    async def change(_unit: Unit, now: Cart, of: Checkout) -> None:
        try:
            now.email = clean_email(email)
        except ValueError as error:
            raise refuse_faults([invalid("email", str(error))]) from None
        if of.billing_address is not None:
            of.billing_address.email = now.email

    await change_checkout(api, cart, change, version)


async def refuse_guessing(api: ShoppersApi, address: str, most: int = MOST_CODES) -> None:
    """Raises ShopperRefused after too many wrong codes from a network address."""
    assert api.store.rows is not None
    with refusing():
        await codes.may_guess(api.store.rows.reader, api.store.time(), [codes.Guesser.of_address(address, most)])


async def count_wrong_code(api: ShoppersApi, address: str, most: int = MOST_CODES) -> None:
    """Counts a wrong code from a network address. Raises ShopperRefused for one too many."""
    await api.write(lambda unit: codes.count_wrong(unit, [codes.Guesser.of_address(address, most)]))


async def enter_certificate(
    api: ShoppersApi, cart: Cart, code: str, version: int | None = None, *, address: str = "", most: int = MOST_CODES
) -> None:
    """Lets a gift certificate pay a part of a checkout. Wrong codes are counted by the network address that they come
    from, `most` of them in an hour. Raises ShopperRefused."""
    await refuse_guessing(api, address, most)

    async def change(unit: Unit, now: Cart, of: Checkout) -> None:
        await prepaid.enter(unit, now, of, code)

    try:
        await change_checkout(api, cart, change, version)
    except ShopperRefused as refused:
        if refused.reason is Reason.FIELD_INVALID:
            await count_wrong_code(api, address, most)
        raise


async def drop_certificate(api: ShoppersApi, cart: Cart, code: str, version: int | None = None) -> None:
    """Takes a gift certificate back from a checkout. Raises ShopperRefused."""

    async def change(_unit: Unit, _now: Cart, of: Checkout) -> None:
        prepaid.drop(of, code)

    await change_checkout(api, cart, change, version)


async def use_credit(api: ShoppersApi, cart: Cart, wanted: bool, version: int | None = None) -> None:
    """Lets the store credit of the customer pay what gift certificates leave, or not. Raises ShopperRefused."""

    async def change(_unit: Unit, _now: Cart, of: Checkout) -> None:
        of.pays_by_credit = wanted

    await change_checkout(api, cart, change, version)


async def drop_coupon(api: ShoppersApi, cart: Cart, code: str, version: int | None = None) -> None:
    """Takes a coupon back from a checkout. Raises ShopperRefused."""

    async def change(_unit: Unit, now: Cart, _of: Checkout) -> None:
        changing.drop_coupon(now, code)

    await change_checkout(api, cart, change, version)


async def drop_consignment(api: ShoppersApi, cart: Cart, consignment_id: str, version: int | None = None) -> None:
    """Takes a consignment out of a checkout. Raises ShopperRefused."""

    async def change(_unit: Unit, _now: Cart, of: Checkout) -> None:
        of.consignments.remove(consignments.find(of, consignment_id))

    await change_checkout(api, cart, change, version)
