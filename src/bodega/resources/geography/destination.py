"""Where something goes, as zones of shipping and of tax compare it."""

from __future__ import annotations

from typing import NamedTuple

from bodega.resources.geography import places


class Destination(NamedTuple):
    """Where a consignment goes: codes of ISO 3166, and a postal code."""

    country: str
    state: str = ""
    postal_code: str = ""


def destination(country: str, state: str = "", postal_code: str = "") -> Destination:
    """The destination of an address whose country and state are given by a name or a code."""
    found = places.country(country) if country else None
    if found is None:
        return Destination("", "", postal_code)
    part = places.state(found, state) if state else None
    return Destination(found.country_iso2, part.state_abbreviation if part is not None else state, postal_code)
