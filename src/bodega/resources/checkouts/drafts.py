"""What a body says at a checkout: addresses, consignments, discounts, fees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.fields import INT32, Id, Line, clean_email
from bodega.law.refusal import Fault, invalid, missing
from bodega.resources.checkouts.checkout import CheckoutAddress, CustomField
from bodega.resources.customers.form_fields import clean_answer
from bodega.resources.geography import places
from bodega.resources.orders.drafts import OrderDraft

Unset = UnsetType
MOST_CONSIGNMENTS = 250
"""Consignments in one body; no limit is published."""


class CustomFieldDraft(msgspec.Struct, kw_only=True):
    """An answer to a field of the store's own address form."""

    field_id: Line
    field_value: Any = ""

    def __post_init__(self) -> None:
        self.field_value = clean_answer("" if self.field_value is None else self.field_value)


class AddressDraft(msgspec.Struct, kw_only=True):
    """An address; of a PUT what is left out stays."""

    first_name: Line | Unset | None = UNSET
    last_name: Line | Unset | None = UNSET
    email: Line | Unset | None = UNSET
    company: Line | Unset | None = UNSET
    address1: Line | Unset | None = UNSET
    address2: Line | Unset | None = UNSET
    city: Line | Unset | None = UNSET
    state_or_province: Line | Unset | None = UNSET
    state_or_province_code: Line | Unset | None = UNSET
    country_code: Line | Unset | None = UNSET
    postal_code: Line | Unset | None = UNSET
    phone: Line | Unset | None = UNSET
    custom_fields: Annotated[list[CustomFieldDraft], AtMost(250)] | Unset | None = UNSET


class ItemOfConsignment(msgspec.Struct, kw_only=True):
    """So many pieces of an item of the cart."""

    item_id: Line
    quantity: Annotated[int, msgspec.Meta(ge=1, le=INT32)]


class PickupChoice(msgspec.Struct, kw_only=True):
    """The pickup method by which items are collected."""

    pickup_method_id: Id


class CustomShippingDraft(OrderDraft, kw_only=True):
    """A price for shipping that the merchant names."""

    shown_only: ClassVar[str] = ""

    price: Decimal
    description: Annotated[str, msgspec.Meta(max_length=255)] = ""


ItemsOfConsignment = Annotated[list[ItemOfConsignment], AtMost(250)]


class ConsignmentDraft(msgspec.Struct, kw_only=True):
    """A new consignment: items, and either the address that they go to or the pickup method."""

    address: AddressDraft | Unset | None = UNSET
    line_items: ItemsOfConsignment | Unset = UNSET
    pickup_option: PickupChoice | Unset | None = UNSET
    version: int | Unset = UNSET


NewConsignments = Annotated[list[ConsignmentDraft], AtMost(MOST_CONSIGNMENTS)]


class ItemDiscount(OrderDraft, kw_only=True):
    """An amount off one item."""

    id: Line
    discounted_amount: Decimal
    name: Line = ""


class CartDiscount(OrderDraft, kw_only=True):
    """An amount off the whole cart."""

    discounted_amount: Decimal
    name: Line = ""


class DiscountsDraft(msgspec.Struct, kw_only=True):
    """The merchant's discounts: they take the place of those before."""

    discounts: Annotated[list[CartDiscount], AtMost(50)] = []
    line_items: Annotated[list[ItemDiscount], AtMost(250)] = []
    version: int | Unset = UNSET


class FeeDraft(OrderDraft, kw_only=True):
    """A fee on the whole checkout."""

    type: Literal["custom_fee"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    cost: Decimal
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    tax_class_id: Id | None = None


class FeeChange(FeeDraft, kw_only=True):
    """A fee of the checkout, as it is to be from now on."""

    id: Line


NewFees = Annotated[list[FeeDraft], AtMost(100)]
ChangedFees = Annotated[list[FeeChange], AtMost(100)]
FeeIds = Annotated[list[Line], AtMost(100)]
NEEDED = ("email", "country_code")
TEXTS = tuple(name for name in AddressDraft.__struct_fields__ if name != "custom_fields")


def settled(
    draft: AddressDraft,
    name: str,
    faults: list[Fault],
    old: CheckoutAddress | None = None,
    needed: Sequence[str] = NEEDED,
) -> CheckoutAddress:
    """The address of a draft, with its country and state by name and by code; what is wrong with it is in `faults`.
    `name` stands before its members, as "address."; `needed` are those that it must have."""
    given = {field: getattr(draft, field) for field in draft.__struct_fields__}
    said = {field: value or "" for field, value in given.items() if field in TEXTS and value is not UNSET}
    made = msgspec.structs.replace(old or CheckoutAddress(), **said)
    if isinstance(draft.custom_fields, list):
        made.custom_fields = [CustomField(field_id=f.field_id, field_value=f.field_value) for f in draft.custom_fields]
    faults += [missing(f"{name}{field}") for field in needed if not getattr(made, field)]
    if made.email:
        try:
            made.email = clean_email(made.email)
        except ValueError as error:
            faults.append(invalid(f"{name}email", str(error)))
    if made.country_code:
        faults += _place(made, said, name)
    return made


def _place(made: CheckoutAddress, said: dict[str, Any], name: str) -> Iterable[Fault]:
    """Looks up the country and the state. A state that a body names by one of its two members changes both."""
    country = places.country(made.country_code) if len(made.country_code) == 2 else None
    if country is None:
        return [invalid(f"{name}country_code", "must be the two-letter code of a country, as US")]
    made.country, made.country_code = country.country, country.country_iso2
    if "state_or_province" in said and "state_or_province_code" not in said:
        made.state_or_province_code = ""
    word = made.state_or_province_code or made.state_or_province
    state = places.state(country, word) if word else None
    if state is not None:
        made.state_or_province, made.state_or_province_code = state.state, state.state_abbreviation
    elif made.state_or_province_code:
        field = f"{name}state_or_province_code"
        return [invalid(field, f"must be the code of a state or province in {country.country}")]
    return []
