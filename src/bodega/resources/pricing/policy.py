"""A store's policy for prices: in which currency, at which tax rates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.domain.currency_codes import codes
from bodega.domain.pricing.amounts import Amount, taxed
from bodega.domain.pricing.basket import TaxPolicy, TaxRate
from bodega.resources.store import currencies
from bodega.resources.store.currencies import Currency
from bodega.storage import query
from bodega.storage.tx import Tx

SHIPPING, WRAPPING = 2, 3
"""The tax classes of costs other than products (`store/tax_classes.py`). Handling is taxed as shipping is."""


class Money(NamedTuple):
    """The currency of an order or a cart, the store's own, and the exchange rate between them."""

    currency: Currency
    default: Currency

    @property
    def code(self) -> str:
        """The code of the currency."""
        return self.currency.currency_code

    @property
    def rate(self) -> Decimal:
        """The factor from a price in the store's own currency to one in this."""
        return self.currency.currency_exchange_rate / self.default.currency_exchange_rate

    @property
    def places(self) -> int:
        """The decimal places of payable amounts: those of the currency itself, whatever is displayed."""
        known = codes().get(self.currency.currency_code)
        return known.places if known is not None else self.currency.decimal_places


async def money_of(tx: Tx, code: str = "") -> Money | None:
    """The store's own currency, or the one of this code; None unless the store has it in use."""
    default = await currencies.default(tx)
    if not code or code == default.currency_code:
        return Money(default, default)
    found = await query.one(tx, currencies.TABLE, "currency_code = $1 AND enabled", code)
    return None if found is None else Money(found.entity, default)


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

    def policy(self, *, exempt: bool = False) -> TaxPolicy:
        """The same for the engine of prices; a rate of 0 is none."""
        rates = {int(number): (TaxRate(Decimal(rate)),) for number, rate in self.rates.items() if Decimal(rate)}
        return TaxPolicy(rates=rates, inclusive=self.inclusive, exempt=exempt)


def taxes_of(settings: Mapping[str, Any]) -> Taxes:
    """The tax policy in a store's settings."""
    rates = dict(part.split("=") for part in settings.get("tax.rates", "").split(",") if part)
    return Taxes(rates, settings.get("prices_include_tax", False))
