"""A store's policy for its orders: tax rates, when stock moves, in which currency."""

from __future__ import annotations

from bodega.domain.stock import Timing
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.pricing.policy import Money, Taxes, money_of, taxes_of
from bodega.resources.settings.selling import inventory_settings
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


async def timing(unit: Unit, channel_id: int) -> Timing:
    """Rule 86: by the settings of the order's channel."""
    kept = await inventory_settings(unit.tx, channel_id, unit.terms.settings)
    return Timing(kept.update_stock_behavior, kept.edit_order_stock_adjustment, kept.refund_order_stock_adjustment)
