"""Countries and their states: the same in every store, by ISO 3166."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from bodega.access.scopes import DEFAULT
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Line
from bodega.kit.filters import Filter
from bodega.kit.fixed import CountFixed, Fixed, ListFixed, ShowFixed
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v2_members import Linked
from bodega.kit.v2_shape import V2Shape
from bodega.storage.text import caseless


class Country(Entity, kw_only=True):
    """`country` is its English name."""

    country: Line
    country_iso2: Line
    country_iso3: Line


class State(Entity, kw_only=True):
    """A state, province or other subdivision; `state_abbreviation` is its ISO 3166-2 code without the country's."""

    state: Line
    state_abbreviation: Line
    country_id: int


def _keys(*fields: str) -> dict[str, Any]:
    """Columns that ignore case."""
    return {f"{field}_key": ("TEXT", lambda entity, field=field: caseless(getattr(entity, field))) for field in fields}


def _caseless(*fields: str) -> dict[str, Filter]:
    return {field: Filter(f"{field}_key", "eq", caseless) for field in fields}


COUNTRY = ("country", "country_iso2", "country_iso3")
STATE = ("state", "state_abbreviation")
COUNTRIES_TABLE = stored("countries", Country, noun="country", columns="", computed=_keys(*COUNTRY))
STATES_TABLE = stored("states", State, noun="state", columns="country_id", computed=_keys(*STATE))


@cache
def _read() -> dict[str, list[list[Any]]]:
    """The rows of `places.json`, which scripts/reference_data.py writes."""
    found: dict[str, list[list[Any]]] = msgspec.json.decode(
        files("bodega.resources.geography").joinpath("places.json").read_bytes()
    )
    return found


COUNTRIES = Fixed(
    COUNTRIES_TABLE,
    lambda: [
        Country(id=row[0], country=row[1], country_iso2=row[2], country_iso3=row[3]) for row in _read()["countries"]
    ],
)
STATES = Fixed(
    STATES_TABLE,
    lambda: [State(id=row[0], country_id=row[1], state=row[2], state_abbreviation=row[3]) for row in _read()["states"]],
)


@cache
def _by_word() -> dict[str, Country]:
    """Countries by each of their names and codes, in lower case."""
    return {caseless(getattr(country, field)): country for country in COUNTRIES.entities for field in COUNTRY}


@cache
def _states_by_word() -> dict[tuple[int, str], State]:
    return {(state.country_id, caseless(getattr(state, field))): state for state in STATES.entities for field in STATE}


def country(word: str) -> Country | None:
    """The country of this name or code, ignoring case."""
    return _by_word().get(caseless(word.strip()))


def state(of: Country, word: str) -> State | None:
    """The state of this name or abbreviation in a country."""
    return _states_by_word().get((of.id, caseless(word.strip())))


@cache
def _states_by_id() -> dict[int, State]:
    return {state.id: state for state in STATES.entities}


@cache
def _states_by_country() -> dict[int, list[State]]:
    found: dict[int, list[State]] = {}
    for state in STATES.entities:
        found.setdefault(state.country_id, []).append(state)
    return found


def states_of(country: Country) -> list[State]:
    """The states of a country."""
    return _states_by_country().get(country.id, [])


def state_numbered(of: Country, number: int) -> State | None:
    """The state of this id in a country."""
    found = _states_by_id().get(number)
    return found if found is not None and found.country_id == of.id else None


def provinces_of(country_code: str) -> Mapping[str, str]:
    """The names of the states and provinces of a country, by their codes."""
    return every_province().get(country_code, {})


@cache
def every_province() -> Mapping[str, Mapping[str, str]]:
    """The states and provinces of all countries that have some, by the codes of both."""
    codes = {one.id: one.country_iso2 for one in COUNTRIES.entities}
    found: dict[str, dict[str, str]] = {}
    for one in STATES.entities:
        found.setdefault(codes[one.country_id], {})[one.state_abbreviation] = one.state
    return found


countries = V2Shape(
    Country,
    "countries",
    "country",
    "id! country! country_iso2! country_iso3! states",
    {"states": Linked("/countries/{e.id}/states")},
)
states = V2Shape(State, "states", "state", "id! state! state_abbreviation! country_id!")

# The older documents allow every account to read geography; the newer ones only those that may read information.
ALL = Endpoint(
    2, COUNTRIES_TABLE, Listing(COUNTRIES_TABLE, 2, "", mapped=_caseless(*COUNTRY)), DEFAULT, "countries", v2=countries
)
EVERYWHERE = Endpoint(
    2, STATES_TABLE, Listing(STATES_TABLE, 2, "", mapped=_caseless(*STATE)), DEFAULT, "countries/states", v2=states
)
INSIDE = Endpoint(
    2,
    STATES_TABLE,
    EVERYWHERE.listing,
    DEFAULT,
    "countries/{}/states",
    v2=states,
    parents=(Parent("country_id", COUNTRIES_TABLE),),
)

routes = (
    route("countries", 2, countries, GET=ListFixed(ALL, COUNTRIES)),
    route("countries/count", 2, GET=CountFixed(ALL, COUNTRIES)),
    route("countries/states", 2, states, GET=ListFixed(EVERYWHERE, STATES)),
    route("countries/states/count", 2, GET=CountFixed(EVERYWHERE, STATES)),
    route("countries/{id}", 2, countries, GET=ShowFixed(ALL, COUNTRIES)),
    route("countries/{id}/states", 2, states, GET=ListFixed(INSIDE, STATES, COUNTRIES)),
    route("countries/{id}/states/count", 2, GET=CountFixed(INSIDE, STATES, COUNTRIES)),
    route("countries/{id}/states/{id}", 2, states, GET=ShowFixed(INSIDE, STATES, COUNTRIES)),
)

RESOURCE = Resource(routes=routes)
