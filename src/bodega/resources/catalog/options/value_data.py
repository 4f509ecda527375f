"""What a value stands for, in V3's form (`value_data`) and in V2's (`value`): rule 60.

A swatch has up to three colours or an image, a list of products a product, a checkbox a state; any other choice only
has its label, and its text in V2 is free.
"""

from __future__ import annotations

import re
from typing import Any

from bodega.kit.fields import INT32, whole

MAX_COLOURS = 3
LONGEST = 2048

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")

Meaning = tuple[dict[str, Any] | None, str]
"""`value_data` and `value`."""


def from_data(kind: str, data: dict[str, Any] | None, label: str) -> Meaning:
    """Reads V3's form. Raises ValueError with the end of a sentence about value_data."""
    data = data or {}
    if kind == "swatch":
        return _swatch(data)
    if kind in ("product_list", "product_list_with_images"):
        number = data.get("product_id")
        if type(number) is not int or not 0 < number <= INT32:
            raise ValueError("must name a product by its product_id")
        return {"product_id": number}, str(number)
    if kind == "checkbox":
        state = data.get("checked_value")
        if not isinstance(state, bool):
            raise ValueError("must have a checked_value, true or false")
        return {"checked_value": state}, "1" if state else "0"
    return None, label


def from_text(kind: str, text: str) -> Meaning:
    """Reads V2's form. Raises ValueError with the end of a sentence about value."""
    if len(text) > LONGEST:
        raise ValueError(f"must be at most {LONGEST} characters long")
    if kind == "swatch":
        if not text:
            raise ValueError("must be up to three colours joined by |, or an image")
        return _swatch({"colors": text.split("|")} if text.startswith("#") else {"image_url": text})
    if kind in ("product_list", "product_list_with_images"):
        try:
            number = whole(text.strip())
        except ValueError:
            number = 0
        if not 0 < number <= INT32:
            raise ValueError("must be the id of a product")
        return {"product_id": number}, str(number)
    if kind == "checkbox":
        if text.lower() not in ("1", "0", "true", "false"):
            raise ValueError("must be 1 for a ticked box or 0 for an empty one")
        state = text.lower() in ("1", "true")
        return {"checked_value": state}, "1" if state else "0"
    return None, text


def _swatch(data: dict[str, Any]) -> Meaning:
    colours, image = data.get("colors"), data.get("image_url")
    if colours:
        if not isinstance(colours, list) or not all(isinstance(colour, str) for colour in colours):
            raise ValueError("must have colors as a list of strings")
        # A client may have sent them as one string.
        named = [part.strip() for colour in colours for part in colour.split(",") if part.strip()]
        if not 0 < len(named) <= MAX_COLOURS or not all(_COLOUR.fullmatch(colour) for colour in named):
            raise ValueError("must have one to three colors, as #1a2b3c")
        return {"colors": named}, "|".join(named)
    if isinstance(image, str) and image:
        if len(image) > LONGEST:
            raise ValueError(f"must have an image_url of at most {LONGEST} characters")
        return {"image_url": image}, image
    raise ValueError("must have up to three colors, or an image_url")
