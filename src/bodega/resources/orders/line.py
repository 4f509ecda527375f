"""A line of an order: what was bought, at which price, and how much of it was sent and refunded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from bodega.domain.pricing.adjustments import Origin
from bodega.domain.pricing.amounts import Amount, DecidedTax
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Count, Id, Line, Long, Measure, Money
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import Alias, Derived
from bodega.kit.v2_shape import V2Shape
from bodega.resources.catalog import stock_levels
from bodega.resources.orders import order
from bodega.resources.orders.order import always, tax
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference

ZERO = Decimal(0)


class Chosen(msgspec.Struct, kw_only=True):
    """A choice for an option or modifier of the product; `value` is the id of a value or the entered text."""

    option_id: int = 0
    product_option_id: int = 0
    display_name: str = ""
    display_name_merchant: str = ""
    display_value: str = ""
    display_value_merchant: str = ""
    value: str = ""
    type: str = ""
    name: str = ""
    display_style: str = ""


class AppliedDiscount(msgspec.Struct, kw_only=True):
    """A discount on the whole line: its `origin` is that of the engine of prices, `id` the promotion's; a `code` is a
    coupon's. Its target `order`: the line's share of a discount on the order."""

    origin: Origin
    amount: Money
    id: int | str = 0
    name: str = ""
    code: str = ""
    target: Literal["item", "order", "shipping"] = "item"


class OrderLine(Entity, kw_only=True):
    """`rate` is the tax rate that the store applied, None if the caller gave both prices; `percents` are its parts
    where there are several rates. `decided_tax` is the tax of what its discounts left, `decided_on`, where the rate
    does not tell it: a provider answered it, or the taxes of the cart were rounded once.

    `discount` is the sum of its `applied` discounts. `taken` is what it took from stock, at `location_id`, `sold` what
    it added to total_sold.
    """

    order_id: Id
    product_id: Id = 0
    variant_id: Id = 0
    order_pickup_method_id: Id = 0
    order_address_id: Id = 0
    name: Line
    name_merchant: Line = ""
    sku: Line = ""
    upc: Line = ""
    type: Literal["physical", "digital", "giftcertificate"] = "physical"
    base_price: Money = ZERO
    price_ex_tax: Money = ZERO
    price_inc_tax: Money = ZERO
    total_ex_tax: Money = ZERO
    total_inc_tax: Money = ZERO
    weight: Measure = ZERO
    width: Measure = ZERO
    height: Measure = ZERO
    depth: Measure = ZERO
    quantity: Count = 1
    cost_price: Money = ZERO
    quantity_refunded: Count = 0
    wrapping_id: Id = 0
    wrapping_name: Line = ""
    wrapping_cost_ex_tax: Money = ZERO
    wrapping_cost_inc_tax: Money = ZERO
    wrapping_refunded: Count = 0
    wrapping_message: Long = ""
    quantity_shipped: Count = 0
    fixed_shipping_cost: Money = ZERO
    option_set_id: int | None = None
    bin_picking_number: Line = ""
    brand: Line = ""
    product_options: list[Chosen] = []
    tax_class_id: Id = 0
    rate: Decimal | None = None
    percents: list[Decimal] = []
    decided_tax: Money | None = None
    decided_on: Money = ZERO
    discount: Money = ZERO
    applied: list[AppliedDiscount] = []
    taken: int = 0
    sold: int = 0
    location_id: Id = stock_levels.DEFAULT

    @property
    def is_sent(self) -> bool:
        """Whether it is sent to an address."""
        return self.type == "physical" and not self.order_pickup_method_id

    @property
    def decided(self) -> DecidedTax | None:
        """The tax that was decided for it, and for which amount."""
        return None if self.decided_tax is None else DecidedTax(self.decided_tax, self.decided_on)

    @property
    def total(self) -> Amount:
        """The total before the discount."""
        return Amount(self.total_ex_tax, self.total_inc_tax)

    @property
    def wrapping(self) -> Amount:
        """The wrapping cost of all its pieces."""
        return Amount(self.wrapping_cost_ex_tax, self.wrapping_cost_inc_tax)


TABLE = stored(
    "order_products",
    OrderLine,
    noun="order product",
    columns="order_id product_id",
    indexed="order_id product_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)


def _money(show: Any) -> Derived:
    return Derived(lambda line: f"{show(line):.4f}", "decimal")


def _discounts(line: OrderLine) -> list[dict[str, Any]]:
    """Where the line's discount comes from; one without a record was dealt out by hand."""
    applied = line.applied or [AppliedDiscount(origin=Origin.MANUAL, amount=line.discount, target="order")]
    return [
        {
            "id": "manual-discount" if one.origin == Origin.MANUAL else one.id,
            "amount": f"{one.amount:.4f}",
            "name": one.name or "Manual Discount",
            "code": one.code or None,
            "target": "order" if one.target == "order" else "product",
        }
        for one in applied
        if one.amount
    ]


def _options(line: OrderLine) -> list[dict[str, Any]]:
    return [
        {
            "id": line.id * 1000 + place,
            "option_id": one.option_id,
            "order_product_id": line.id,
            "product_option_id": one.product_option_id,
            "display_name": one.display_name,
            "display_name_customer": one.display_name,
            "display_name_merchant": one.display_name_merchant or one.display_name,
            "display_value": one.display_value,
            "display_value_customer": one.display_value,
            "display_value_merchant": one.display_value_merchant or one.display_value,
            "value": one.value,
            "type": one.type,
            "name": one.name,
            "display_style": one.display_style,
        }
        for place, one in enumerate(line.product_options)
    ]


_NOTHING = always(None, "string")
_FREE = always("0.0000", "decimal")
v2 = V2Shape(
    OrderLine,
    "products",
    "product",
    "id! order_id! product_id! variant_id! order_pickup_method_id! order_address_id! name! name_customer!"
    " name_merchant! sku! upc! type! base_price! price_ex_tax! price_inc_tax! price_tax! base_total! total_ex_tax!"
    " total_inc_tax! total_tax! weight! width! height! depth! quantity! base_cost_price! cost_price_inc_tax!"
    " cost_price_ex_tax! cost_price_tax! is_refunded! quantity_refunded! refund_amount! return_id! wrapping_id!"
    " wrapping_name! base_wrapping_cost! wrapping_cost_ex_tax! wrapping_cost_inc_tax! wrapping_cost_tax!"
    " wrapping_message! quantity_shipped! event_name! event_date! fixed_shipping_cost! ebay_item_id!"
    " ebay_transaction_id! option_set_id! parent_order_product_id! is_bundled_product! bin_picking_number! external_id!"
    " brand! gift_certificate_id! discounted_total_inc_tax! applied_discounts! product_options! configurable_fields!",
    {
        "name_customer": Alias("name"),
        "type": Derived(lambda line: line.type, "enum"),
        "price_tax": tax("price"),
        "base_total": _money(lambda line: line.base_price * line.quantity),
        "total_tax": tax("total"),
        "base_cost_price": Alias("cost_price"),
        "cost_price_inc_tax": Alias("cost_price"),
        "cost_price_ex_tax": Alias("cost_price"),
        "cost_price_tax": _FREE,
        "is_refunded": Derived(lambda line: line.quantity_refunded >= line.quantity, "boolean"),
        "refund_amount": _FREE,  # as in the published description
        "return_id": always(0, "int"),
        "base_wrapping_cost": _money(lambda line: line.wrapping_cost_ex_tax),
        "wrapping_cost_tax": tax("wrapping_cost"),
        "event_name": _NOTHING,
        "event_date": always("", "date"),
        "ebay_item_id": always("", "string"),
        "ebay_transaction_id": always("", "string"),
        "parent_order_product_id": always(None, "int"),
        "is_bundled_product": always(value=False, word="boolean"),
        "external_id": _NOTHING,
        "gift_certificate_id": always(None, "int"),
        "discounted_total_inc_tax": _money(lambda line: line.total_inc_tax - line.discount),
        "applied_discounts": Derived(_discounts, "object"),
        "product_options": Derived(_options, "object_array"),
        "configurable_fields": always([], "object_array"),
    },
)

OF_ORDER = (Parent("order_id", order.TABLE),)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), order.SCOPE, "orders/{}/products", v2=v2, parents=OF_ORDER)
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, ""), order.SCOPE, "", v2=v2)

routes = (
    collection("orders/{order_id}/products", V2, "GET"),
    item("orders/{order_id}/products/{id}", V2, "GET"),
    count("orders/{order_id}/products/count", V2),
    count("orders/products/count", ALL),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
