"""The operations of checkouts: what a shopper says between a cart and its order (rules 30 and 120)."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated, Any

import msgspec

from bodega.domain.pricing.quote import Quote
from bodega.kit.body import be_a_list, parse_json
from bodega.kit.context import Context, Write
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts import changing, checkout, consignments, placing
from bodega.resources.checkouts.actions import ChangeCheckout, ShowCheckout, held, refuse, shape_of
from bodega.resources.checkouts.amounts import (
    AddFees,
    ChangeFees,
    DropCoupon,
    DropFees,
    EnterCoupon,
    SetDiscounts,
)
from bodega.resources.checkouts.checkout import Checkout, CheckoutToken, CustomShipping
from bodega.resources.checkouts.drafts import (
    AddressDraft,
    ChangedFees,
    CustomShippingDraft,
    DiscountsDraft,
    FeeIds,
    ItemsOfConsignment,
    NewConsignments,
    NewFees,
    PickupChoice,
    settled,
)
from bodega.storage.aggregate import Aggregate
from bodega.storage.unit import Unit

LONGEST_MESSAGE = 2_000
DEFAULT_LIFE, LONGEST_LIFE = 86_400, 2_592_000
"""Seconds that a checkout token lives."""

Message = Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
_ADDRESS_TYPES = {field.name: field.type for field in msgspec.structs.fields(AddressDraft)}


class SayMessage(ChangeCheckout):
    """PUT: the shopper's message (rule 120)."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        of.customer_message = draft["customer_message"]


class SetBilling(ChangeCheckout):
    """POST and PUT of the billing address; its e-mail address is that of the cart."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        old = of.billing_address
        if len(ids) > 1 and (old is None or old.id != ids[1]):
            raise Refusal(Reason.NO_SUCH_ENTITY)
        faults: list[Fault] = []
        named = AddressDraft(**{name: value for name, value in draft.items() if name in _ADDRESS_TYPES})
        made = settled(named, "", faults, old if len(ids) > 1 else None)
        refuse(faults)
        made.id = old.id if old is not None else consignments.new_id(unit)
        of.billing_address = made
        cart.email = made.email


class AddConsignments(ChangeCheckout):
    """POST of a list of consignments."""

    reads_otherwise = True

    @property
    def takes(self) -> Any:
        """The list that the shape has as its only member."""
        return self.shape.types["consignments"]

    def read(self, content: Any) -> Any:
        be_a_list(parse_json(content))
        draft = self.shape.read(b'{"consignments":' + content + b"}", creating=True)
        return draft["consignments"]

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        faults: list[Fault] = []
        if not draft:
            faults.append(missing("0.line_items"))
        for place, one in enumerate(draft):
            await consignments.added(unit, cart, of, one, f"{place}.", faults)
        refuse(faults)


class ChangeConsignment(ChangeCheckout):
    """PUT of a consignment: its address and items, or else its shipping option; or its pickup method. What was selected
    stays selected where it is offered for the new address and items, at what it costs then."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        one = consignments.find(of, ids[1])
        faults: list[Fault] = []
        moves = [name for name in ("address", "line_items") if consignments.is_set(draft.get(name))]
        prices = [
            name
            for name in ("shipping_option_id", "custom_shipping", "pickup_option")
            if consignments.is_set(draft.get(name))
        ]
        if not moves and not prices:
            faults.append(missing("shipping_option_id"))
        if len(prices) > 1 or (moves and "shipping_option_id" in prices):
            faults.append(invalid(prices[0], "must be sent alone: the options follow from address and items"))
        refuse(faults)
        if moves:
            one.custom_shipping = None
        if "address" in moves:
            old = one.address
            one.address = settled(draft["address"], "address.", faults, old, needed=consignments.needed_by(unit))
            one.address.id = old.id if old is not None else consignments.new_id(unit)
        if "line_items" in moves:
            one.item_ids = consignments.assigned(unit, cart, of, draft["line_items"], "line_items", faults, one)
        if "pickup_option" in prices:
            await consignments.collect(unit, one, draft["pickup_option"], "", faults)
        elif prices and one.address is None:
            faults.append(invalid(prices[0], "must not be sent: the consignment has no address"))
        elif "custom_shipping" in prices:
            given: CustomShippingDraft = draft["custom_shipping"]
            one.option_id, one.pickup_method_id = "", 0
            one.custom_shipping = CustomShipping(price=given.price, description=given.description)
        elif "shipping_option_id" in prices:
            one.option_id, one.custom_shipping, one.pickup_method_id = draft["shipping_option_id"], None, 0
        refuse(faults)

    async def priced(self, unit: Unit, before: Cart, cart: Cart, answer: Quote, draft: Any) -> None:
        """An option that is not among the available ones is refused."""
        wanted = draft.get("shipping_option_id")
        if not wanted:
            return
        if all(one.option is None or one.option.id != wanted for one in cart.totals.consignments):
            raise refuse_faults([invalid("shipping_option_id", "must be one of the available shipping options")])


class DropConsignment(ChangeCheckout):
    """DELETE of a consignment."""

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        one = consignments.find(of, ids[1])
        of.consignments.remove(one)


class PlaceOrder(ShowCheckout):
    """POST: makes the order. Sent again, also at the same time, it answers with the same order."""

    writes = True
    body = True

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old, kept = await held(unit, write)
        order_id = old.entity.order_id or await placing.place(unit, old, changing.copy_of(kept, old.entity))
        return Shown(ready=json({"data": {"id": order_id}, "meta": {}}))


class MakeToken(ShowCheckout):
    """POST of a token that shows a guest the confirmation of the order. Only its digest is kept."""

    anew = True
    writes = True
    body = True

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old, _ = await held(unit, write)
        if old.entity.order_id:
            raise Refusal(Reason.CHECKOUT_PLACED, details={"order_id": old.entity.order_id})
        token = secrets.token_hex(16)
        made = CheckoutToken(
            digest=hashlib.sha256(token.encode()).hexdigest(),
            cart_id=old.entity.id,
            max_uses=int(write.draft.get("maxUses", 1)),
            expires=unit.now + int(write.draft.get("ttl", DEFAULT_LIFE)),
        )
        await unit.insert(checkout.TOKENS, made)
        return Shown(ready=json({"checkoutToken": token, "meta": {}}))


_SHOW = shape_of()
_MESSAGE = shape_of("customer_message", customer_message=Message)
_BILLING = shape_of("email country_code", **_ADDRESS_TYPES)
_BILLING_CHANGE = shape_of("", **_ADDRESS_TYPES)
_CONSIGNMENTS = shape_of("consignments", consignments=NewConsignments)
_CONSIGNMENT = shape_of(
    address=AddressDraft,
    line_items=ItemsOfConsignment,
    shipping_option_id=str,
    pickup_option=PickupChoice,
    custom_shipping=CustomShippingDraft,
)
_COUPON = shape_of("coupon_code", coupon_code=Code)
_DISCOUNTS = shape_of("cart", cart=DiscountsDraft)
_FEES = shape_of("fees", fees=NewFees)
_FEES_CHANGE = shape_of("fees", fees=ChangedFees)
_FEES_GONE = shape_of("ids", ids=FeeIds)
_TOKEN = shape_of(
    maxUses=Annotated[int, msgspec.Meta(ge=1, le=1_000)],
    ttl=Annotated[int, msgspec.Meta(ge=1, le=LONGEST_LIFE)],
)

_AT = "checkouts/{checkout_id:text}"
routes = (
    route(_AT, 3, GET=ShowCheckout(_SHOW), PUT=SayMessage(_MESSAGE)),
    route(f"{_AT}/billing-address", 3, POST=SetBilling(_BILLING)),
    route(f"{_AT}/billing-address/{{address_id:text}}", 3, PUT=SetBilling(_BILLING_CHANGE)),
    route(f"{_AT}/consignments", 3, POST=AddConsignments(_CONSIGNMENTS)),
    route(
        f"{_AT}/consignments/{{consignment_id:text}}",
        3,
        PUT=ChangeConsignment(_CONSIGNMENT),
        DELETE=DropConsignment(_SHOW),
    ),
    route(f"{_AT}/coupons", 3, POST=EnterCoupon(_COUPON)),
    route(f"{_AT}/coupons/{{coupon_code:text}}", 3, DELETE=DropCoupon(_SHOW)),
    route(f"{_AT}/discounts", 3, POST=SetDiscounts(_DISCOUNTS)),
    route(f"{_AT}/fees", 3, POST=AddFees(_FEES), PUT=ChangeFees(_FEES_CHANGE), DELETE=DropFees(_FEES_GONE)),
    route(f"{_AT}/orders", 3, POST=PlaceOrder(_SHOW)),
    route(f"{_AT}/token", 3, POST=MakeToken(_TOKEN)),
)

RESOURCE = Resource(
    aggregates=(Aggregate(checkout.TABLE), Aggregate(checkout.TOKENS)),
    routes=routes,
)
