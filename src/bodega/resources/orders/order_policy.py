"""A store's policy for its orders: tax rates, when stock moves, in which currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from bodega.domain.currency_codes import codes
from bodega.domain.pricing.amounts import Amount, taxed
from bodega.domain.stock import PLACED, Timing
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.store import currencies
from bodega.resources.store.currencies import Currency
from bodega.storage import query
from bodega.storage.unit import Unit

ZERO = Decimal(0)
SHIPPING, WRAPPING = 2, 3
"""The tax classes of costs other than products (`store/tax_classes.py`). Handling is taxed as shipping is."""


class Money(NamedTuple):
    """The currency of an order, the store's own, and the exchange rate between them."""

    currency: Currency
    default: Currency

    @property
    def rate(self) -> Decimal:
        """The factor from a price in the store's own currency to one in the order's."""
        return self.currency.currency_exchange_rate / self.default.currency_exchange_rate

    @property
    def places(self) -> int:
        """The decimal places of payable amounts: those of the currency itself, whatever is displayed."""
        known = codes().get(self.currency.currency_code)
        return known.places if known is not None else self.currency.decimal_places


async def money(unit: Unit, code: str) -> Money:
    """The currency in which an order is paid; the store's own unless it names another. Raises Refusal."""
    default = await currencies.default(unit.tx)
    if not code or code == default.currency_code:
        return Money(default, default)
    found = await query.one(unit.tx, currencies.TABLE, "currency_code = $1 AND enabled", code)
    if found is None:
        raise refuse_faults([invalid("default_currency_code", "must be a currency of the store that is in use")])
    return Money(found.entity, default)


class Taxes(NamedTuple):
    """Tax rates in per cent by tax class. `inclusive`: prices are entered with tax."""

    rates: Mapping[str, str]
    inclusive: bool

    def rate(self, tax_class: int) -> Decimal:
        """The rate of a class; 0 if it has none."""
        return Decimal(self.rates.get(str(tax_class), "0"))

    def on(self, price: Decimal, tax_class: int, places: int) -> Amount:
        """A price in this class, without and with tax."""
        return taxed(price, self.rate(tax_class), places, inclusive=self.inclusive)


def taxes(unit: Unit) -> Taxes:
    """The store's tax policy."""
    settings = unit.terms.settings
    rates = dict(part.split("=") for part in settings.get("tax.rates", "").split(",") if part)
    return Taxes(rates, settings.get("prices_include_tax", False))


def timing(unit: Unit) -> Timing:
    """Rule 86."""
    settings = unit.terms.settings
    return Timing(
        settings.get("stock.taken", PLACED),
        settings.get("stock.follows_edits", True),
        settings.get("stock.returns", True),
    )
