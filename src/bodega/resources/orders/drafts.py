"""The lines, fees and pickups of an order in a body. Members that are left out keep their values."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.fields import INT32, FieldType, Id, Line, Long, clean_decimal, clean_object, structured
from bodega.resources.geography import places

MAX_LINES = 1_000

Quantity = Annotated[int, msgspec.Meta(ge=0, le=INT32)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
Price = Decimal | UnsetType
Unset = UnsetType


class OrderDraft(msgspec.Struct, kw_only=True):
    """Amounts are checked as elsewhere: at most four places, not negative."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal):
                try:
                    setattr(self, name, clean_decimal(value))
                except ValueError as error:
                    raise ValueError(f"must have a {name} that can be paid: it {error}") from None

    def has(self, *names: str) -> list[str]:
        """Those of these members that the body contains."""
        return [name for name in names if getattr(self, name) is not UNSET]


class OptionDraft(OrderDraft, kw_only=True):
    """A choice for an option or a modifier of the product: the id of a value, or the entered text."""

    shown_only: ClassVar[str] = "option_id order_product_id product_option_id type name display_style"

    id: Id
    value: Any = ""
    display_name: Name | Unset = UNSET
    display_name_customer: Name | Unset = UNSET
    display_name_merchant: Name | Unset = UNSET
    display_value: Line | Unset = UNSET
    display_value_customer: Line | Unset = UNSET
    display_value_merchant: Line | Unset = UNSET


class LineDraft(OrderDraft, kw_only=True):
    """A line of the order: from the catalogue if it names a product, else a custom one (rule 92)."""

    given_by_store: ClassVar[str] = "id"
    shown_only: ClassVar[str] = (
        "order_id order_pickup_method_id order_address_id type base_price price_tax base_total total_ex_tax"
        " total_inc_tax total_tax weight width height depth base_cost_price cost_price_inc_tax cost_price_ex_tax"
        " cost_price_tax is_refunded quantity_refunded refund_amount return_id base_wrapping_cost wrapping_cost_tax"
        " quantity_shipped event_name event_date fixed_shipping_cost ebay_item_id ebay_transaction_id option_set_id"
        " parent_order_product_id is_bundled_product bin_picking_number external_id brand gift_certificate_id"
        " discounted_total_inc_tax applied_discounts configurable_fields"
    )

    id: Id | Unset = UNSET
    product_id: Id | Unset | None = UNSET
    variant_id: Id | Unset | None = UNSET
    name: Name | Unset = UNSET
    name_customer: Name | Unset = UNSET
    name_merchant: Name | Unset = UNSET
    quantity: Quantity | Unset = UNSET
    price_ex_tax: Price = UNSET
    price_inc_tax: Price = UNSET
    sku: Line | Unset = UNSET
    upc: Line | Unset = UNSET
    product_options: Annotated[list[OptionDraft], AtMost(250)] | Unset = UNSET
    wrapping_id: Id | Unset | None = UNSET
    wrapping_name: Line | Unset | None = UNSET
    wrapping_message: Long | Unset | None = UNSET
    wrapping_cost_ex_tax: Price = UNSET
    wrapping_cost_inc_tax: Price = UNSET

    @property
    def called(self) -> str | Unset:
        """Its name for customers, under either member."""
        return self.name if self.name is not UNSET else self.name_customer


class FeeDraft(OrderDraft, kw_only=True):
    """Rule 96: two of the three costs, and at least one name."""

    given_by_store: ClassVar[str] = "id"
    shown_only: ClassVar[str] = "base_cost"

    id: Id | Unset = UNSET
    type: Line = "custom_fee"
    display_name_customer: Line | Unset = UNSET
    display_name_merchant: Line | Unset = UNSET
    source: Line = ""
    cost_ex_tax: Price = UNSET
    cost_inc_tax: Price = UNSET
    cost_tax: Price = UNSET
    tax_class_id: Id | None = None


class PickupLocation(msgspec.Struct, kw_only=True):
    """Where an order is collected."""

    id: Id = 0
    name: Line = ""
    code: Annotated[str, msgspec.Meta(max_length=50)] = ""
    address_line_1: Line = ""
    address_line_2: Line = ""
    city: Line = ""
    state: Line = ""
    postal_code: Annotated[str, msgspec.Meta(max_length=50)] = ""
    country_alpha2: Annotated[str, msgspec.Meta(max_length=2)] = ""
    email: Line = ""
    phone: Annotated[str, msgspec.Meta(max_length=125)] = ""


class PickupDraft(OrderDraft, kw_only=True):
    """What is collected instead of being sent (rule 80)."""

    given_by_store: ClassVar[str] = "id"

    id: Id | Unset = UNSET
    pickup_method_id: Id | Unset = UNSET
    pickup_method_display_name: Annotated[str, msgspec.Meta(max_length=250)] | Unset = UNSET
    collection_instructions: Long | Unset = UNSET
    collection_time_description: Annotated[str, msgspec.Meta(max_length=250)] | Unset = UNSET
    location: PickupLocation | Unset = UNSET
    line_items: Annotated[list[LineDraft], AtMost(MAX_LINES)] | Unset = UNSET


class ConsignmentsDraft(msgspec.Struct, kw_only=True):
    """An order has at most one pickup."""

    pickups: Annotated[list[PickupDraft], AtMost(10)] = []


def _kind(members: Any, *, listed: bool) -> FieldType:
    return structured(members)._replace(word="object_array" if listed else "object", clean=clean_object)


LINES = _kind(Annotated[list[LineDraft], AtMost(MAX_LINES)], listed=False)
FEES = _kind(Annotated[list[FeeDraft], AtMost(MAX_LINES)], listed=True)
_CONSIGNMENTS = _kind(ConsignmentsDraft, listed=False)


def _read_consignments(value: Any) -> ConsignmentsDraft:
    read: ConsignmentsDraft = _CONSIGNMENTS.read(value)
    for pickup in read.pickups:
        code = "" if pickup.location is UNSET else pickup.location.country_alpha2
        if code and places.country(code) is None:
            raise ValueError("must have pickups whose location has a country_alpha2 of ISO 3166")
    return read


CONSIGNMENTS = _CONSIGNMENTS._replace(read=_read_consignments)
