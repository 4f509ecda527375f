"""Metafields: data that apps attach to a resource, or to the store. One table for each kind of resource, made by
`metafields_of`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import events
from bodega.kit.fields import NAME, Id, Line, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item, listed
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import PartlyRefused
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate, BeforeDelete, BeforeWrite
from bodega.storage.conflicts import dangling
from bodega.storage.table import Reference, Table, Unique, numbered_placeholders
from bodega.storage.unit import Unit

MAXIMUM = 250
"""The most metafields of one account for one resource (rule 71: the schema's text also says 50)."""

MAX_AT_ONCE = 250

STORE_ID = "0"
"""What metafields of the store name as their resource."""

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64), NAME]
Permission = Literal["app_only", "read", "write", "read_and_sf_access", "write_and_sf_access"]
WRITABLE = ("write", "write_and_sf_access")
FOR_SHOPPERS = ("read_and_sf_access", "write_and_sf_access")
"""The permissions that let storefronts read."""


class Metafield(Entity, kw_only=True):
    """`owner_client_id` is the account that created it; `permission_set` says what other accounts may do with it."""

    key: Key
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=65_535)]
    namespace: Key
    permission_set: Permission
    resource_type: str = ""
    resource_id: Id = 0
    description: Line = ""
    date_created: Moment = ""
    date_modified: Moment = ""
    owner_client_id: str = ""


class KeyedMetafield(Metafield, kw_only=True):
    """Of a resource whose id on the wire is a text, such as a UUID."""

    resource_id: str = ""  # type: ignore[assignment]


_REQUIRED = "permission_set namespace key value"
_OWN = "id resource_type date_created date_modified owner_client_id"
_FILTERS = "id key namespace :resource_id date_created date_modified"
_COMPUTED: dict[str, Any] = {"is_shared": ("BOOLEAN", lambda field: field.permission_set != "app_only")}
_ACCOUNTS: dict[str, Any] = {"owner": "owner_client_id", "shared": "is_shared"}
_BATCH = Batch(MAX_AT_ONCE, counted=True, partly=PartlyRefused, each=True)


def metafields_of_store() -> Resource:
    """The metafields of the store as a whole. They have one path and name no resource: the published form of their
    `resource_id` is always `0`."""
    table = stored(
        "store_metafields",
        KeyedMetafield,
        noun="metafield",
        columns="namespace key owner_client_id date_created date_modified",
        computed=_COMPUTED,
        indexed="key",
        uniques=[
            Unique(("owner_client_id", "namespace", "key"), "key", "The namespace has this key already.")  # rule 71
        ],
        cap_within=("owner_client_id", MAXIMUM),
    )
    shape = V3Shape(KeyedMetafield, required=_REQUIRED, read_only=f"{_OWN} resource_id")
    listing = Listing(table, 3, _FILTERS.replace(":resource_id ", ""), sorts="id", shown=shape.shown, cursor=True)
    path = "store/metafields"
    of_all = Endpoint(3, table, listing, "store_v2_information", path, v3=shape, batch=_BATCH, created=200, **_ACCOUNTS)
    of_one = Endpoint(3, table, listing, "store_v2_information", path, v3=shape, **_ACCOUNTS)
    return Resource(
        aggregates=(
            Aggregate(
                table,
                before_write=(_keep_owner_members("store", STORE_ID),),
                before_delete=(_check_delete_permission(table),),
                signals=events("store/metafield", data=lambda field: {**_told(field), "resource_type": "store"}),
            ),
        ),
        routes=(
            collection(path, of_all, "GET").also(listed(path, of_all, "POST PUT DELETE")),
            item(f"{path}/{{metafield_id}}", of_one),
        ),
    )


def metafields_of(word: str, parents: Sequence[Parent], item_path: str, all_path: str, scope: str) -> Resource:
    """The metafields of the resource that `parents` names last: `word` is its `resource_type`, `item_path` the path of
    one such resource, `all_path` the one below which all its metafields are written at once.

    Where the path names the resource by another column than its number, its metafields do so as well; the table of the
    resource then has `delete_metafields` of this one among its rules.
    """
    parent, key = parents[-1].table, parents[-1].key
    scoped = _SCOPED.get(word, word)
    entity = Metafield if key == "id" else KeyedMetafield
    table = stored(
        f"{word}_metafields",
        entity,
        noun="metafield",
        columns="resource_id namespace key owner_client_id date_created date_modified",
        computed=_COMPUTED,
        indexed="resource_id",
        uniques=[
            Unique(  # rule 71
                ("owner_client_id", "resource_id", "namespace", "key"), "key", "The namespace has this key already."
            )
        ],
        references=[
            Reference("resource_id", parent.name, "resource_id", f"The {parent.noun} does not exist.", "CASCADE")
        ]
        if key == "id"
        else [],
        cap_within=("resource_id owner_client_id", MAXIMUM),
    )
    one = V3Shape(entity, required=_REQUIRED, read_only=f"{_OWN} resource_id")
    many = V3Shape(entity, required=f"{_REQUIRED} resource_id", read_only=_OWN)
    listing = Listing(table, 3, _FILTERS, sorts="id", shown=one.shown, cursor=True)
    terms: dict[str, Any] = {"created": 200, **_ACCOUNTS}
    home = f"{item_path}/metafields"
    of_one = Endpoint(3, table, listing, scope, _blanks(home), v3=one, parents=tuple(parents), **terms)
    of_all = Endpoint(3, table, listing, scope, f"{all_path}/metafields", v3=many, batch=_BATCH, **terms)
    return Resource(
        aggregates=(
            Aggregate(
                table,
                before_write=(_keep_owner_members(word), *(() if key == "id" else (_name_a_row(parent, key),))),
                before_delete=(_check_delete_permission(table),),
                signals=(
                    *(events(f"store/{scoped}/metafield", data=_told) if scoped else ()),
                    *events("store/metafield", data=lambda field: {**_told(field), "resource_type": word}),
                ),
            ),
        ),
        routes=(
            collection(f"{all_path}/metafields", of_all, "GET").also(
                listed(f"{all_path}/metafields", of_all, "POST PUT DELETE")
            ),
            collection(home, of_one, "GET POST"),
            item(f"{home}/{{metafield_id}}", of_one),
        ),
    )


_SCOPED = {"variant": "product/variant", "location": "inventory/location", "customer": ""}
"""Kinds of resources whose metafields have a scope with another name, or none of their own."""


def _told(field: Metafield) -> dict[str, Any]:
    """The payload of a metafield's events: the resource's id is a string there."""
    return {"metafield_id": field.id, "resource_id": str(field.resource_id)}


def _blanks(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _name_a_row(parent: Table, key: str) -> BeforeWrite:
    async def name_a_row(unit: Unit, old: KeyedMetafield | None, new: KeyedMetafield) -> None:
        """A metafield belongs to a resource that there is."""
        sql = f"SELECT 1 FROM {parent.name} WHERE {key} = $1"
        if old is None and await unit.tx.row(sql, new.resource_id) is None:
            raise refuse_faults([dangling("resource_id", f"The {parent.noun} does not exist.", [new.resource_id])])

    return name_a_row


def delete_metafields(metafields: Resource, parent: str, key: str) -> BeforeDelete:
    """The rule of a table of keyed rows, whose metafields go with them."""
    table = metafields.aggregates[0].table

    async def delete_metafields(unit: Unit, ids: Sequence[int]) -> None:
        """Metafields go with their resource."""
        if not unit.statistics.total(table.name):
            return
        theirs = f"SELECT {key} FROM {parent} WHERE id IN ({numbered_placeholders(len(ids))})"
        going = await query.values(unit.tx, f"SELECT id FROM {table.name} WHERE resource_id IN ({theirs})", *ids)
        unit.leaving.update((table.name, one) for one in going)
        await unit.delete(table, going)

    return delete_metafields


def _keep_owner_members(word: str, resource_id: str | None = None) -> BeforeWrite:
    async def keep_owner_members(unit: Unit, old: Metafield | None, new: Metafield) -> None:
        """Rule 71: another account may change what it may write, but never the name of the field or who may see it."""
        if old is None:
            new.resource_type, new.owner_client_id = word, unit.client_id
            if resource_id is not None:
                new.resource_id = resource_id  # type: ignore[assignment]
            return
        new.resource_id = old.resource_id
        if unit.client_id == old.owner_client_id:
            return
        named = ("namespace", "key", "permission_set")
        if old.permission_set not in WRITABLE or any(getattr(old, name) != getattr(new, name) for name in named):
            raise _not_yours(old)

    return keep_owner_members


def _check_delete_permission(table: Table) -> BeforeDelete:
    async def check_delete_permission(unit: Unit, ids: Sequence[int]) -> None:
        """Rule 71: an account may delete what it may write; all metafields are deleted with their resource."""
        field: Metafield
        for field in await query.entities_of(unit.tx, table, ids):
            mine = unit.client_id == field.owner_client_id or field.permission_set in WRITABLE
            if not mine and not _goes_along(unit, table, field):
                raise _not_yours(field)

    return check_delete_permission


def _goes_along(unit: Unit, table: Table, field: Metafield) -> bool:
    owner = table.references[0].target if table.references else ""
    return (table.name, field.id) in unit.leaving or (owner, field.resource_id) in unit.leaving


def _not_yours(field: Metafield) -> Refusal:
    details = {"owner_client_id": field.owner_client_id, "permission_set": field.permission_set}
    return Refusal(Reason.NOT_THE_OWNER, details=details)
