"""An option of one product as it is stored: V3's option or modifier, and V2's product option (rule 62)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.declare.entity import Entity, stored
from bodega.declare.fields import NAME, Id, SortOrder
from bodega.resources.catalog.options.option import OptionType
from bodega.storage.table import Reference, Unique


class ProductOption(Entity, kw_only=True):
    """Members up to `config` are those of a V3 option; its values are those of `option_id`, the option behind it.

    A modifier changes what is bought, an option says which variant it is. `option_set_option_id` tells that it came
    with the product's V2 option set.
    """

    product_id: Id
    name: Annotated[str, msgspec.Meta(max_length=255)] = ""
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    type: OptionType
    sort_order: SortOrder = 0
    config: dict[str, Any] = {}
    image_url: str = ""
    required: bool = True
    is_modifier: bool = False
    option_id: Id = 0
    option_set_option_id: Id = 0


TABLE = stored(
    "product_options",
    ProductOption,
    noun="product option",
    columns="product_id option_id is_modifier sort_order option_set_option_id",
    indexed="product_id option_id",
    hidden="required is_modifier option_id option_set_option_id",
    uniques=[
        Unique(("product_id", "option_id"), "option_id", "The product has this option already."),
    ],
    references=[
        Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE"),
        Reference("option_id", "options", "option_id", "The option does not exist."),
    ],
)
