"""The operations of checkouts: what a shopper says between a cart and its order (rules 30 and 120).

A checkout is a cart: it has the same id and the same version, and each change of it is one of the cart.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from bodega.access.settings import with_defaults
from bodega.domain.pricing.adjustments import Origin
from bodega.domain.pricing.quote import Quote
from bodega.kit.actions import Action
from bodega.kit.body import be_a_list, parse_json
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.carts import basket
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart, Given, fire_cart_event
from bodega.resources.checkouts import changing, checkout, consignments, costs, placing
from bodega.resources.checkouts.checkout import (
    MOST_FEES,
    SCOPE,
    Checkout,
    CheckoutFee,
    CheckoutToken,
    CustomShipping,
)
from bodega.resources.checkouts.document import BANNERS, LINES, MEMBERS, OPTIONS, Offered, document, members
from bodega.resources.checkouts.drafts import (
    AddressDraft,
    ChangedFees,
    CustomShippingDraft,
    DiscountsDraft,
    FeeDraft,
    FeeIds,
    ItemsOfConsignment,
    NewConsignments,
    NewFees,
    PickupChoice,
    settled,
)
from bodega.resources.providers.shipping_rates import Asking
from bodega.storage.aggregate import Aggregate
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

LONGEST_MESSAGE = 2_000
DEFAULT_LIFE, LONGEST_LIFE = 86_400, 2_592_000
"""Seconds that a checkout token lives."""

Message = Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
_ADDRESS_TYPES = {field.name: field.type for field in msgspec.structs.fields(AddressDraft)}


async def _nothing(_context: Any, _ids: Any) -> dict[int, bytes]:
    return {}


INCLUDES = {name: Include(_nothing) for name in (*LINES, OPTIONS, BANNERS)}
"""What a query may ask for; `document.py` puts it into the checkout."""


def _shape(required: str = "", **written: Any) -> V3Shape:
    return V3Shape(
        Checkout,
        required=required,
        read_only=" ".join(Checkout.__struct_fields__),
        write_only={"version": int, **written},
        view=lambda of: members(Cart(uuid=""), of, {}, ""),
        members=MEMBERS,
    )


_LIST = Listing(CARTS, 3, "", includes=INCLUDES, shown=MEMBERS.split(), always=("id",))


def _endpoint(shape: V3Shape) -> Endpoint:
    return Endpoint(3, CARTS, _LIST, SCOPE, "", v3=shape, key="uuid")


class ShowCheckout(Action):
    """GET. A cart at whose checkout nothing was said yet has one as well."""

    files = True

    def __init__(self, shape: V3Shape) -> None:
        super().__init__(_endpoint(shape))
        self.shape = shape

    def read(self, content: Any) -> Any:
        return self.shape.read(content, creating=True)

    async def find(self, context: Context) -> Found:
        found = await self.selection.item(replace(context, ids=context.ids[:1]))
        of = await context.reader.row("SELECT version, modified FROM checkouts WHERE id = $1", found.entity_id)
        if of is None or found.state is None:
            return found
        return replace(found, state=Validator.of_all(found.state, Validator(*of)))

    async def answer(self, context: Context, found: Found) -> Outcome:
        cart = found.row.decoded(CARTS, held=False).entity
        of = await costs.checkout_of(context.reader, found.entity_id) or Checkout(cart_id=cart.id)
        return await self.shown(context, cart, of, found.state)

    async def shown(self, context: Context, cart: Cart, of: Checkout, state: Validator | None) -> Shown:
        """The checkout as it is now."""
        offered = await _offered(context, cart, of) if OPTIONS in context.query.include else {}
        ready = b'{"data":' + await document(context, cart, of, offered) + b',"meta":{}}'
        return Shown(ready=ready, state=state)


async def _offered(context: Context, cart: Cart, of: Checkout) -> Offered:
    money = await basket.money_of_cart(context.reader, cart)
    known = await costs.weights_of(context.reader, cart)
    owed = {item.id: item.extended_sale_price - item.coupon_amount for item in cart.items}
    asking = Asking(with_defaults(context.record.settings), context.outside)
    return {
        one.id: await costs.options_of(context.reader, cart, one, owed, money, known, asking) for one in of.consignments
    }


class ChangeCheckout(ShowCheckout):
    """A write. `change` says what becomes of the checkout and its cart; then both are priced and kept."""

    writes = True
    body = True

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        """Changes both. Raises Refusal."""
        raise NotImplementedError

    async def priced(self, unit: Unit, before: Cart, cart: Cart, answer: Quote, draft: Any) -> None:
        """Looks at what a change came to. Raises Refusal."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old, kept = await held(unit, write)
        draft = write.draft
        refuse_other_version(old.entity, draft)

        async def change(cart: Cart, of: Checkout) -> None:
            await self.change(unit, cart, of, draft, context.ids)

        async def judge(cart: Cart, answer: Quote) -> None:
            await self.priced(unit, old.entity, cart, answer, draft)

        made = await changing.write_changed(unit, old, kept, change, judge)
        if made is None:
            return await self.shown(context, old.entity, changing.copy_of(kept, old.entity), write.found.state)
        row, own = made
        state = Validator.of_all(Validator(row.version, row.modified), Validator(own.version, own.modified))
        return await self.shown(context, row.entity, own.entity, state)


async def held(unit: Unit, write: Write) -> tuple[Row, Row | None]:
    """The rows of the cart and of its checkout inside the transaction. Raises Refusal."""
    row = await unit.get(CARTS, write.found.entity_id)
    kept = None if row is None else await unit.get(checkout.TABLE, row.entity.id)
    if write.recheck is not None:
        states = [Validator(one.version, one.modified) for one in (row, kept) if one is not None]
        write.recheck(None if row is None else states[0] if len(states) == 1 else Validator.of_all(*states))
    if row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return row, kept


def refuse_other_version(cart: Cart, draft: Any) -> None:
    """Rule 30: a body that names a version is meant for that one. Raises Refusal."""
    drafts = draft if isinstance(draft, list) else [draft]
    for one in drafts:
        said = one.get("version", UNSET) if isinstance(one, dict) else one.version
        if said is not UNSET and said != cart.edition:
            raise Refusal(Reason.VERSION_CONFLICT, details={"version": cart.edition})


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise refuse_faults(faults)


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
        _refuse(faults)
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
        _refuse(faults)


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
        _refuse(faults)
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
        _refuse(faults)

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
        _refuse(faults)
        cart.given = [
            *(Given(id=BY_HAND, amount=one.discounted_amount, name=one.name) for one in named.discounts),
            *(Given(id=BY_HAND, amount=one.discounted_amount, item_id=one.id) for one in named.line_items),
        ]

    async def priced(self, unit: Unit, before: Cart, cart: Cart, answer: Quote, draft: Any) -> None:
        """Refuses a discount on an item that has another."""
        _refuse_both(cart, answer, "cart.line_items")


BY_HAND = "manual-discount"


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
    _refuse(faults)


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


_SHOW = _shape()
_MESSAGE = _shape("customer_message", customer_message=Message)
_BILLING = _shape("email country_code", **_ADDRESS_TYPES)
_BILLING_CHANGE = _shape("", **_ADDRESS_TYPES)
_CONSIGNMENTS = _shape("consignments", consignments=NewConsignments)
_CONSIGNMENT = _shape(
    address=AddressDraft,
    line_items=ItemsOfConsignment,
    shipping_option_id=str,
    pickup_option=PickupChoice,
    custom_shipping=CustomShippingDraft,
)
_COUPON = _shape("coupon_code", coupon_code=Code)
_DISCOUNTS = _shape("cart", cart=DiscountsDraft)
_FEES = _shape("fees", fees=NewFees)
_FEES_CHANGE = _shape("fees", fees=ChangedFees)
_FEES_GONE = _shape("ids", ids=FeeIds)
_TOKEN = _shape(
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
