"""Metafields of carts, which are named by their UUID."""

from __future__ import annotations

from bodega.kit.endpoint import Parent
from bodega.resources.carts.cart import SCOPE, TABLE
from bodega.resources.metafields import delete_metafields, metafields_of

_CART = Parent("resource_id", TABLE, value="uuid", key="uuid")
RESOURCE = metafields_of("cart", [_CART], "carts/{cart_id:text}", "carts", SCOPE)
delete_with_cart = delete_metafields(RESOURCE, TABLE.name, "uuid")
