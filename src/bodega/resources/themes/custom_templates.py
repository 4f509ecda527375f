"""Custom templates: which files of a theme may stand in for the usual page of an entity, and for which they do (V3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.domain.custom_templates import KINDS, TABLE, Association, know_the_entity
from bodega.kit.actions import Action, ListAll
from bodega.kit.batch import UpdateMany
from bodega.kit.body import Changes
from bodega.kit.context import Context, Found
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.filters import Filter, FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import integer, listed, one_of
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.themes import theme
from bodega.resources.themes.theme import ACTIVE_OF, CONFIGURATIONS, CONTENTS
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.operands import IsTrue
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

MAXIMUM = 100

_ACTIVE = ACTIVE_OF.format(channel="channel_id")
VALID = f"EXISTS (SELECT 1 FROM theme_templates WHERE kind = entity_type AND file = file_name AND owner = {_ACTIVE})"
"""Whether the theme that the association's channel shows has the template, in SQL."""


async def _is_valid(context: Any, ids: Sequence[int]) -> dict[int, bytes]:
    """Of each association, whether the theme that its channel shows has the template."""
    sql = f"SELECT id FROM {TABLE.name} WHERE id IN ({numbered_placeholders(len(ids))}) AND {VALID}"
    return dict.fromkeys(await query.values(context.reader, sql, *ids), b"true")


def _flag(text: str) -> bool:
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise ValueError("must be true or false")


v3 = V3Shape(
    Association, required="channel_id entity_type entity_id file_name", read_only="id date_created date_modified"
)
_TYPE = FilterField("entity_type", one_of(KINDS))
_ENTITIES = Filter("entity_id", "in", listed(integer))
INCLUDES = {"is_valid": Include(_is_valid, b"false", tables="active_themes themes")}
LIST = Listing(
    TABLE,
    3,
    "channel_id",
    mapped={
        "type": _TYPE,
        "entity_id:in": _ENTITIES,
        "is_valid": Filter(IsTrue(VALID), "is", _flag),
    },
    exact=True,
    includes=INCLUDES,
    inside="is_valid",
    shown=(*v3.shown, "is_valid"),
)
ONE = Listing(TABLE, 3, "", includes=INCLUDES, inside="is_valid", shown=(*v3.shown, "is_valid"))


PATH = "storefront/custom-template-associations"
V3 = Endpoint(3, TABLE, LIST, theme.SCOPE, PATH, v3=v3)


async def _of_the_entity(unit: Unit, draft: Changes) -> int:
    """The association that the entity has on the channel, 0 if it has none."""
    sql = f"SELECT id FROM {TABLE.name} WHERE entity_type = $1 AND entity_id = $2 AND channel_id = $3"
    found = await query.value(unit.tx, sql, draft["entity_type"], draft["entity_id"], draft["channel_id"])
    return int(found or 0)


UPSERT = Endpoint(
    3, TABLE, ONE, theme.SCOPE, PATH, v3=v3,
    batch=Batch(MAXIMUM, whole=True, creates=True, finds=_of_the_entity),
)  # fmt: skip
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "id:in channel_id", mapped={"type": _TYPE, "entity_id:in": _ENTITIES}, exact=True),
    theme.SCOPE,
    PATH,
    delete_needs_filter=True,
)


def _say_the_type(asked: Query) -> Query:
    """Ids mean something only with the type of the entities."""
    given = dict(asked.given)
    if given.get("entity_id:in") and not given.get("type"):
        raise refuse_faults([Fault(Reason.QUERY_INVALID, "type", "type is required with entity_id:in.")])
    return asked


class ListAssociations(ListAll):
    """GET: a page of them."""

    def parse(self, query: str) -> Query:
        return _say_the_type(super().parse(query))


class DeleteAssociations(DeleteMany):
    """DELETE of those that the filters name."""

    def parse(self, query: str) -> Query:
        return _say_the_type(super().parse(query))


class Upsert(UpdateMany):
    """PUT of a list: each entity has this template on this channel from now on."""

    def read(self, content: Any) -> Any:
        drafts = self.endpoint.v3.read_new(content, self.batch.cap) if self.endpoint.v3 else []
        if not drafts:
            raise refuse_faults([invalid("", "must be a list of at least one association")])
        seen: set[tuple[Any, ...]] = set()
        faults = []
        for place, draft in enumerate(drafts):
            key = (draft["channel_id"], draft["entity_type"], draft["entity_id"])
            if key in seen:
                faults.append(invalid(f"{place}.entity_id", "must be named once for a channel"))
            seen.add(key)
        if faults:
            raise refuse_faults(faults)
        return drafts


class ShowCustomTemplates(Action):
    """GET of the files that a version of a theme, or a variation of it, offers for each kind of entity."""

    async def find(self, context: Context) -> Found:
        version = context.ids[-1]
        number = await query.value(context.reader, "SELECT id FROM themes WHERE version_uuid = $1", version)
        if number is None:
            sql = f"SELECT theme_id FROM {CONFIGURATIONS.name} WHERE variation_id = $1 LIMIT 1"
            number = await query.value(context.reader, sql, version)
        row = None if number is None else await query.get(context.reader, CONTENTS, number)
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return Found(Validator(row.version, row.modified), row=row.entity)

    async def answer(self, context: Context, found: Found) -> Outcome:
        offered = {kind: found.row.custom_templates.get(kind, []) for kind in KINDS}
        return Shown(ready=json({"data": offered, "meta": {}}))


OF_VERSION = Endpoint(3, CONTENTS, Listing(CONTENTS, 3, ""), theme.SCOPE, "")

routes = (
    route("themes/custom-templates/{version_uuid:text}", 3, GET=ShowCustomTemplates(OF_VERSION)),
    route(PATH, 3, GET=ListAssociations(V3), PUT=Upsert(UPSERT), DELETE=DeleteAssociations(DELETE)),
)


RESOURCE = Resource(aggregates=(Aggregate(TABLE, before_write=(know_the_entity,)),), routes=routes)
