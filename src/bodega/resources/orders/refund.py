"""A refund as it is stored, and as a body describes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Moment, Money, clean_object
from bodega.kit.v3_shape import V3Shape
from bodega.resources.orders import payments
from bodega.resources.store.payment_methods import METHODS
from bodega.storage.table import Reference

ZERO = Decimal(0)
REFUNDED, PARTIALLY = 4, 14
CUSTOM, CREDIT = "custom", payments.CREDIT
TITLES = {CUSTOM: "Custom", CREDIT: "Store Credit", **{code: name for code, name, _ in METHODS}}
PIECES = ("PRODUCT", "GIFT_WRAPPING")
Type = Literal["PRODUCT", "GIFT_WRAPPING", "SHIPPING", "HANDLING", "ORDER", "FEE", "TAX"]
Reason_ = Annotated[str, msgspec.Meta(max_length=1000)]


class RefundAdjustment(msgspec.Struct, kw_only=True):
    """What is withheld for a returned product: a negative amount."""

    amount: Decimal
    description: Line = ""

    def __post_init__(self) -> None:
        clean_object(self.amount)
        if not self.amount < 0:
            raise ValueError("must have an amount below 0")


class ItemDraft(msgspec.Struct, kw_only=True):
    """What is refunded: pieces of a line, or an amount of something else."""

    item_type: Type
    item_id: Id
    quantity: Annotated[int, msgspec.Meta(ge=1)] | UnsetType = UNSET
    amount: Decimal | UnsetType = UNSET
    reason: Reason_ = ""
    adjustments: Annotated[list[RefundAdjustment], AtMost(100)] = []


class PaymentDraft(msgspec.Struct, kw_only=True):
    """How much is refunded by which provider."""

    provider_id: Line
    amount: Decimal
    offline: bool = True


class Override(msgspec.Struct, kw_only=True):
    """The amount that the merchant set instead."""

    total_amount: Decimal
    total_tax: Decimal


class RefundRequest(Entity, kw_only=True):
    """The body of a quote or a refund."""

    items: Annotated[list[ItemDraft], AtMost(1_000)] | UnsetType = UNSET
    payments: Annotated[list[PaymentDraft], AtMost(1_000)] | UnsetType = UNSET
    merchant_calculated_override: Override | None = None
    tax_adjustment_amount: Decimal | None = None
    reason: Reason_ = ""


class RefundItem(msgspec.Struct, kw_only=True):
    """An item that was refunded; pieces have no `requested_amount`."""

    item_type: Type
    item_id: int
    reason: str = ""
    quantity: int = 1
    requested_amount: Money | UnsetType = UNSET
    adjustments: list[RefundAdjustment] = []


class RefundPayment(msgspec.Struct, kw_only=True):
    """What was refunded by one provider."""

    id: int
    provider_id: str
    amount: Money
    offline: bool
    is_declined: bool = False
    declined_message: str = ""
    transaction_id: str = ""


class Refund(Entity, kw_only=True):
    """A refund, which never changes once it is made."""

    order_id: Id
    user_id: Id = 0
    created: Moment = ""
    reason: str = ""
    total_amount: Money = ZERO
    total_tax: Decimal = ZERO
    uses_merchant_override_values: bool = False
    payments: list[RefundPayment] = []
    items: list[RefundItem] = []


TABLE = stored(
    "order_refunds",
    Refund,
    noun="refund",
    columns="order_id created",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)
asked = V3Shape(RefundRequest, required="")
v3 = V3Shape(Refund, required="", read_only=" ".join(Refund.__struct_fields__))
