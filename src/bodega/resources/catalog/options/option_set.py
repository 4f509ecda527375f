"""The option set and its options as they are stored: options that V2 gives to many products at once."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, SortOrder
from bodega.storage.table import Reference, Unique
from bodega.storage.text import caseless


class OptionSet(Entity, kw_only=True):
    """A name for several options."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]


TABLE = stored(
    "option_sets",
    OptionSet,
    noun="option set",
    columns="name",
    computed={"name_key": ("TEXT", lambda item: caseless(item.name))},
    uniques=[Unique(("name_key",), "name", "The option set name is a duplicate.")],  # rule 61
)


class SetOption(Entity, kw_only=True):
    """An option in a set, as the products of the set show it."""

    option_id: Id
    option_set_id: Id = 0
    display_name: Annotated[str, msgspec.Meta(max_length=255), NAME] = ""
    sort_order: SortOrder = 0
    is_required: bool = False


SET_OPTIONS = stored(
    "option_set_options",
    SetOption,
    noun="option of an option set",
    columns="option_set_id option_id sort_order",
    computed={"display_key": ("TEXT", lambda item: caseless(item.display_name))},
    indexed="option_id",
    uniques=[
        Unique(("option_set_id", "option_id"), "option_id", "The option set has this option already."),
        Unique(("option_set_id", "display_key"), "display_name", "The option set has an option of this display name."),
    ],
    references=[
        Reference("option_set_id", "option_sets", "option_set_id", "The option set does not exist.", "CASCADE"),
        Reference("option_id", "options", "option_id", "The option does not exist.", "CASCADE"),
    ],
)
