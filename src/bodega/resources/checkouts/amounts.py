"""The operations on what a checkout costs besides its items: coupons, the merchant's discounts, fees (rule 120)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from msgspec import UNSET

from bodega.domain.pricing.adjustments import Origin
from bodega.domain.pricing.quote import Quote
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.resources.carts.cart import Cart, Given, fire_cart_event
from bodega.resources.checkouts import changing
from bodega.resources.checkouts.actions import ChangeCheckout, refuse
from bodega.resources.checkouts.checkout import MOST_FEES, Checkout, CheckoutFee
from bodega.resources.checkouts.drafts import DiscountsDraft, FeeDraft
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

BY_HAND = "manual-discount"


class EnterCoupon(ChangeCheckout):
    """POST of a coupon code: one that does not apply is refused, with the reason."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        code = draft["coupon_code"].strip()
        if caseless(code) in map(caseless, cart.coupon_codes):
            raise refuse_faults([invalid("coupon_code", "must not be entered twice")])
        cart.coupon_codes = [*cart.coupon_codes, code]

    async def priced(self, unit: Unit, before: Cart, cart: Cart, answer: Quote, draft: Any) -> None:
        """Tells why the code does not apply; else the event of an applied coupon."""
        code = caseless(cart.coupon_codes[-1])
        why = next((one.reason for one in answer.refused if caseless(one.code) == code), "")
        if why:
            raise refuse_faults([Fault(Reason.FIELD_INVALID, "coupon_code", why)])
        _refuse_both(cart, answer, "coupon_code")
        applied = next((one for one in cart.coupons if caseless(one.code) == code), None)
        if applied is not None:
            await fire_cart_event(unit, cart, "couponApplied", couponId=applied.id)


class DropCoupon(ChangeCheckout):
    """DELETE of a coupon code."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        changing.drop_coupon(cart, ids[1])


class SetDiscounts(ChangeCheckout):
    """POST of the merchant's discounts, which take the place of those before (rule 120)."""

    def read(self, content: Any) -> Any:
        draft = super().read(content)
        named: DiscountsDraft = draft["cart"]
        if named.version is not UNSET:
            draft["version"] = named.version
        return draft

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        named: DiscountsDraft = draft["cart"]
        faults: list[Fault] = []
        if not named.discounts and not named.line_items:
            faults.append(missing("cart.discounts"))
        there = {item.id: item for item in cart.items}
        seen: set[str] = set()
        for place, one in enumerate(named.line_items):
            item = there.get(one.id)
            if one.id in seen:
                faults.append(invalid(f"cart.line_items.{place}.id", "must not be named twice"))
            seen.add(one.id)
            if item is None:
                faults.append(invalid(f"cart.line_items.{place}.id", "must be an item of the cart"))
            elif one.discounted_amount > item.extended_list_price:
                field = f"cart.line_items.{place}.discounted_amount"
                faults.append(invalid(field, f"must be at most {item.extended_list_price}, what the item costs"))
        refuse(faults)
        cart.given = [
            *(Given(id=BY_HAND, amount=one.discounted_amount, name=one.name) for one in named.discounts),
            *(
                Given(id=BY_HAND, amount=one.discounted_amount, name=one.name, item_id=one.id)
                for one in named.line_items
            ),
        ]

    async def priced(self, unit: Unit, before: Cart, cart: Cart, answer: Quote, draft: Any) -> None:
        """Refuses a discount on an item that has another."""
        _refuse_both(cart, answer, "cart.line_items")


def _refuse_both(cart: Cart, answer: Quote, field: str) -> None:
    """Rule 120: an item has the merchant's discount, or one of a coupon or promotion. Raises Refusal."""
    by_hand = {one.item_id for one in cart.given if one.item_id}
    for line in answer.lines:
        if line.key in by_hand and line.cost.discounts(Origin.COUPON, Origin.PROMOTION, target="item"):
            why = f"cannot be: the item {line.key} would have a manual discount beside that of a coupon or promotion"
            raise refuse_faults([invalid(field, why)])


class AddFees(ChangeCheckout):
    """POST of fees (rule 120)."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        if not draft["fees"]:
            raise refuse_faults([missing("fees")])
        of.fees += [_fee(one, unit.outside.once(lambda: str(uuid4()))) for one in draft["fees"]]
        if len(of.fees) > MOST_FEES:
            raise refuse_faults([invalid("fees", f"must be at most {MOST_FEES} in a checkout")])


class ChangeFees(ChangeCheckout):
    """PUT of fees: each is sent whole."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        _know(of, [one.id for one in draft["fees"]], "fees.{}.id")
        changed = {one.id: _fee(one, one.id) for one in draft["fees"]}
        of.fees = [changed.get(fee.id, fee) for fee in of.fees]


class DropFees(ChangeCheckout):
    """DELETE of fees."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        _know(of, draft["ids"], "ids.{}")
        of.fees = [fee for fee in of.fees if fee.id not in draft["ids"]]


def _fee(draft: FeeDraft, fee_id: str) -> CheckoutFee:
    return CheckoutFee(
        id=fee_id,
        type=draft.type,
        name=draft.name,
        display_name=draft.display_name,
        cost=draft.cost,
        source=draft.source,
        tax_class_id=draft.tax_class_id,
    )


def _know(of: Checkout, ids: list[str], field: str) -> None:
    if not ids:
        raise refuse_faults([missing(field.partition(".")[0])])
    there = {fee.id for fee in of.fees}
    faults = [
        invalid(field.format(place), "must be a fee of the checkout")
        for place, one in enumerate(ids)
        if one not in there
    ]
    refuse(faults)
