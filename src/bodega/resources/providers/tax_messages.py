"""The messages of tax providers: addresses and items of a request, and how an answer is read.

Amounts are those of whole lines, after discounts and as they were entered; a rate is a fraction of 1 on the wire and in
per cent here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from bodega.access.providers import PROFILE, TAX, Provider
from bodega.domain.pricing.amounts import rounded
from bodega.domain.pricing.basket import AnsweredTax, TaxAnswer, TaxAnswers
from bodega.resources.providers.connections import TaxProviderConnection
from bodega.storage.outside import Ask

ZERO = Decimal(0)
CENT = Decimal("0.01")
LARGEST_RATE = Decimal(10)
Kind = Literal["item", "shipping", "handling", "wrapping", "refund", "fee"]


class TaxClassOf(msgspec.Struct):
    """The class of a tax in an answer."""

    class_id: str = ""
    code: str = ""
    name: str = ""


class SalesTax(msgspec.Struct):
    """One tax of an item."""

    name: str
    rate: Decimal
    amount: Decimal
    tax_class: TaxClassOf | None = None
    id: str | int = ""


class TaxPrice(msgspec.Struct):
    """An item's price without and with its tax."""

    amount_inclusive: Decimal
    amount_exclusive: Decimal
    total_tax: Decimal
    tax_rate: Decimal
    sales_tax_summary: list[SalesTax]


class AnsweredItem(msgspec.Struct):
    """What is said of one item."""

    id: str
    price: TaxPrice
    type: str = ""
    wrapping: AnsweredItem | None = None


class AnsweredDocument(msgspec.Struct):
    """What is said of one consignment."""

    id: str
    items: list[AnsweredItem]
    shipping: AnsweredItem
    handling: AnsweredItem
    external_id: str | UnsetType = UNSET


class AnsweredQuote(msgspec.Struct):
    """An answer of a tax provider."""

    id: str
    documents: list[AnsweredDocument]


read_quote = msgspec.json.Decoder(AnsweredQuote).decode


class Requested(NamedTuple):
    """An item of a request, by what it is in the store: the key of a line, a consignment or a fee."""

    document: str
    kind: Kind
    id: str
    key: str
    amount: Decimal


def item(
    kind: Kind, item_id: str, name: str, amount: Decimal, of_class: tuple[int, str], **more: Any
) -> dict[str, Any]:
    """An item of a request; `of_class` is the number and the name of its tax class, `more` are further members."""
    number, class_name = of_class
    return {
        "id": item_id,
        "item_code": "",
        "item_reference": "",
        "name": name,
        "price": {"amount": amount, "tax_inclusive": False},
        "quantity": 1,
        "tax_class": {"code": "", "class_id": str(number), "name": class_name},
        "tax_exempt": False,
        "tax_properties": [],
        "type": kind,
    } | more


def address(
    line1: str, line2: str, city: str, region: tuple[str, str], country: tuple[str, str], zip_code: str, company: str
) -> dict[str, Any]:
    """An address; a region and a country are a name and a code."""
    return {
        "line1": line1,
        "line2": line2,
        "city": city,
        "region_name": region[0],
        "region_code": region[1],
        "country_name": country[0],
        "country_code": country[1],
        "postal_code": zip_code,
        "company_name": company,
        "type": "COMMERCIAL" if company else "RESIDENTIAL",
    }


def url_of(provider: Provider, connection: TaxProviderConnection, operation: str) -> str:
    """Where an operation of a provider is for a store that is connected in this way."""
    return f"{provider.url.replace(PROFILE, connection.profile)}/{operation}"


def ask(
    provider: Provider, connection: TaxProviderConnection, operation: str, content: Mapping[str, Any] | None,
    requested: Sequence[Requested] = (), *, query: str = "", keep: bool = False,
) -> Ask:  # fmt: skip
    """A request to a tax provider. The date of a transaction makes no other request of it."""
    same = None if content is None else {name: value for name, value in content.items() if name != "transaction_date"}
    judge = functools.partial(what_is_wrong, tuple(requested)) if content is not None else None
    return Ask(
        kind=TAX,
        provider=provider.id,
        operation=operation,
        url=url_of(provider, connection, operation) + query,
        content=b"" if content is None else _json(content),
        identity=_json(same),
        username=connection.username,
        key_id=connection.key_id,
        client_id=provider.client_id,
        judge=judge,
        keeps=(lambda _body: None) if keep else None,
    )


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), default=float).encode()


def what_is_wrong(requested: Sequence[Requested], body: bytes) -> str:
    """Why an answer cannot be used, as the end of a sentence about the provider; empty if it can."""
    try:
        found = _by_item(read_quote(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"answered with no tax quote: {error}"
    for one in requested:
        price = found.get((one.document, one.kind, one.id))
        if price is None:
            return f"did not answer for the {one.kind} {one.id}"
        amounts = (price.amount_inclusive, price.amount_exclusive, price.total_tax, price.tax_rate)
        if not all(amount.is_finite() for amount in amounts):
            return f"answered with an amount that is no number for the {one.kind} {one.id}"
        if abs(price.amount_exclusive + price.total_tax - price.amount_inclusive) > CENT:
            return f"answered with prices that do not differ by the tax for the {one.kind} {one.id}"
        if price.total_tax * one.amount < 0 or abs(price.total_tax) > LARGEST_RATE * abs(one.amount):
            return f"answered with a tax that cannot be for the {one.kind} {one.id}"
    return ""


def _by_item(answer: AnsweredQuote) -> dict[tuple[str, str, str], TaxPrice]:
    found: dict[tuple[str, str, str], TaxPrice] = {}
    for document in answer.documents:
        for one in document.items:
            found[document.id, one.type or "item", one.id] = one.price
            if one.wrapping is not None:
                found[document.id, "wrapping", one.wrapping.id] = one.wrapping.price
        found[document.id, "shipping", document.shipping.id] = document.shipping.price
        found[document.id, "handling", document.handling.id] = document.handling.price
    return found


def answers_of(body: bytes, requested: Sequence[Requested], places: int) -> TaxAnswers:
    """An answer that nothing is wrong with, as the engine of prices takes it."""
    found = _by_item(read_quote(body))
    return {
        (one.kind, one.key): _answer(found[one.document, one.kind, one.id], places)
        if one.amount
        else TaxAnswer(tax=ZERO)
        for one in requested
        if one.kind != "refund"
    }


def _answer(price: TaxPrice, places: int) -> TaxAnswer:
    tax = rounded(price.total_tax, places)
    parts = [
        AnsweredTax(
            rounded(one.amount, places),
            one.rate * 100,
            one.name[:255] or "Tax",
            one.id if isinstance(one.id, int) else one.id[:255],
            _number(one.tax_class),
        )
        for one in price.sales_tax_summary
    ]
    if parts:
        rest = tax - sum((part.amount for part in parts), ZERO)
        parts[-1] = parts[-1]._replace(amount=parts[-1].amount + rest)
    return TaxAnswer(tax=tax, rate=price.tax_rate * 100, parts=tuple(parts))


def _number(of: TaxClassOf | None) -> int:
    text = "" if of is None else of.class_id
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
