"""What all declarations have in common: the file that they are in, and the error that lists their mistakes."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

_MACHINERY = ("bodega.kit.", "bodega.storage.")
_BELOW = str(Path(__file__).parent.parent) + os.sep


class DeclarationError(Exception):
    """Declarations name something that does not exist; the message has a line for each mistake."""


def declared_in() -> str:
    """The file that declares something, such as `resources/catalog/brands.py`: the first caller outside the kit and the
    storage."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_MACHINERY):
        frame = frame.f_back
    return _below_package(frame.f_code.co_filename)


@cache
def _below_package(name: str) -> str:
    if name.startswith(_BELOW):
        return name.removeprefix(_BELOW).replace(os.sep, "/")
    return Path(name).name
