"""A store's policy for its orders: tax rates, when stock moves, in which currency."""

from __future__ import annotations

from typing import Any

from bodega.domain.stock import Timing
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.geography.destination import Destination, destination
from bodega.resources.orders.address import AddressDraft
from bodega.resources.pricing.buyer import buyer_of
from bodega.resources.pricing.policy import Money, Taxes, money_of
from bodega.resources.settings.selling import inventory_settings
from bodega.resources.tax.rates_at import policy_at
from bodega.storage.unit import Unit


async def money(unit: Unit, code: str) -> Money:
    """The currency in which an order is paid; the store's own unless it names another. Raises Refusal."""
    found = await money_of(unit.tx, code)
    if found is None:
        raise refuse_faults([invalid("default_currency_code", "must be a currency of the store that is in use")])
    return found


async def taxes(unit: Unit, to: Destination | None = None, customer_id: int = 0) -> Taxes:
    """The taxes of an order of a customer, or of a guest (0), that goes to a place; without one, those of guests."""
    buyer = await buyer_of(unit.tx, customer_id)
    made = await policy_at(
        unit.tx,
        to,
        operator=unit.terms.settings,
        customer_id=customer_id,
        group_id=buyer.shopper.group_id,
        exempt=buyer.exempt,
    )
    return Taxes(made)


def place_of(address: Any) -> Destination | None:
    """Where an address of an order is; None while it does not say a country."""
    word = address.country_iso2 or address.country
    return destination(word, address.state, address.zip) if word else None


def place_of_draft(draft: AddressDraft) -> Destination | None:
    """Where an address in a body is; None while it does not say a country."""
    given = draft.given()
    word = given.get("country_iso2") or given.get("country")
    return destination(str(word), str(given.get("state", "")), str(given.get("zip", ""))) if word else None


async def timing(unit: Unit, channel_id: int) -> Timing:
    """Rule 86: by the settings of the order's channel."""
    kept = await inventory_settings(unit.tx, channel_id, unit.terms.settings)
    return Timing(kept.update_stock_behavior, kept.edit_order_stock_adjustment, kept.refund_order_stock_adjustment)
