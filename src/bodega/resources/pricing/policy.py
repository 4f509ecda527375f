"""A store's policy for prices: in which currency, at which tax rates."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from bodega.domain.currency_codes import codes
from bodega.domain.pricing.amounts import FOUR, Amount, PricedLine, taxed
from bodega.domain.pricing.basket import Basket, TaxPolicy, TaxRate
from bodega.domain.pricing.tax import UNTAXED, Zones, combined, percents
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
    """The taxes of an order: its policy, of one place."""

    policy: TaxPolicy

    @property
    def inclusive(self) -> bool:
        """Whether prices are entered with tax."""
        return self.policy.inclusive

    def rates(self, tax_class: int) -> tuple[TaxRate, ...]:
        """The rates of a class; none for an exempt customer."""
        return () if self.policy.exempt else self.policy.rates.get(tax_class, ())

    def rate(self, tax_class: int) -> Decimal:
        """The rates of a class as one, in per cent; 0 if it has none."""
        return combined(self.rates(tax_class))

    def entered(self, *, inclusive: bool) -> Taxes:
        """The same for prices that were entered with tax, or without, where they are paid."""
        if inclusive == self.inclusive:
            return self
        return Taxes(replace(self.policy, inclusive=inclusive, home=None))

    def on(self, price: Decimal, tax_class: int, places: int) -> Amount:
        """A price as the store enters it, in this class: without and with the tax of the place."""
        zones = Zones(Basket(items=(), tax=self.policy))
        there = zones.entered(price, UNTAXED if self.policy.exempt else self.policy.rates, tax_class, places)
        return self.of(there, tax_class, places, inclusive=self.inclusive)

    def of(self, price: Decimal, tax_class: int, places: int, *, inclusive: bool) -> Amount:
        """A price that was entered with the tax of the place (`inclusive`) or without any: both."""
        rates = self.rates(tax_class)
        one = taxed(price, combined(rates), places, inclusive=inclusive)
        if places == FOUR or len(rates) < 2:
            return one
        return PricedLine(1, one, combined(rates), percents(rates)).total(Decimal(0), places, inclusive=inclusive)
