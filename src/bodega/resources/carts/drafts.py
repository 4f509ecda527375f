"""What a body says of a cart: lines of the catalogue, custom items, gift certificates. Members that are left out keep
their values."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.fields import INT32, Id, Line, clean_email
from bodega.resources.carts.cart import Theme
from bodega.resources.orders.drafts import OrderDraft

MAX_ITEMS = 250
"""The most items in one body; no limit is published."""

Quantity = Annotated[int, msgspec.Meta(ge=0, le=INT32)]
Unset = UnsetType


class Selection(msgspec.Struct, kw_only=True):
    """An answer to an option or modifier: the id of a value, or a text. Clients name both in two ways."""

    option_id: Id | Unset = UNSET
    option_value: Any = UNSET
    name_id: Id | Unset = msgspec.field(name="nameId", default=UNSET)
    value_id: Id | Unset = msgspec.field(name="valueId", default=UNSET)
    name: Line | Unset = UNSET
    value: str | Unset = UNSET

    @property
    def option(self) -> int:
        """The id of the option; 0 if none is named."""
        return self.option_id or self.name_id or 0

    @property
    def answer(self) -> Any:
        """What it says: a value's id or a text."""
        for given in (self.option_value, self.value_id, self.value):
            if given is not UNSET:
                return given
        return ""


class WrapDetail(msgspec.Struct, kw_only=True):
    """One way in which pieces are wrapped."""

    id: Id
    message: Annotated[str, msgspec.Meta(max_length=250)] = ""


class WrappingDraft(msgspec.Struct, kw_only=True):
    """The gift wrapping of a line; all its pieces are wrapped in the first way."""

    wrap_together: bool = True
    wrap_details: Annotated[list[WrapDetail], AtMost(100)] = []


class ItemDraft(OrderDraft, kw_only=True):
    """A line of the catalogue; `list_price` replaces the catalogue's price."""

    shown_only: ClassVar[str] = ""

    quantity: Quantity | Unset = UNSET
    product_id: Id | Unset = UNSET
    variant_id: Id | Unset | None = UNSET
    list_price: Decimal | Unset | None = UNSET
    name: Line | Unset = UNSET
    option_selections: Annotated[list[Selection], AtMost(250)] | Unset = UNSET
    gift_wrapping: WrappingDraft | Unset | None = UNSET


class CustomDraft(OrderDraft, kw_only=True):
    """An item that is not in the catalogue."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=INT32)]
    list_price: Decimal
    sku: Line = ""
    image_url: Line = ""


class PersonDraft(msgspec.Struct, kw_only=True):
    """Who sends or gets a gift certificate."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    email: Line

    def __post_init__(self) -> None:
        try:
            self.email = clean_email(self.email)
        except ValueError as error:
            raise ValueError(f"must have an email that is one: it {error}") from None


LEAST, MOST = 1, 1_000
"""The amounts between which a gift certificate is sold."""


class CertificateDraft(OrderDraft, kw_only=True):
    """A gift certificate to buy (rule 106)."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
    theme: Theme
    amount: Decimal
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MAX_ITEMS)]
    sender: PersonDraft
    recipient: PersonDraft
    message: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not LEAST <= self.amount <= MOST:
            raise ValueError("must have an amount from 1 to 1000")


class CurrencyDraft(msgspec.Struct, kw_only=True):
    """The currency of a new cart."""

    code: Annotated[str, msgspec.Meta(min_length=3, max_length=3)]


Items = Annotated[list[ItemDraft], AtMost(MAX_ITEMS)]
CustomItems = Annotated[list[CustomDraft], AtMost(MAX_ITEMS)]
Certificates = Annotated[list[CertificateDraft], AtMost(MAX_ITEMS)]
