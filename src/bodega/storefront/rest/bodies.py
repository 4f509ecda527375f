"""What bodies say, in the storefront's words, and the same as the store's API takes it. Prices are never among it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.catalog.seen import unseen
from bodega.resources.geography import places
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.rest.call import Body, given

_ADDRESS = {
    "first_name": "first_name", "last_name": "last_name", "email": "email", "company": "company",
    "address1": "address1", "address2": "address2", "city": "city", "state_or_province": "state_or_province",
    "state_or_province_code": "state_or_province_code", "country_code": "country_code",
    "postal_code": "postal_code", "phone": "phone",
}  # fmt: skip


class Versioned(Body, kw_only=True):
    """Of what version the cart has to be, if the shopper says."""

    version: int | None = None


class Selection(Body, kw_only=True):
    """An answer to an option."""

    option_id: int
    option_value: Any = ""


class WrapDetail(Body, kw_only=True):
    """A gift wrapping."""

    id: int
    message: str = ""


class Wrapping(Body, kw_only=True):
    """How pieces are wrapped."""

    wrap_details: list[WrapDetail]
    wrap_together: bool = True


class Line(Body, kw_only=True):
    """A line of the catalogue."""

    quantity: int
    product_id: int | None = None
    variant_id: int | None = None
    option_selections: list[Selection] | None = None
    gift_wrapping: Wrapping | msgspec.UnsetType | None = msgspec.UNSET

    def as_v3(self) -> dict[str, Any]:
        """As the store's API takes it."""
        made = given(quantity=self.quantity, product_id=self.product_id, variant_id=self.variant_id)
        if self.option_selections is not None:
            made["option_selections"] = [
                {"option_id": one.option_id, "option_value": one.option_value} for one in self.option_selections
            ]
        wrapping = self.gift_wrapping
        if wrapping is None:
            made["gift_wrapping"] = None
        elif isinstance(wrapping, Wrapping):
            details = [{"id": one.id, "message": one.message} for one in wrapping.wrap_details]
            made["gift_wrapping"] = {"wrap_together": wrapping.wrap_together, "wrap_details": details}
        return made


class Person(Body, kw_only=True):
    """Who sends or gets a gift certificate."""

    name: str = ""
    email: str = ""


class Certificate(Body, kw_only=True):
    """A gift certificate to buy."""

    name: str
    theme: str
    amount: Decimal
    sender: Person
    recipient: Person
    quantity: int = 1
    message: str = ""

    def as_v3(self) -> dict[str, Any]:
        """As the store's API takes it."""
        return {
            "name": self.name,
            "theme": self.theme,
            "amount": self.amount,
            "quantity": self.quantity,
            "sender": {"name": self.sender.name, "email": self.sender.email},
            "recipient": {"name": self.recipient.name, "email": self.recipient.email},
            "message": self.message,
        }


class Lines(Versioned, kw_only=True):
    """What goes into a cart."""

    line_items: list[Line] = []
    gift_certificates: list[Certificate] = []
    locale: str | None = None


class OneLine(Versioned, kw_only=True):
    """A line as it is to be: of the catalogue, or a gift certificate."""

    line_item: Line | None = None
    gift_certificate: Certificate | None = None


class CustomField(Body, kw_only=True):
    """An answer to a field of the address form."""

    field_id: str
    field_value: Any = ""


class Address(Body, kw_only=True):
    """An address of a checkout. A state may be said by name or by code."""

    country_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state_or_province: str | None = None
    state_or_province_code: str | None = None
    postal_code: str | None = None
    phone: str | None = None
    custom_fields: list[CustomField] | None = None
    should_save_address: bool = False

    def as_v3(self, email: str = "") -> dict[str, Any]:
        """As the store's API takes it; `email` is the one of the cart."""
        made = {name: getattr(self, name) for name in _ADDRESS if getattr(self, name) is not None}
        if not made.get("state_or_province_code"):
            made.pop("state_or_province_code", None)
        if email and not made.get("email"):
            made["email"] = email
        if self.custom_fields is not None:
            made["custom_fields"] = [
                {"field_id": one.field_id, "field_value": one.field_value} for one in self.custom_fields
            ]
        return made

    def as_customers(self) -> dict[str, Any]:
        """As an address of a customer."""
        made = {name: getattr(self, name) or "" for name in _ADDRESS if not name.startswith(("email", "state"))}
        state = self.state_or_province
        found = places.country(self.country_code or "") if len(self.country_code or "") == 2 else None
        if not state and found is not None and self.state_or_province_code:
            by_code = places.state(found, self.state_or_province_code)
            state = "" if by_code is None else by_code.state
        return {**made, "state_or_province": state or ""}


class BillingAddress(Address, kw_only=True):
    """Who pays."""

    version: int | None = None

    @property
    def is_email_alone(self) -> bool:
        """Whether nothing is said of the address itself."""
        return not any(getattr(self, name) for name in _ADDRESS if name != "email")


class ItemOf(Body, kw_only=True):
    """So many pieces of a line."""

    item_id: str
    quantity: int


class PickupChoice(Body, kw_only=True):
    """How pieces are collected."""

    pickup_method_id: int


class Consignment(Versioned, kw_only=True):
    """Pieces, and where they go; `shipping_address` is the older name of `address`."""

    address: Address | None = None
    shipping_address: Address | None = None
    line_items: list[ItemOf] | None = None
    shipping_option_id: str | None = None
    pickup_option: PickupChoice | None = None

    @property
    def sent_to(self) -> Address | None:
        """The address, by either name."""
        return self.address or self.shipping_address

    def as_v3(self, email: str) -> dict[str, Any]:
        """As the store's API takes it, without the shipping option."""
        to, lines = self.sent_to, self.line_items
        return given(
            address=None if to is None else to.as_v3(email),
            line_items=None if lines is None else [{"item_id": one.item_id, "quantity": one.quantity} for one in lines],
            pickup_option=self.pickup_option and {"pickup_method_id": self.pickup_option.pickup_method_id},
            version=self.version,
        )


async def refuse_unseen(asking: Asking, lines: Sequence[Line], at: str = "lineItems") -> None:
    """Refuses products that shoppers of the channel do not see."""
    hidden = await unseen(asking.reader, asking.channel_id, [one.product_id or 0 for one in lines])
    faults = [
        invalid(f"{at}.{place}.productId", "must be a product that is sold here")
        for place, one in enumerate(lines)
        if (one.product_id or 0) in hidden
    ]
    if faults:
        raise refuse_faults(faults)
