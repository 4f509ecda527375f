"""Named states: troubles that integrations meet, made in one call on any store."""

from __future__ import annotations

from bodega.lab.states import (
    catalogue,
    coupons,
    customers,
    limits,
    money,
    orders,
    promotions,
    shapes,
    shipping,
    stock,
    webhooks,
)
from bodega.lab.states.state import State, StateFailed, by_name

THEMES = (orders, money, shipping, stock, catalogue, customers, coupons, promotions, webhooks, limits, shapes)
"""One module for each theme, in the order in which they are listed."""

STATES: dict[str, State] = by_name(THEMES)
"""Every state by its name."""

LEFT_OUT = {
    "carts": "no cart is served yet: stale, orphaned over sessions, locked to a currency, option types mixed",
    "price lists": "none is served yet: unassigned, with gaps, without records, blocked by a group's discount",
    "ids beyond 2^31": "no row of this server has one",
}
"""Themes for which there is no state, and why."""

__all__ = ["LEFT_OUT", "STATES", "THEMES", "State", "StateFailed"]
