"""What of the catalogue keeps an order from being placed, told with the product: `details.errors[]` of the refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bodega.kit.links import Base, link
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.resources.catalog.product import Product

INVALID_OPTION = "InvalidProductOptionValue"
MANDATORY_OPTIONS = "MandatoryProductOptions"
OUT_OF_STOCK = "OutOfStock"
TOO_FEW = "MinimumQuantityNotMet"
TOO_MANY = "MaximumQuantityExceeded"


def _typed(kind: str, owner: Product, **more: Any) -> dict[str, Any]:
    return {"type": kind, "product": {"id": owner.id, "name": owner.name, **more, "resource": f"/products/{owner.id}"}}


@contextmanager
def with_addresses(base: Base) -> Iterator[None]:
    """Adds to each product of a refusal the URL where this caller finds it."""
    try:
        yield
    except Refusal as refusal:
        for error in (error for fault in refusal.faults for error in fault.details.get("errors", ())):
            error["product"] |= link(base, error["product"]["resource"])
        raise


def invalid_option(owner: Product, name: str, option: dict[str, Any], why: str) -> Fault:
    """The fault of an answer that an option of the product does not take (rule 79)."""
    field = f"{name}.product_options"
    details = {"invalid_reason": f"{field} {why}.", "errors": [_typed(INVALID_OPTION, owner, product_option=option)]}
    return Fault(Reason.OPTIONS_REFUSED, field, f"The field '{field}' is invalid.", details)


def mandatory_options(owner: Product, name: str, options: Sequence[dict[str, Any]]) -> Fault:
    """The fault of options that are not answered and have to be (rule 79)."""
    field = f"{name}.product_options"
    named = ", ".join(f"{option['id']} ({option['display_name']})" for option in options)
    details = {
        "invalid_reason": f"{field} must answer the options {named}.",
        "errors": [_typed(MANDATORY_OPTIONS, owner, required_product_options=list(options))],
    }
    return Fault(Reason.OPTIONS_REFUSED, field, f"The field '{field}' is invalid.", details)


def too_few_or_many(owner: Product, quantity: int, name: str) -> Fault | None:
    """Rule 79: a product may be sold only in certain quantities."""
    least, maximum = owner.order_quantity_minimum, owner.order_quantity_maximum
    if least and quantity < least:
        return _bounded(owner, name, TOO_FEW, f"must be at least {least}", "order_quantity_minimum", least)
    if maximum and quantity > maximum:
        return _bounded(owner, name, TOO_MANY, f"must be at most {maximum}", "order_quantity_maximum", maximum)
    return None


def _bounded(owner: Product, name: str, kind: str, why: str, word: str, bound: int) -> Fault:
    field = f"{name}.quantity"
    details = {
        "conflict_reason": f"{field} {why}.",
        "invalid_reason": f"{field} {why}.",
        word: bound,
        "errors": [_typed(kind, owner, **{word: bound})],
    }
    return Fault(Reason.QUANTITY_OUT_OF_BOUNDS, field, f"The field '{field}' is invalid.", details)


def out_of_stock(owner: Product, variant_id: int, level: int, asked: int, place: int) -> Fault:
    """The fault of the line at this place, which asks for more than there is."""
    left = max(level, 0)
    message = f"There are only {left} of product {owner.id} in stock."
    details = {
        "conflict_reason": message,
        "available_quantity": left,
        "requested_quantity": asked,
        "product_id": owner.id,
        "variant_id": variant_id,
        "resolution": Reason.OUT_OF_STOCK.advice,
        "errors": [_typed(OUT_OF_STOCK, owner, inventory_level=left)],
    }
    return Fault(Reason.OUT_OF_STOCK, f"products.{place}.quantity", message, details)
