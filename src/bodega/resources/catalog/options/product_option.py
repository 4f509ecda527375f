"""An option of one product as it is stored: V3's option or modifier, and V2's product option (rule 62)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, SortOrder
from bodega.resources.catalog.options.option import OptionType
from bodega.storage.table import Reference, Unique
from bodega.storage.text import caseless

FIELDS = {"text": "T", "multi_line_text": "MT", "file": "F", "checkbox": "C"}
"""Types of modifiers that V2 shows as configurable fields."""


class ProductOption(Entity, kw_only=True):
    """Members up to `image_url` are those of V3; its values are those of `option_id`, the option behind it.

    A modifier changes what is bought, an option selects the variant: only the former has `required`, only the latter
    `image_url`. `is_required` is V2's. `option_set_option_id` is set if it came with the product's option set.
    """

    product_id: Id
    name: Annotated[str, msgspec.Meta(max_length=255)] = ""
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    type: OptionType
    sort_order: SortOrder = 0
    config: dict[str, Any] = {}
    required: bool | UnsetType = UNSET
    image_url: Annotated[str, msgspec.Meta(max_length=2048)] | UnsetType = UNSET
    is_required: bool = True
    is_modifier: bool = False
    option_id: Id = 0
    option_set_option_id: Id = 0


def _is_field(option: ProductOption) -> bool:
    return option.is_modifier and option.type in FIELDS and not option.option_set_option_id


TABLE = stored(
    "product_options",
    ProductOption,
    noun="product option",
    columns="product_id option_id is_modifier sort_order option_set_option_id",
    computed={
        "display_key": ("TEXT", lambda option: caseless(option.display_name)),
        "is_field": ("BOOLEAN", _is_field),
    },
    indexed="option_id option_set_option_id",
    hidden="is_required is_modifier option_id option_set_option_id",
    uniques=[
        Unique(("product_id", "option_id"), "option_id", "The product has this option already."),
        Unique(("product_id", "display_key"), "display_name", "The product has an option or modifier of this name."),
    ],
    references=[
        Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE"),
        Reference("option_id", "options", "option_id", "The option does not exist.", "CASCADE"),
    ],
)


async def show_members_of_kind(_unit: Any, _old: ProductOption | None, new: ProductOption) -> None:
    """Shows the members of its kind: a modifier is required or not, an option may have an image."""
    new.required = new.is_required if new.is_modifier else UNSET
    if new.is_modifier:
        new.image_url = UNSET
    elif new.image_url is UNSET:
        new.image_url = ""


def option_changed(old: ProductOption, new: ProductOption) -> dict[str, Any] | None:
    """The payload of a change of what V3 calls an option."""
    return None if new.is_modifier or old == new else _told("option", new)


def modifier_changed(old: ProductOption, new: ProductOption) -> dict[str, Any] | None:
    """The payload of a change of what V3 calls a modifier."""
    return _told("modifier", new) if new.is_modifier and old != new else None


def _told(kind: str, new: ProductOption) -> dict[str, Any]:
    """As the payload of a SKU tells whose it is."""
    return {"type": kind, "id": new.id, kind: {"product_id": new.product_id}}
