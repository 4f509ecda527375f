"""Countries with their states, and which of them the store delivers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.geography import places
from bodega.resources.shipping.destinations import Destination, delivered_to
from bodega.storage.text import caseless
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.execution import batch, plain, plain_with

Args = Mapping[str, Any]
plain("Query", geography=lambda _root: {})


@plain_with("Geography.countries")
def _countries(_asking: Asking, _thing: Any, args: Args) -> list[Destination]:
    wanted = args.get("filters") or {}
    name, code = caseless(wanted.get("name") or ""), (wanted.get("code") or "").upper()
    return [
        Destination(one, places.states_of(one))
        for one in sorted(places.COUNTRIES.entities, key=lambda one: one.country)
        if (not code or one.country_iso2 == code) and (not name or caseless(one.country) == name)
    ]


plain(
    "Country",
    entityId=lambda one: one.country.id,
    code=lambda one: one.country.country_iso2,
    name=lambda one: one.country.country,
    statesOrProvinces=lambda one: one.states,
)
plain(
    "StateOrProvince",
    entityId=lambda state: state.id,
    name=lambda state: state.state,
    abbreviation=lambda state: state.state_abbreviation,
)
plain("Settings", shipping=lambda thing: thing)
plain("Shipping", supportedShippingDestinations=lambda thing: thing)


@batch("SupportedShippingDestinations.countries")
async def _delivered(asking: Asking, things: Sequence[Any], _args: Args) -> list[Any]:
    found = await asking.once("destinations", lambda: delivered_to(asking.reader))
    return [found] * len(things)
