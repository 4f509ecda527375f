"""What a form changed, in words, for the log of who changed what: never a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bodega.masking import is_secret

LONGEST_VALUE, LONGEST = 60, 600
_QUIET = re.compile(r"(?:^|\.)(?:was|form_token)$|\.shown$")
_SECRET = re.compile(r"(?:^|[._])(?:old|new|code|confirm|pass)", re.IGNORECASE)
MASK = "\N{BULLET}\N{BULLET}\N{BULLET}"


def says(form: Mapping[str, Sequence[str]]) -> str:
    """The fields that were changed, with what they were if the form told; of other forms, what was sent."""
    was: dict[str, Any] = {}
    for name, values in form.items():
        if name == "was" or name.endswith(".was"):
            before = name.removesuffix("was")
            was |= {before + key: value for key, value in _object(values[-1]).items()}
    told = []
    for name in dict.fromkeys([*was, *form]):
        if _QUIET.search(name):
            continue
        old, new = was.get(name, ""), ", ".join(form.get(name, ()))
        ticked = f"{name}.shown" in form or name in form
        if not ticked or str(old).replace("\r\n", "\n") == new.replace("\r\n", "\n"):
            continue
        if is_secret(name) or _SECRET.search(name):
            old, new = MASK if old else "", MASK
        change = f"{_short(str(old))} \N{RIGHTWARDS ARROW} {_short(new)}" if old else _short(new)
        told.append(f"{name}: {change}")
    whole = "; ".join(told)
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 1]}\N{HORIZONTAL ELLIPSIS}"
