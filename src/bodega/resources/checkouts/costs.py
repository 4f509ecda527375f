"""What a checkout adds to the basket of its cart: consignments with their shipping, and fees; and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from bodega.access.providers import SHIPPING as SHIPPING_PROVIDER
from bodega.access.providers import registered
from bodega.domain.pricing.adjustments import Adjustment, Origin
from bodega.domain.pricing.amounts import rounded
from bodega.domain.pricing.basket import Charge, Consignment, TaxRates
from bodega.domain.pricing.quote import Quote
from bodega.resources.carts.cart import (
    Cart,
    ConsignmentTotals,
    FeeTotal,
    LineReduction,
    NamedTax,
    SelectedOption,
    Totals,
)
from bodega.resources.checkouts import checkout, rates
from bodega.resources.checkouts.checkout import Checkout, CheckoutAddress, CheckoutConsignment
from bodega.resources.checkouts.rates import Carriers, Parcel, ShippingOption
from bodega.resources.customers import groups
from bodega.resources.geography.destination import Destination
from bodega.resources.pricing.buyer import buyer_of
from bodega.resources.pricing.facts import decoded
from bodega.resources.pricing.policy import SHIPPING, Money
from bodega.resources.providers.shipping_rates import (
    Asking,
    SentItem,
    Service,
    To,
    services,
    shipping_provider,
)
from bodega.resources.shipping.methods import Method
from bodega.resources.shipping.zones import Zone
from bodega.storage import query
from bodega.storage.outside import NOBODY
from bodega.storage.tx import Tx

ZERO = Decimal(0)
ALONE = Asking({}, NOBODY)
"""Where no provider is asked."""

CUSTOM = "shipping_custom"
"""The type of a shipping cost that the merchant named."""


async def checkout_of(tx: Tx, cart_id: int) -> Checkout | None:
    """The checkout of a cart; None while nothing was said at it."""
    row = await query.get(tx, checkout.TABLE, cart_id) if cart_id else None
    found: Checkout | None = None if row is None else row.entity
    return found


class _Product(msgspec.Struct, frozen=True):
    id: int
    sku: str = ""
    weight: Decimal = ZERO
    width: Decimal = ZERO
    height: Decimal = ZERO
    depth: Decimal = ZERO
    is_free_shipping: bool = False
    fixed_cost_shipping_price: Decimal = ZERO


class _Variant(msgspec.Struct, frozen=True):
    id: int
    sku: str = ""
    calculated_weight: Decimal = ZERO
    width: Decimal | None = None
    height: Decimal | None = None
    depth: Decimal | None = None
    is_free_shipping: bool = False
    fixed_cost_shipping_price: Decimal | None = None


_product = msgspec.json.Decoder(_Product).decode
_variant = msgspec.json.Decoder(_Variant).decode


class Weights(NamedTuple):
    """What shipping has to know of the products and variants in a cart."""

    products: Mapping[int, _Product]
    variants: Mapping[int, _Variant]


async def weights_of(tx: Tx, cart: Cart) -> Weights:
    """In two statements, whatever the number of lines."""
    products = sorted({one.product_id for one in cart.items if one.kind == "physical" and one.product_id})
    variants = sorted({one.variant_id for one in cart.items if one.kind == "physical" and one.variant_id})
    return Weights(
        {one.id: one for one in await decoded(tx, "products", products, _product)},
        {one.id: one for one in await decoded(tx, "variants", variants, _variant)},
    )


def parcels(
    cart: Cart, item_ids: Sequence[str], known: Weights, totals: Mapping[str, Decimal], rate: Decimal
) -> list[Parcel]:
    """The pieces of a consignment; `totals` are those of the lines, in the currency of the cart."""
    made = []
    for item in cart.items:
        if item.id not in item_ids or item.kind not in ("physical", "custom"):
            continue
        owner = known.products.get(item.product_id, _Product(id=0))
        variant = known.variants.get(item.variant_id)
        fixed = owner.fixed_cost_shipping_price
        if variant is not None and variant.fixed_cost_shipping_price is not None:
            fixed = variant.fixed_cost_shipping_price
        made.append(
            Parcel(
                quantity=item.quantity,
                weight=owner.weight if variant is None else variant.calculated_weight,
                total=totals.get(item.id, ZERO) / rate,
                free=owner.is_free_shipping or (variant is not None and variant.is_free_shipping),
                fixed=fixed,
            )
        )
    return made


async def options_of(
    tx: Tx,
    cart: Cart,
    one: CheckoutConsignment,
    totals: Mapping[str, Decimal],
    money: Money,
    known: Weights,
    asking: Asking = ALONE,
) -> list[ShippingOption]:
    """The shipping options of a consignment, in the currency of the cart. Raises Wanted."""
    if one.address is None or one.pickup_method_id:
        return []
    address = one.address
    to = Destination(address.country_code, address.state_or_province_code, address.postal_code)
    sent = parcels(cart, one.item_ids, known, totals, money.rate)
    carriers = None
    if registered(asking.settings, SHIPPING_PROVIDER):
        carriers = _carriers(tx, cart, one, totals, money, known, asking)
    found = await rates.options(tx, to, sent, cart.channel_id, carriers)
    return [
        msgspec.structs.replace(
            option,
            cost=rounded(option.cost * money.rate, money.places),
            handling=rounded(option.handling * money.rate, money.places),
        )
        for option in found
    ]


def _carriers(
    tx: Tx,
    cart: Cart,
    one: CheckoutConsignment,
    totals: Mapping[str, Decimal],
    money: Money,
    known: Weights,
    asking: Asking,
) -> Carriers:
    """Asks the providers of methods for what a consignment costs, without the pieces that have prices of their own."""

    async def quoted(method: Method, _zone: Zone) -> Sequence[Service]:
        provider = shipping_provider(asking.settings, method.type)
        if provider is None or one.address is None:
            return []
        items = _sent_items(cart, one.item_ids, known, totals)
        to = await _to(tx, cart, one.address, money)
        options = method.settings.carrier_options
        zone_options = {} if options is UNSET else options
        default = money.default.currency_code
        return await services(tx, asking, provider, to, items, zone_options, money.rate, default)

    return quoted


async def _to(tx: Tx, cart: Cart, address: checkout.CheckoutAddress, money: Money) -> To:
    buyer = (await buyer_of(tx, cart.customer_id)).shopper
    group = await query.get(tx, groups.TABLE, buyer.group_id) if buyer.group_id else None
    where = {
        "street_1": address.address1[:255],
        "street_2": address.address2[:255],
        "zip": address.postal_code[:20],
        "city": address.city[:50],
        "state_iso2": address.state_or_province_code[:2],
        "country_iso2": address.country_code,
        "address_type": "COMMERCIAL" if address.company else "RESIDENTIAL",
    }
    name = "" if group is None else group.entity.name
    return To(where, money.code, cart.uuid, cart.customer_id, buyer.group_id, name, cart.channel_id)


def _sent_items(cart: Cart, item_ids: Sequence[str], known: Weights, totals: Mapping[str, Decimal]) -> list[SentItem]:
    made = []
    for item in cart.items:
        if item.id not in item_ids or item.kind not in ("physical", "custom"):
            continue
        owner = known.products.get(item.product_id, _Product(id=0))
        variant = known.variants.get(item.variant_id, _Variant(id=0))
        fixed = variant.fixed_cost_shipping_price
        if owner.is_free_shipping or variant.is_free_shipping or (fixed or owner.fixed_cost_shipping_price):
            continue
        pieces = max(item.quantity, 1)
        made.append(
            SentItem(
                variant.sku or owner.sku or item.sku,
                item.variant_id,
                item.product_id,
                item.name,
                item.quantity,
                variant.calculated_weight if variant.id else owner.weight,
                owner.width if variant.width is None else variant.width,
                owner.height if variant.height is None else variant.height,
                owner.depth if variant.depth is None else variant.depth,
                rounded(totals.get(item.id, ZERO) / pieces, 4),
                item.list_price,
            )
        )
    return made


async def chosen(
    tx: Tx, cart: Cart, of: Checkout, totals: Mapping[str, Decimal], money: Money, asking: Asking = ALONE
) -> dict[str, ShippingOption]:
    """The selected shipping option of each consignment, at what it costs now; without those that are gone."""
    found: dict[str, ShippingOption] = {}
    known = None
    for one in of.consignments:
        if one.custom_shipping is not None:
            named = one.custom_shipping
            found[one.id] = ShippingOption(id="", type=CUSTOM, description=named.description, cost=named.price)
        elif one.option_id:
            known = known or await weights_of(tx, cart)
            offered = await options_of(tx, cart, one, totals, money, known, asking)
            found.update((one.id, option) for option in offered if option.id == one.option_id)
    return found


def place_of(address: CheckoutAddress) -> Destination | None:
    """Where an address of a checkout is; None while it does not say a country."""
    if not address.country_code:
        return None
    state = address.state_or_province_code or address.state_or_province
    return Destination(address.country_code, state, address.postal_code)


def consignments(
    cart: Cart, of: Checkout, options: Mapping[str, ShippingOption], tax: Mapping[str, TaxRates]
) -> tuple[Consignment, ...]:
    """The consignments as the engine of prices takes them: those that still have an item. `tax` has the rates where
    each goes."""
    there = {item.id for item in cart.items}
    made = []
    for one in of.consignments:
        items = tuple(item_id for item_id in one.item_ids if item_id in there)
        if not items:
            continue
        option = options.get(one.id)
        address = one.address or checkout.CheckoutAddress()
        made.append(
            Consignment(
                key=one.id,
                items=items,
                shipping=None if option is None else _charge(option.cost, option),
                handling=None if option is None else _charge(option.handling, option),
                rates=tax.get(one.id),
                zone_id=0 if option is None else option.zone_id,
                country=address.country_code,
                state=address.state_or_province_code,
                postal_code=address.postal_code,
            )
        )
    return tuple(made)


def _charge(amount: Decimal, option: ShippingOption) -> Charge:
    return Charge(amount=amount, tax_class=SHIPPING, name=option.description, source=option.id)


def fees(of: Checkout) -> tuple[Charge, ...]:
    """The fees as the engine of prices takes them."""
    return tuple(
        Charge(amount=fee.cost, tax_class=fee.tax_class_id or 0, key=fee.id, name=fee.display_name, source=fee.id)
        for fee in of.fees
    )


def totals_of(answer: Quote, options: Mapping[str, ShippingOption]) -> Totals:
    """What a cart keeps of a quote: all that its checkout shows."""
    return Totals(
        subtotal_ex_tax=answer.subtotal.ex,
        subtotal_inc_tax=answer.subtotal.inc,
        cart_ex_tax=answer.cart.ex,
        cart_inc_tax=answer.cart.inc,
        shipping_ex_tax=answer.shipping_before.ex,
        shipping_inc_tax=answer.shipping_before.inc,
        handling_ex_tax=answer.handling.ex,
        handling_inc_tax=answer.handling.inc,
        taxes=[NamedTax(name=name, amount=amount) for name, amount in answer.taxes],
        tax_total=answer.tax_total,
        grand_total=answer.grand_total,
        consignments=[
            ConsignmentTotals(
                id=one.key,
                option=_selected(options.get(one.key)),
                shipping_ex_tax=one.shipping.gross.ex,
                shipping_inc_tax=one.shipping.gross.inc,
                handling_ex_tax=one.handling.gross.ex,
                handling_inc_tax=one.handling.gross.inc,
                taken_off=[_off(part) for part in one.shipping.discounts()],
            )
            for one in answer.consignments
        ],
        fees=[
            FeeTotal(id=str(cost.source), cost_ex_tax=cost.net.ex, cost_inc_tax=cost.net.inc) for cost in answer.fees
        ],
    )


def _selected(option: ShippingOption | None) -> SelectedOption | None:
    if option is None:
        return None
    return SelectedOption(
        id=option.id,
        type=option.type,
        description=option.description,
        cost=option.cost,
        zone_id=option.zone_id,
        transit_time=option.transit_time,
        more=option.more,
    )


def _off(part: Adjustment) -> LineReduction:
    code = part.code if part.origin is Origin.COUPON else ""
    return LineReduction(id=part.source, amount=-part.amount, name=part.description, code=code)
