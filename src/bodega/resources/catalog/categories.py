"""Categories: the tree of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.domain import tree
from bodega.domain.urls import CUSTOM_URL, CustomUrl, chosen, path_of
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import FILE_PATH, NAME, Count, Id, ImageUrl, Line, Long, SortOrder, Words
from bodega.kit.filters import Filter
from bodega.kit.images import DropImage, UploadImage
from bodega.kit.listing import Listing
from bodega.kit.route import collection, count, item, route
from bodega.kit.v2_members import Alias, Derived, ObjectMember
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.resources.catalog import trees
from bodega.storage.operands import AnyColumn
from bodega.storage.table import Reference, Unique
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

Sort = Literal[
    "use_store_settings", "featured", "newest", "best_selling", "alpha_asc", "alpha_desc",
    "avg_customer_review", "price_asc", "price_desc",
]  # fmt: skip


HIDDEN = "ancestors tree_id"


class Category(Entity, kw_only=True):
    """`views` counts page views in the storefront; `ancestors` are ids from the root down, without its own."""

    parent_id: Id = 0
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=50), NAME]
    description: Long = ""
    views: Count = 0
    sort_order: SortOrder = 0
    page_title: Line = ""
    search_keywords: Line = ""
    meta_keywords: Words = []
    meta_description: Long = ""
    layout_file: Annotated[str, msgspec.Meta(max_length=50)] = "category.html"
    is_visible: bool = True
    default_product_sort: Sort = "use_store_settings"
    image_url: ImageUrl = ""
    custom_url: Annotated[CustomUrl, CUSTOM_URL] = msgspec.field(default_factory=CustomUrl)
    ancestors: list[int] = []
    tree_id: Id = trees.DEFAULT


async def of_its_tree(tx: Tx, old: Category | None, new: Category | None) -> list[int]:
    """The channel whose storefront shows the category."""
    return await trees.channels_of(tx, {category.tree_id for category in (old, new) if category is not None})


TABLE = stored(
    "categories",
    Category,
    noun="category",
    columns="parent_id name is_visible page_title search_keywords sort_order",
    computed={
        "name_key": ("TEXT", lambda category: caseless(category.name)),
        "parent_ref": ("INTEGER", lambda category: category.parent_id or None),
        "tree_id": ("INTEGER", lambda category: category.tree_id),
        "tree_ref": ("INTEGER", lambda category: None if category.tree_id == trees.DEFAULT else category.tree_id),
    },
    indexed="parent_id name_key",
    hidden=HIDDEN,
    # Rule 33: the sources disagree; siblings must differ, as V3 says, in both versions.
    uniques=[Unique(("tree_id", "parent_id", "name_key"), "name", "The category name is a duplicate.")],
    references=[
        Reference("parent_ref", "categories", "parent_id", "The parent category does not exist.", "CASCADE"),
        Reference("tree_ref", "trees", "tree_id", "The category tree does not exist.", "CASCADE"),
    ],
    counter="categories",
    cap=16_000,
    at_once=True,  # rule 36: all are deleted, or none
)

KEYWORD = Filter(AnyColumn(("name", "search_keywords", "page_title")), "like", str)

v2 = V2Shape(
    Category,
    "categories",
    "category",
    "id! parent_id name* description sort_order page_title meta_keywords meta_description layout_file"
    " parent_category_list! image_file is_visible search_keywords url",
    {
        "parent_category_list": Derived(lambda category: [*category.ancestors, category.id], "array"),
        "image_file": Alias("image_url", FILE_PATH),
        "url": ObjectMember("custom_url", "url", chosen),
    },
)
v3 = V3Shape(Category, required="parent_id name", hidden=HIDDEN)
"""Without a tree: `catalog/categories` shows the default tree, as V2 does."""

IN_DEFAULT_TREE = {"tree_id": trees.DEFAULT}

V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "parent_id name is_visible min_id max_id"),
    "store_v2_products",
    "categories",
    v2=v2,
    only=IN_DEFAULT_TREE,
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "id name parent_id page_title is_visible",
        sorts="name id parent_id sort_order",
        mapped={"keyword": KEYWORD},
        shown=v3.shown,
    ),
    "store_v2_products",
    "catalog/categories",
    v3=v3,
    created=200,
    delete_needs_filter=True,
    only=IN_DEFAULT_TREE,
)

routes = (
    collection("categories", V2, "GET POST DELETE"),
    item("categories/{id}", V2),
    count("categories/count", V2),
    collection("catalog/categories", V3, "GET POST DELETE").at_most(GET=40),
    item("catalog/categories/{id}", V3).at_most(GET=40, PUT=40, DELETE=40),
    route("catalog/categories/{id}/image", 3, POST=UploadImage(V3), DELETE=DropImage(V3)),
)


async def accept_tree_urls(_unit: Unit, changes: dict[str, Any], _old: Any, _notes: Any) -> None:
    """Accepts the parts of a URL by the names that trees use."""
    url = changes.pop("url", None)
    if url is not None:
        changes["custom_url"] = path_of(CustomUrl(url.path, url.is_customized))


async def check_tree(unit: Unit, old: Any, new: Any) -> None:
    """Rules 35 and 37: no circle, at most seven ancestors, also in a moved subtree."""
    await tree.set_ancestors(TABLE, unit, old, new)


async def update_subtree(unit: Unit, old: Any, new: Any) -> None:
    """Rule 37: a category that moves changes the ancestors of all below it."""
    await tree.update_ancestors_below(TABLE, unit, old, new)


async def cascade_to_subtree(unit: Unit, ids: Sequence[int]) -> list[int]:
    """A category is deleted with everything below it."""
    return [child for child, _ in await tree.below(unit.tx, ids)]
