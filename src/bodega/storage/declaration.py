"""What all declarations have in common: the file that they stand in, and the error that tells what is wrong in them."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

_MACHINERY = ("bodega.kit.", "bodega.storage.")
_HOUSE = Path(__file__).parent.parent


class DeclarationError(Exception):
    """Declarations name what does not exist; the message has a line for each mistake."""


def declared_in() -> str:
    """The file of whoever declares something, as `resources/catalog/brands.py`: the first caller that is no part of
    the kit or the storage."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_MACHINERY):
        frame = frame.f_back
    return _in_the_house(frame.f_code.co_filename)


@cache
def _in_the_house(name: str) -> str:
    path = Path(name)
    return path.relative_to(_HOUSE).as_posix() if path.is_relative_to(_HOUSE) else path.name
