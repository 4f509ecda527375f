"""Metafields that apps open to the storefront, of one namespace, by their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bodega.kit.resource import Resource
from bodega.resources.carts.metafields import RESOURCE as OF_CARTS
from bodega.resources.catalog.metafields import RESOURCES as OF_CATALOG
from bodega.resources.channels.metafields import RESOURCE as OF_CHANNELS
from bodega.resources.metafields import FOR_SHOPPERS
from bodega.resources.store.metafields import RESOURCE as OF_STORE
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing, connection, node_id
from bodega.storefront.graphql.execution import batch, plain

Args = Mapping[str, Any]


def _of_kind(
    kind: str, resource: Resource, *, alone: bool = False, owner_of: Callable[[Any], int | str] | None = None
) -> None:
    """Declares the metafields of a type, or of the only object that it has. `owner_of` is what they name as their
    resource, if not a number."""
    table = resource.aggregates[0].table

    async def resolve(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
        owners = [0 if alone else (owner_of or _id_of)(thing) for thing in things]
        test, values = "is_shared AND namespace = $1", [args["namespace"]]
        if not alone:
            wanted = sorted(set(owners))
            test += f" AND resource_id IN ({numbered_placeholders(len(wanted), 2)})"
            values += wanted
        keys = set(args.get("keys") or ())
        found: dict[int | str, list[Thing]] = {}
        for one in await query.entities(asking.reader, table, test, *values):
            if one.permission_set in FOR_SHOPPERS and (not keys or one.key in keys):
                found.setdefault(0 if alone else one.resource_id, []).append(Thing("Metafields", one))
        return [connection(found.get(owner, []), args) for owner in owners]

    batch(f"{kind}.metafields")(resolve)


def _id_of(thing: Any) -> int:
    return int(thing.row.id if isinstance(thing, Thing) else thing["entityId"])


for _kind, _resource in zip(("Brand", "Category", "Product", "Variant"), OF_CATALOG, strict=True):
    _of_kind(_kind, _resource)
_of_kind("Channel", OF_CHANNELS)
_of_kind("Store", OF_STORE, alone=True)
_of_kind("Cart", OF_CARTS, owner_of=lambda thing: str(thing.row.uuid))

plain(
    "Metafields",
    id=lambda thing: node_id("Metafields", thing.row.id),
    entityId=lambda thing: thing.row.id,
    key=lambda thing: thing.row.key,
    value=lambda thing: thing.row.value,
)
