"""Wishlists: what a customer would like to have, item by item (V3)."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import msgspec

from bodega.kit import render
from bodega.kit.actions import Delete, DeleteIfThere, ShowItem, Update
from bodega.kit.body import Changes
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id
from bodega.kit.includes import children
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import rows_of, unchanging
from bodega.law.outcome import Created, Outcome, Shown
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

SCOPE = "store_v2_customers"


class Wishlist(Entity, kw_only=True):
    """`token` is given by the store: the name by which a public list can be shown."""

    customer_id: Id
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    is_public: bool = False
    token: str = ""


TABLE = stored(
    "wishlists",
    Wishlist,
    noun="wishlist",
    columns="customer_id token",
    indexed="customer_id token",
    references=[Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE")],
)


MAXIMUM = 1_000
"""The most items in the body of a wishlist; no limit is published."""


class WishlistItem(Entity, kw_only=True, omit_defaults=True):
    """A product, and which of its variants if one was chosen; else no `variant_id` is shown."""

    product_id: Id
    variant_id: Id | None = None
    wishlist_id: Id = 0


ITEMS = stored(
    "wishlist_items",
    WishlistItem,
    noun="wishlist item",
    columns="wishlist_id product_id variant_id",
    indexed="wishlist_id product_id variant_id",
    hidden="wishlist_id",
    references=[
        Reference("wishlist_id", "wishlists", "wishlist_id", "The wishlist does not exist.", "CASCADE"),
        Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE"),
        Reference("variant_id", "variants", "variant_id", "The variant does not exist.", "CASCADE"),
    ],
)

in_wishlist = V3Shape(WishlistItem, required="product_id", read_only="id", hidden="wishlist_id")
ITEM = Endpoint(
    3,
    ITEMS,
    Listing(ITEMS, 3, "", shown=in_wishlist.shown),
    SCOPE,
    "",
    v3=in_wishlist,
    parents=(Parent("wishlist_id", TABLE),),
)

_ANY = {"items": Nested(in_wishlist, rows_of(ITEM), maximum=MAXIMUM)}
_NEW = {"items": Nested(in_wishlist, rows_of(ITEM), new=True, maximum=MAXIMUM)}
post = V3Shape(Wishlist, required="customer_id name", read_only="id token", nested=_NEW)
put = V3Shape(Wishlist, required="", read_only="id token", nested=_ANY)
more = V3Shape(Wishlist, required="", read_only="id customer_id name is_public token", nested=_NEW)

_LIST = Listing(
    TABLE,
    3,
    "customer_id",
    includes={"items": children(ITEMS, "wishlist_id")},
    inside="items",
    shown=(*post.shown, "items"),
)
POST = Endpoint(3, TABLE, _LIST, SCOPE, "wishlists", v3=post)
PUT = Endpoint(3, TABLE, _LIST, SCOPE, "wishlists", v3=put)
ADD = Endpoint(3, TABLE, _LIST, SCOPE, "wishlists", v3=more)


class AddItems(Update):
    """POST of further items: the reply is the whole wishlist."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        shown = await super().perform(unit, context, write)
        made = Created(ready=shown.ready, state=shown.state)
        made.location = f"{context.base.url}/wishlists/{write.found.entity_id}"
        return made


class DropWishlist(DeleteIfThere):
    """DELETE of a wishlist. It is published with 204 alone, where GET has 404, and clients count on it: they delete a
    customer, and then the wishlists that went with them."""


class DropItem(Delete):
    """DELETE of an item: the reply is the wishlist without it."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await super().perform(unit, context, write)
        left = await unit.get(TABLE, write.found.parent)
        assert left is not None
        documents = await render.shown(POST, context, [left], ("items",))
        return Shown(ready=b'{"data":' + documents[0] + b',"meta":{}}')


routes = (
    collection("wishlists", POST, "GET POST"),
    route("wishlists/{id}", 3, GET=ShowItem(PUT), PUT=Update(PUT), DELETE=DropWishlist(PUT)),
    route("wishlists/{wishlist_id}/items", 3, POST=AddItems(ADD)),
    route("wishlists/{wishlist_id}/items/{id}", 3, DELETE=DropItem(ITEM)),
)


async def give_a_token(_unit: Unit, changes: Changes, old: Wishlist | None, _notes: list[Fault]) -> None:
    """A wishlist gets its token when it is made, and keeps it."""
    if old is None:
        changes["token"] = str(uuid4())


async def name_a_variant_of_the_product(unit: Unit, _old: WishlistItem | None, new: WishlistItem) -> None:
    """The variant of an item is one of its product's."""
    if new.variant_id is None:
        return
    owner = await query.value(unit.tx, "SELECT product_id FROM variants WHERE id = $1", new.variant_id)
    if owner not in (None, new.product_id):  # what does not exist is refused by its reference
        raise refuse_faults([invalid("variant_id", f"must be a variant of product {new.product_id}")])


RESOURCE = Resource(
    aggregates=(
        Aggregate(TABLE, before_validate=(give_a_token, unchanging("customer_id"))),
        Aggregate(ITEMS, before_write=(name_a_variant_of_the_product,)),
    ),
    routes=routes,
)
