"""The option as it is stored: a V2 option, which products share, or the one behind a V3 option or modifier."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, SortOrder
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.storage.table import Reference, Unique
from bodega.storage.text import caseless

OptionType = Literal[
    "date", "checkbox", "file", "text", "multi_line_text", "numbers_only_text", "radio_buttons", "rectangles",
    "dropdown", "product_list", "product_list_with_images", "swatch",
]  # fmt: skip
V2_TYPES = {
    "numbers_only_text": "N", "date": "D", "multi_line_text": "MT", "checkbox": "C", "file": "F", "text": "T",
    "radio_buttons": "RB", "rectangles": "RT", "dropdown": "S", "product_list": "P", "product_list_with_images": "PI",
    "swatch": "CS",
}  # fmt: skip
"""V3's type: V2's code (rule 59)."""

CHOICES = frozenset(
    {"radio_buttons", "rectangles", "dropdown", "product_list", "product_list_with_images", "swatch"}
)  # fmt: skip
"""The types of options that distinguish variants: V3's options. Every other type is a modifier."""

WITHOUT_VALUES = frozenset({"date", "file", "text", "multi_line_text", "numbers_only_text"})
"""The types that the shopper fills in."""

MAX_VALUES = 250
"""The most values of one option (rules 60 and 64)."""


class Option(Entity, kw_only=True):
    """`product_id` is 0 for a shared option, else the product whose V3 option or modifier it is."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    display_name: Annotated[str, msgspec.Meta(max_length=255), NAME] = ""
    type: OptionType
    config: dict[str, Any] = {}
    product_id: Id = 0


TABLE = stored(
    "options",
    Option,
    noun="option",
    columns="name display_name type product_id",
    computed={"name_key": ("TEXT", lambda option: caseless(option.name))},
    uniques=[Unique(("name_key",), "name", "The option name is a duplicate.")],  # rule 59
)


class Value(Entity, kw_only=True):
    """A choice. `value` is V2's text: a colour, a product's id, an image; `value_data` is the same in V3's form."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    sort_order: SortOrder = 0
    value_data: dict[str, Any] | None = None
    is_default: bool = False
    option_id: Id = 0
    value: str = ""


VALUES = stored(
    "option_values",
    Value,
    noun="option value",
    columns="option_id sort_order label",
    computed={
        "label_key": ("TEXT", lambda value: caseless(value.label)),
        "stands_for": ("INTEGER", lambda value: (value.value_data or {}).get("product_id")),
    },
    indexed="stands_for",
    hidden="option_id value",
    uniques=[Unique(("option_id", "label_key"), "label", "The option has a value of this label.")],  # rule 60
    references=[Reference("option_id", "options", "option_id", "The option does not exist.", "CASCADE")],
    cap_within=("option_id", MAX_VALUES),
)


def invalid(field: str, why: str) -> Refusal:
    """The refusal of a member; `why` is the end of a sentence about it."""
    details = {"invalid_reason": f"{field} {why}."}
    return refuse_faults([Fault(Reason.FIELD_INVALID, field, f"The field '{field}' is invalid.", details)])
