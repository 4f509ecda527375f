"""Writes the reference data that the resources read: countries and states (ISO 3166), currencies (ISO 4217).

    python scripts/reference_data.py

The codes and names come from pycountry. Ids are Bodega's own and last: what is in the files already keeps its id, what
is new gets the next one. Decimal places are those of ISO 4217, which pycountry does not have.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pycountry

SOURCE = Path(__file__).parent.parent / "src" / "bodega"
PLACES = SOURCE / "resources" / "geography" / "places.json"
CURRENCIES = SOURCE / "domain" / "currency_codes.json"

FIRST = ("US", "CA", "AU", "GB")
"""Countries whose states have the smallest ids."""

MORE_STATES = {"US": {"AA": "Armed Forces Americas", "AE": "Armed Forces Europe", "AP": "Armed Forces Pacific"}}
"""Where mail goes as to a state, and ISO 3166-2 knows none."""

PLACES_OF = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Currencies whose smallest part is not a hundredth."""

NO_MONEY = frozenset({"XTS", "XXX"})
"""Codes for tests, and for transactions without a currency."""


def known(path: Path) -> dict[str, Any]:
    """What the file says now."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def numbered(names: list[tuple[str, ...]], before: dict[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """An id for each key: the one it has, else the next."""
    following = max(before.values(), default=0) + 1
    ids = dict(before)
    for name in names:
        if name not in ids:
            ids[name] = following
            following += 1
    return ids


def places() -> str:
    """Countries as [id, name, iso2, iso3], states as [id, country's id, name, abbreviation], one a line."""
    old = known(PLACES)
    names = {c.alpha_2: getattr(c, "common_name", c.name) for c in pycountry.countries}
    iso3 = {c.alpha_2: c.alpha_3 for c in pycountry.countries}
    had = {(row[2],): row[0] for row in old.get("countries", [])}
    ids = numbered([(code,) for code in sorted(names, key=names.__getitem__)], had)
    countries = sorted([ids[(code,)], names[code], code, iso3[code]] for code in names)
    states = {(s.country_code, s.code.partition("-")[2]): s.name for s in pycountry.subdivisions}
    for country, more in MORE_STATES.items():
        states |= {(country, code): name for code, name in more.items()}
    code_of = {row[0]: row[2] for row in old.get("countries", [])}
    had_states = {(code_of[row[1]], row[3]): row[0] for row in old.get("states", [])}
    order = sorted(states, key=lambda key: (_rank(key[0]), ids[(key[0],)], states[key]))
    state_ids = numbered(order, had_states)  # type: ignore[arg-type]
    rows = sorted([state_ids[key], ids[(key[0],)], name, key[1]] for key, name in states.items())
    return f'{{"countries":[\n{_lines(countries)}\n],"states":[\n{_lines(rows)}\n]}}\n'


def _rank(country: str) -> int:
    return FIRST.index(country) if country in FIRST else len(FIRST)


def currencies() -> str:
    """Currencies as [code, name, decimal places], one a line."""
    places_of = {code: places for places, codes in PLACES_OF.items() for code in codes.split()}
    rows = [[c.alpha_3, c.name, places_of.get(c.alpha_3, 2)] for c in pycountry.currencies if c.alpha_3 not in NO_MONEY]
    return f"[\n{_lines(sorted(rows))}\n]\n"


def _lines(rows: list[Any]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)


if __name__ == "__main__":
    PLACES.write_text(places(), "utf-8")
    CURRENCIES.write_text(currencies(), "utf-8")
