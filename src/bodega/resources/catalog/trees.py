"""Category trees: one per channel; V2 and `catalog/categories` show the first (rule 40)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Any

import msgspec

from bodega.kit.body import Changes
from bodega.kit.context import Context, Found
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.events import fires
from bodega.kit.fields import NAME, Ids
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.route import listed as list_of
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.store import channels
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

DEFAULT = 1


class Tree(Entity, kw_only=True):
    """`channels` holds the one channel whose storefront shows it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    channels: Ids = []


def the_first(_unit: Unit) -> list[Tree]:
    """The default tree, which every store has."""
    return [Tree(id=DEFAULT, name="Default catalog tree", channels=[channels.DEFAULT])]


TABLE = stored(
    "trees",
    Tree,
    noun="category tree",
    columns="name",
    computed={"channel_id": ("INTEGER", lambda tree: tree.channels[0] if tree.channels else None)},
    uniques=[Unique(("channel_id",), "channels", "The channel has a category tree already.")],  # rule 40
    references=[Reference("channel_id", "channels", "channels", "The channel does not exist.")],
    first=the_first,
)

v3 = V3Shape(Tree, required="name channels")

V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id :channel_id"),
    "store_v2_products",
    "catalog/trees",
    v3=v3,
    batch=Batch(50, whole=True, counted=True, creates=True),  # rule 25
)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), V3.scope, V3.home, delete_needs_filter=True)


class DeleteTrees(DeleteMany):
    """DELETE of trees; to name none that is there is a mistake, unlike elsewhere (rule 24)."""

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        assert found.plan is not None
        if not await rows.count(context.reader, found.plan, found.row):
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return found


routes = (
    collection("catalog/trees", V3, "GET")
    .also(list_of("catalog/trees", V3, "PUT"))
    .also(route("catalog/trees", 3, DELETE=DeleteTrees(DELETE))),
)


async def channels_of(tx: Tx, trees: Collection[int]) -> list[int]:
    """The channels that show these trees."""
    sql = f"SELECT channel_id FROM trees WHERE id IN ({numbered_placeholders(len(trees))}) ORDER BY channel_id"
    return [channel for channel in await query.values(tx, sql, *trees) if channel is not None] if trees else []


async def own_channels(_tx: Tx, old: Tree | None, new: Tree | None) -> set[int]:
    """The channels of a tree, before and after."""
    return {channel for tree in (old, new) if tree is not None for channel in tree.channels}


def tree_changed(old: Tree | None, new: Tree | None) -> dict[str, Any] | None:
    """One scope for all changes of a channel's tree."""
    tree = new or old
    return {"tree_id": tree.id} if tree is not None else None


async def keep_tree_channel(_unit: Unit, changes: Changes, old: Tree | None, _notes: list[Fault]) -> None:
    """Rule 40: a tree is created for one channel and stays with it; an update must not name the channel."""
    if old is None and len(changes["channels"]) != 1:
        raise refuse_faults([invalid("channels", "must name one channel")])
    if old is not None and "channels" in changes:
        raise refuse_faults([invalid("channels", "must not be sent for a tree that exists")])


async def keep_default_tree(_unit: Any, ids: Sequence[int]) -> None:
    """The default tree, the one that V2 shows, cannot be deleted."""
    if DEFAULT in ids:
        raise refuse_faults([invalid("id", "names the store's default tree, which cannot be deleted")])


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(keep_tree_channel,),
            before_delete=(keep_default_tree,),
            signals=(
                fires(
                    "store/channel/#/categoryTree/updated",
                    tree_changed,
                    on="created updated deleted",
                    channels=own_channels,
                ),
            ),
        ),
    ),
    routes=routes,
)
