"""The published query parameters against those of every operation that is served.

`replies/__init__.py` says how a known disagreement is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest

from bodega.http.router import by_version
from bodega.kit.listing import Listing
from bodega.resources import ROUTES
from published import needs_shared, table
from replies import OF_PARAMETERS, differs

pytestmark = needs_shared

VERSIONS = {"v2": 2, "v2-legacy": 2, "v3": 3}
OWN = {
    "page": lambda listing: True,
    "limit": lambda listing: True,
    "sort": lambda listing: bool(listing.sorts),
    "direction": lambda listing: bool(listing.sorts),
    "include": lambda listing: bool(listing.includes) or listing.include_names_fields,
    "exclude": lambda listing: listing.include_names_fields,
    "include_fields": lambda listing: bool(listing.shown),
    "exclude_fields": lambda listing: bool(listing.shown),
    "before": lambda listing: listing.cursor,
    "after": lambda listing: listing.cursor,
}
"""The parameters that are no filters, each with whether a listing knows it."""


class Asked(NamedTuple):
    """An operation with its published parameters, each with the values it is said to have, and the action behind it."""

    label: str
    version: int
    parameters: dict[str, tuple[str, ...]]
    action: Any


def served() -> Iterator[Asked]:
    """Every line of the table of filters whose operation is served."""
    tries = by_version(ROUTES)
    for row in table("filters"):
        version = VERSIONS.get(row["version"])
        segments = ["1" if step.startswith("{") else step for step in row["path"].strip("/").split("/")]
        match = tries[version].find(tuple(segments)) if version else None
        if version and match is not None and row["method"] in match.route.actions:
            words = [word.partition("=") for word in row["query_params"].split(",") if word]
            parameters = {name: tuple(values.split("|")) if values else () for name, _, values in words}
            label = f"{row['method']} /v{version}{row['path']}"
            yield Asked(label, version, parameters, match.route.actions[row["method"]])


SERVED = list(served())


@cache
def complaints(place: int) -> frozenset[tuple[str, str]]:
    """(parameter or value, keyword) of what is not known here, or not published."""
    _, version, given, action = SERVED[place]
    listing: Listing | None = getattr(action, "listing", None)
    if listing is None:
        return frozenset((name, "parameter") for name in given)
    own = {name for name, knows in OWN.items() if knows(listing)}
    known = {*listing.filters, *own}
    found = {(name, "parameter") for name in given if (name.lower() if version == 2 else name) not in known}
    if version == 3:
        if action.is_list:
            found |= {(name, "sort") for name in set(listing.sorts) ^ set(given.get("sort", listing.sorts))}
        if not action.writes:
            told = set(given.get("include", ()))
            extra = listing.includes.keys() - told - set(listing.inside)  # what is always shown need not be asked for
            found |= {(name, "include") for name in (told - listing.includes.keys()) | extra}
        found |= {(name, "member") for name in set(given.get("include_fields", ())) - set(listing.shown)}
    return frozenset(found)


@pytest.mark.parametrize("place", range(len(SERVED)), ids=lambda place: SERVED[place].label)
def test_every_published_parameter_is_known(place: int) -> None:
    """A filter that is passed over would list, or delete, too much; and what is sorted by or included is published."""
    label = SERVED[place].label
    unknown = {
        complaint for complaint in complaints(place) if not any(row.covers(label, *complaint) for row in differs())
    }
    assert unknown == set(), label


def test_every_known_disagreement_on_parameters_still_occurs() -> None:
    """What has been resolved leaves the table."""
    found = [(asked.label, *complaint) for place, asked in enumerate(SERVED) for complaint in complaints(place)]
    ours = [row for row in differs() if row.keyword in OF_PARAMETERS]
    stale = [row for row in ours if not any(row.covers(*complaint) for complaint in found)]
    assert not stale, "\n".join(["resolved, or never so:", *map(str, stale)])
