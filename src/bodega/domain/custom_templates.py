"""Which products, categories, brands and pages have a page template of their own on a channel (V3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import STRING, FieldType, Id, Moment, as_is
from bodega.law.refusal import invalid, refuse_faults
from bodega.storage import query
from bodega.storage.rules import AfterDelete
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.unit import Unit

Kind = Literal["product", "category", "brand", "page"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_OWNERS: dict[Kind, str] = {"product": "products", "category": "categories", "brand": "brands", "page": "web_pages"}


def clean_file_name(value: Any) -> Any:
    """The name of a file below the folder of its kind."""
    if not _FILE.fullmatch(value) or any(step in (".", "..") for step in value.split("/")):
        raise ValueError("must be the name of a template, as my-page.html")
    return value


_FILE = re.compile(r"[\w ][\w .-]*(?:/[\w ][\w .-]*)*")
FILE_NAME = FieldType("string", as_is, lambda value: clean_file_name(STRING.read(value)), clean_file_name)


class Association(Entity, kw_only=True):
    """An entity has this template on a channel. Whether there is such a template follows from the theme there."""

    channel_id: Id
    entity_type: Kind
    entity_id: Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]
    file_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), FILE_NAME]
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "custom_templates",
    Association,
    noun="custom template association",
    columns="channel_id entity_type entity_id file_name",
    indexed="channel_id",
    uniques=[
        Unique(("entity_type", "entity_id", "channel_id"), "entity_id", "The entity has a template there already.")
    ],
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
)


async def know_the_entity(unit: Unit, _old: Association | None, new: Association) -> None:
    """The entity exists."""
    if await unit.tx.row(f"SELECT 1 FROM {_OWNERS[new.entity_type]} WHERE id = $1", new.entity_id) is None:
        raise refuse_faults([invalid("entity_id", f"must be the id of a {new.entity_type} of this store")])


def forget_custom_templates(kind: Kind) -> AfterDelete[Unit]:
    """The rule of every table whose rows may have a template of their own."""

    async def forget_custom_templates(unit: Unit, ids: Sequence[int]) -> None:
        """Deletes which template an entity had."""
        if not unit.statistics.total(TABLE.name):
            return
        of_them = f"entity_type = $1 AND entity_id IN ({numbered_placeholders(len(ids), 2)})"
        sql = f"SELECT id FROM {TABLE.name} WHERE {of_them}"
        await unit.delete(TABLE, await query.values(unit.tx, sql, kind, *ids))

    return forget_custom_templates
