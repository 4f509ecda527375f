"""The currencies of ISO 4217: their names, and how many decimal places an amount has."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec


class Code(NamedTuple):
    """One currency: `places` is 2 for most, 0 for the yen, 3 for some dinars."""

    code: str
    name: str
    places: int


@cache
def codes() -> dict[str, Code]:
    """All of them by code, from the file that scripts/reference_data.py writes."""
    found = msgspec.json.decode(files("bodega.domain").joinpath("currency_codes.json").read_bytes(), type=list[Code])
    return {code.code: code for code in found}
