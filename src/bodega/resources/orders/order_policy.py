"""A store's policy for its orders: tax rates, when stock moves, in which currency."""

from __future__ import annotations

from bodega.domain.stock import PLACED, Timing
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.pricing.policy import Money, Taxes, money_of, taxes_of
from bodega.storage.unit import Unit


async def money(unit: Unit, code: str) -> Money:
    """The currency in which an order is paid; the store's own unless it names another. Raises Refusal."""
    found = await money_of(unit.tx, code)
    if found is None:
        raise refuse_faults([invalid("default_currency_code", "must be a currency of the store that is in use")])
    return found


def taxes(unit: Unit) -> Taxes:
    """The store's tax policy."""
    return taxes_of(unit.terms.settings)


def timing(unit: Unit) -> Timing:
    """Rule 86."""
    settings = unit.terms.settings
    return Timing(
        settings.get("stock.taken", PLACED),
        settings.get("stock.follows_edits", True),
        settings.get("stock.returns", True),
    )
