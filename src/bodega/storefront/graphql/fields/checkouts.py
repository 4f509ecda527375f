"""Checkouts as shoppers see them: what was said at a cart, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bodega.resources.carts.cart import Cart, ConsignmentTotals
from bodega.resources.checkouts import costs, prepaid
from bodega.resources.checkouts.checkout import CheckoutAddress, CheckoutConsignment
from bodega.resources.customers import forms
from bodega.resources.customers.forms import Form
from bodega.resources.orders import order
from bodega.storefront.graphql.asking import Asking, Thing, node_id
from bodega.storefront.graphql.execution import batch, plain, plain_with, shaped
from bodega.storefront.graphql.fields.carts import Shown, amounts, moment, shown_of, with_tax
from bodega.storefront.graphql.fields.form_fields import own_fields
from bodega.storefront.graphql.fields.orders import order_thing
from bodega.storefront.graphql.fields.prices import money_as
from bodega.storefront.shopper import cart_of

Args = Mapping[str, Any]
OPTIONS = "consignments.available_shipping_options"
ZERO = Decimal(0)


async def checkout_thing(asking: Asking, entity_id: str | None, *, ordered: bool = False) -> Thing | None:
    """The checkout of the shopper's cart of this id, as an object of the answer; None if there is none. With `ordered`
    also one that has become an order."""
    cart = await cart_of(asking.reader, entity_id or "", asking.channel_id, asking.customer_id, ordered=ordered)
    if cart is None:
        return None
    return Thing("Checkout", cart, await shown_of(asking, cart, await costs.checkout_of(asking.reader, cart.id)))


@batch("Site.checkout")
async def _checkout(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return [await checkout_thing(asking, args.get("entityId"), ordered=True)] * len(things)


@batch("Checkout.order")
async def _order(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Thing | None]:
    """The order that a checkout has become: its shopper's, like the checkout."""
    rows = await asking.rows(order.TABLE, [thing.row.order_id for thing in things])
    found = [rows.get(thing.row.order_id) for thing in things]
    return [None if one is None or one.is_deleted else await order_thing(asking, "Order", one) for one in found]


def _costs(shown: Shown) -> dict[str, ConsignmentTotals]:
    return {one.id: one for one in shown.cart.totals.consignments}


def _consignments(thing: Thing) -> list[Thing]:
    """Those that are sent: what is collected has no address."""
    shown: Shown = thing.more
    found = _costs(shown)
    return [
        Thing("CheckoutShippingConsignment", (one, found[one.id]), shown)
        for one in shown.of.consignments
        if one.address is not None and one.id in found
    ]


def _taken_off(cart: Cart) -> Decimal:
    return sum((part.amount for one in cart.totals.consignments for part in one.taken_off), ZERO)


def _shipping(cart: Cart, shown: Shown) -> Decimal:
    return with_tax(shown, cart.totals.shipping_ex_tax, cart.totals.shipping_inc_tax)


def _wrapping(cart: Cart, _shown: Shown) -> Decimal:
    return sum((one.wrapping.amount for one in cart.items if one.wrapping is not None), ZERO)


def _address(kind: str, address: CheckoutAddress | None) -> Thing | None:
    return None if address is None else Thing(kind, address)


def _coupons(thing: Thing) -> list[dict[str, Any]]:
    """The coupons of a checkout, each as it is shown."""
    return [_coupon(one.id, one.code, one.kind, one.amount, thing.more) for one in thing.row.coupons]


def _coupon(number: int | str, code: str, kind: str, amount: Decimal, shown: Shown) -> dict[str, Any]:
    off = money_as(amount, shown.currency)
    return {
        "entityId": number if isinstance(number, int) else 0,
        "code": code,
        "couponType": kind.upper() or "PROMOTION",
        "discountedAmount": off,
        "discountedAmountInDisplayCurrency": off,
    }


def _promotions(thing: Thing) -> list[dict[str, Any]]:
    banners = [
        {"entityId": place, "type": "PROMOTION", "locations": ["CHECKOUT_PAGE"], "text": text}
        for place, text in enumerate(thing.row.banners, start=1)
    ]
    return [{"banners": banners}] if banners else []


plain(
    "Checkout",
    id=lambda thing: node_id("Checkout", thing.row.uuid),
    entityId=lambda thing: thing.row.uuid,
    currencyCode=lambda thing: thing.row.currency_code,
    displayCurrencyCode=lambda thing: thing.row.currency_code,
    billingAddress=lambda thing: _address("CheckoutBillingAddress", thing.more.of.billing_address),
    cart=lambda thing: Thing("Cart", thing.row, thing.more),
    shippingConsignments=_consignments,
    taxes=lambda thing: [Thing("CheckoutTax", one, thing.more) for one in thing.row.totals.taxes],
    createdAt=lambda thing: moment(thing.row.date_created),
    updatedAt=lambda thing: moment(thing.row.date_modified),
    customerMessage=lambda thing: thing.more.of.customer_message or None,
    coupons=_coupons,
    promotions=_promotions,
    version=lambda thing: thing.row.edition,
)
amounts(
    "Checkout",
    {
        "shippingCostTotal": lambda cart, shown: _shipping(cart, shown) - _taken_off(cart),
        "shippingCostBeforeDiscount": _shipping,
        "comparisonShippingCost": _shipping,
        "giftWrappingCostTotal": _wrapping,
        "handlingCostTotal": lambda cart, shown: with_tax(
            shown, cart.totals.handling_ex_tax, cart.totals.handling_inc_tax
        ),
        "taxTotal": lambda cart, _: cart.totals.tax_total,
        "subtotal": lambda cart, shown: with_tax(shown, cart.totals.subtotal_ex_tax, cart.totals.subtotal_inc_tax),
        "grandTotal": lambda cart, _: cart.totals.grand_total,
    },
)
plain("CheckoutTax", name=lambda thing: thing.row.name)
amounts("CheckoutTax", {"amount": lambda tax, _: tax.amount})


async def _reckoned(asking: Asking, thing: Thing) -> prepaid.Prepaid:
    shown: Shown = thing.more
    reader, now = asking.reader, asking.store.time()
    return await asking.once(
        ("prepaid", thing.row.uuid), lambda: prepaid.reckoned(reader, thing.row, shown.of, now, shown.places)
    )


@batch("Checkout.outstandingBalance")
@batch("Checkout.outstandingBalanceInDisplayCurrency")
async def _outstanding(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    return [money_as((await _reckoned(asking, thing)).outstanding, thing.more.currency) for thing in things]


@batch("Checkout.giftCertificates")
async def _certificates(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    return [
        [Thing("CheckoutGiftCertificate", one, thing.more) for one in (await _reckoned(asking, thing)).certificates]
        for thing in things
    ]


plain(
    "CheckoutGiftCertificate",
    code=lambda thing: thing.row.certificate.code,
    purchaseDate=lambda thing: moment(thing.row.certificate.purchase_date),
)
amounts(
    "CheckoutGiftCertificate",
    {
        "balance": lambda one, _: one.certificate.balance,
        "remaining": lambda one, _: one.remaining,
        "used": lambda one, _: one.used,
    },
)


@plain_with("Checkout.fees")
def _fees(_asking: Asking, thing: Thing, _args: Args) -> list[Any]:
    taxed = {one.id: one for one in thing.row.totals.fees}
    fees = thing.more.of.fees
    return [Thing("CheckoutFee", (fee, taxed[fee.id]), thing.more) for fee in fees if fee.id in taxed]


plain(
    "CheckoutFee",
    id=lambda thing: thing.row[0].id,
    feeType=lambda thing: thing.row[0].type.upper(),
    name=lambda thing: thing.row[0].name,
    displayName=lambda thing: thing.row[0].display_name,
    source=lambda thing: thing.row[0].source,
    taxClassId=lambda thing: thing.row[0].tax_class_id,
)
amounts("CheckoutFee", {"cost": lambda fee, shown: with_tax(shown, fee[1].cost_ex_tax, fee[1].cost_inc_tax)})

for _kind in ("CheckoutBillingAddress", "CheckoutConsignmentAddress"):
    plain(
        _kind,
        firstName=lambda thing: thing.row.first_name or None,
        lastName=lambda thing: thing.row.last_name or None,
        email=lambda thing: thing.row.email or None,
        company=lambda thing: thing.row.company or None,
        address1=lambda thing: thing.row.address1 or None,
        address2=lambda thing: thing.row.address2 or None,
        city=lambda thing: thing.row.city or None,
        stateOrProvince=lambda thing: thing.row.state_or_province or None,
        stateOrProvinceCode=lambda thing: thing.row.state_or_province_code or None,
        countryCode=lambda thing: thing.row.country_code,
        postalCode=lambda thing: thing.row.postal_code or None,
        phone=lambda thing: thing.row.phone or None,
    )
plain("CheckoutBillingAddress", entityId=lambda thing: thing.row.id)


@batch("CheckoutBillingAddress.customFields")
@batch("CheckoutConsignmentAddress.customFields")
async def _custom_fields(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    asked = any(thing.row.custom_fields for thing in things)
    known = forms.numbered(await own_fields(asking, "address")) if asked else {}
    return [[_answer(one.field_id, one.field_value, known) for one in thing.row.custom_fields] for thing in things]


def _answer(field_id: str, value: Any, known: Mapping[int, Form]) -> dict[str, Any]:
    """An answer to a field of the address form, as the type that the field has; of one that is gone, as its value."""
    number = forms.number_in(field_id)
    field = known.get(number)
    kind = "" if field is None else field.type
    if field is not None and kind in forms.CHOICES:
        places = forms.chosen(field, value)
        if kind == "checkboxes":
            return _told("Checkboxes", number, valueEntityIds=places)
        if places:
            return _told("MultipleChoice", number, valueEntityId=places[0])
    if isinstance(value, list):
        return _told("Checkboxes", number, valueEntityIds=[int(one) for one in value if str(one).isdigit()])
    if kind == "date":
        return _told("Date", number, date=moment(str(value)))
    if kind == "password":
        return _told("Password", number, password=str(value))
    if not isinstance(value, str):
        return _told("Number", number, number=float(value))
    return _told("TextField", number, text=value)


def _told(word: str, entity_id: int, **more: Any) -> dict[str, Any]:
    return {"__typename": f"CheckoutAddress{word}CustomField", "entityId": entity_id, **more}


def _of_consignment(thing: Thing) -> tuple[CheckoutConsignment, ConsignmentTotals]:
    found: tuple[CheckoutConsignment, ConsignmentTotals] = thing.row
    return found


def _line_ids(thing: Thing) -> list[str]:
    there = {item.id for item in thing.more.cart.items}
    return [one for one in _of_consignment(thing)[0].item_ids if one in there]


def _selected(thing: Thing) -> Thing | None:
    option = _of_consignment(thing)[1].option
    return None if option is None else Thing("CheckoutSelectedShippingOption", option, thing.more)


plain(
    "CheckoutShippingConsignment",
    entityId=lambda thing: _of_consignment(thing)[0].id,
    address=lambda thing: _address("CheckoutConsignmentAddress", _of_consignment(thing)[0].address),
    selectedShippingOption=_selected,
    coupons=lambda thing: [
        _coupon(part.id, part.code, "", part.amount, thing.more)
        for part in _of_consignment(thing)[1].taken_off
        if part.code
    ],
    lineItemIds=_line_ids,
)


def _sent(row: tuple[CheckoutConsignment, ConsignmentTotals], shown: Shown) -> Decimal:
    return with_tax(shown, row[1].shipping_ex_tax, row[1].shipping_inc_tax)


amounts(
    "CheckoutShippingConsignment",
    {
        "shippingCost": lambda row, shown: _sent(row, shown) - sum((part.amount for part in row[1].taken_off), ZERO),
        "shippingCostBeforeDiscount": _sent,
        "comparisonShippingCost": _sent,
        "handlingCost": lambda row, shown: with_tax(shown, row[1].handling_ex_tax, row[1].handling_inc_tax),
    },
)


async def offered(asking: Asking, cart_id: str) -> dict[str, list[dict[str, Any]]]:
    """The shipping options that can be selected, by the consignment, as V3 shows them."""

    async def read() -> dict[str, list[dict[str, Any]]]:
        shown = await asking.api.send("GET", f"/v3/checkouts/{cart_id}", include=OPTIONS)
        return {one["id"]: one.get("available_shipping_options", []) for one in shown["consignments"]}

    return await asking.once(("offered", cart_id), read)


def recommended(options: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The option that is recommended: the cheapest, of several the first."""
    return min(options, key=lambda one: one["cost"], default=None)


@batch("CheckoutShippingConsignment.availableShippingOptions")
async def _available(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    made = []
    for thing in things:
        options = (await offered(asking, thing.more.cart.uuid)).get(_of_consignment(thing)[0].id, [])
        best = recommended(options)
        made.append([Thing("CheckoutAvailableShippingOption", (one, one is best), thing.more) for one in options])
    return made


plain(
    "CheckoutAvailableShippingOption",
    entityId=lambda thing: thing.row[0]["id"],
    description=lambda thing: thing.row[0]["description"],
    type=lambda thing: thing.row[0]["type"],
    imageUrl=lambda _thing: None,
    image=lambda _thing: None,
    transitTime=lambda thing: thing.row[0]["transit_time"] or None,
    isRecommended=lambda thing: thing.row[1],
)
amounts("CheckoutAvailableShippingOption", {"cost": lambda row, _: row[0]["cost"]})
plain(
    "CheckoutSelectedShippingOption",
    entityId=lambda thing: thing.row.id,
    description=lambda thing: thing.row.description,
    type=lambda thing: thing.row.type,
    imageUrl=lambda _thing: None,
    image=lambda _thing: None,
    transitTime=lambda thing: thing.row.transit_time or None,
)
amounts("CheckoutSelectedShippingOption", {"cost": lambda option, _: option.cost})
shaped(
    CheckoutCoupon="entityId code couponType discountedAmount discountedAmountInDisplayCurrency",
    CheckoutPromotion="banners",
    CheckoutPromotionBanner="entityId type locations text",
    CheckoutAddressCheckboxesCustomField="entityId valueEntityIds",
    CheckoutAddressTextFieldCustomField="entityId text",
    CheckoutAddressNumberCustomField="entityId number",
    CheckoutAddressMultipleChoiceCustomField="entityId valueEntityId",
    CheckoutAddressDateCustomField="entityId date",
    CheckoutAddressPasswordCustomField="entityId password",
)
