"""Where a store delivers to: the countries of its enabled zones that have an enabled way of shipping."""

from __future__ import annotations

from typing import NamedTuple

from bodega.resources.geography import places
from bodega.resources.geography.places import Country, State
from bodega.resources.shipping import zones
from bodega.storage import query
from bodega.storage.tx import Tx


class Destination(NamedTuple):
    """A country, and its states that are delivered to."""

    country: Country
    states: list[State]


async def delivered_to(tx: Tx) -> list[Destination]:
    """The destinations of a store, by the names of the countries."""
    test = "enabled AND EXISTS (SELECT 1 FROM shipping_methods m WHERE m.zone_id = shipping_zones.id AND m.enabled)"
    whole: set[str] = set()
    parts: dict[str, set[str]] = {}
    for zone in await query.entities(tx, zones.TABLE, test):
        if zone.type == "global":
            whole.update(country.country_iso2 for country in places.COUNTRIES.entities)
            break
        for place in zone.locations:
            if zone.type == "state":
                parts.setdefault(place.country_iso2, set()).add(place.state_iso2)
            else:
                whole.add(place.country_iso2)
    found = []
    for code in whole | parts.keys():
        country = places.country(code)
        if country is not None:
            only = None if code in whole else parts[code]
            states = [one for one in places.states_of(country) if only is None or one.state_abbreviation in only]
            found.append(Destination(country, states))
    return sorted(found, key=lambda one: one.country.country)
