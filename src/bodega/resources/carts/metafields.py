"""Metafields of carts, which are named by their UUID."""

from __future__ import annotations

from msgspec.structs import replace

from bodega.kit.endpoint import Parent
from bodega.resources.carts.cart import SCOPE, TABLE
from bodega.resources.metafields import delete_metafields, metafields_of
from bodega.storage.unit import Unit

_CART = Parent("resource_id", TABLE, value="uuid", key="uuid")
RESOURCE = metafields_of("cart", [_CART], "carts/{cart_id:text}", "carts", SCOPE)
OF_CARTS = RESOURCE.aggregates[0].table
delete_with_cart = delete_metafields(RESOURCE, TABLE.name, "uuid")


async def move(unit: Unit, old: str, new: str) -> None:
    """The metafields of a cart are those of another one from now on: both by their UUIDs."""
    rows = await unit.where(OF_CARTS, "resource_id = $1", old)
    await unit.rewrite(OF_CARTS, *(row.with_entity(replace(row.entity, resource_id=new)) for row in rows))
