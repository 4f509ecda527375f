"""Reviews of products by buyers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INTEGER, SET_MOMENT, FieldType, Id, Line, Moment, moment
from bodega.kit.filters import FilterField
from bodega.kit.includes import children
from bodega.kit.listing import Listing
from bodega.kit.parameters import one_of
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault
from bodega.resources.catalog import product
from bodega.resources.settings.selling import catalog_settings
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

STATUSES = ("pending", "approved", "disapproved")


def _status(value: Any) -> str:
    number = INTEGER.read(value)
    if not 0 <= number < len(STATUSES):
        raise ValueError("must be one of 0, 1, 2")
    return STATUSES[number]


def _rating(value: Any) -> int:
    rating: int = INTEGER.read(value)
    if not 1 <= rating <= 5:
        raise ValueError("must be one of 1, 2, 3, 4, 5")
    return rating


V2_STATUS = FieldType("int", STATUSES.index, _status, str)
V2_RATING = FieldType("int", int, _rating, int)


class Review(Entity, kw_only=True):
    """A rating from 0 to 5 (V2: from 1). Only approved ones count for the product."""

    title: Line
    text: str = ""
    status: Literal["pending", "approved", "disapproved"] = "pending"
    rating: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    email: Line = ""
    name: Line = ""
    date_reviewed: Annotated[str, SET_MOMENT]
    date_created: Moment = ""
    date_modified: Moment = ""
    product_id: Id = 0


TABLE = stored(
    "reviews",
    Review,
    noun="review",
    columns="product_id status date_reviewed",
    indexed="product_id",
    hidden="product_id",
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
)

v2 = V2Shape(
    Review,
    "reviews",
    "review",
    "id! product_id! author* date_created rating* title* review* status",
    {
        "author": Alias("name"),
        "date_created": Alias("date_reviewed"),
        "rating": Alias("rating", V2_RATING),
        "review": Alias("text"),
        "status": Alias("status", V2_STATUS),
    },
)
v3 = V3Shape(Review, required="title date_reviewed", read_only="id date_created date_modified", hidden="product_id")

_word = one_of(STATUSES)


def _number_or_word(text: str) -> str:
    """A filter has V2's number in both versions, as published; or the word that V3 shows."""
    return _status(text) if text.isascii() and text.isdigit() else str(_word(text))


STATUS = {"status": FilterField("status", _number_or_word)}
OF_PRODUCT = (Parent("product_id", product.TABLE),)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "min_id max_id", mapped=STATUS),
    "store_v2_products",
    "products/{}/reviews",
    v2=v2,
    parents=OF_PRODUCT,
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped=STATUS, shown=v3.shown),
    "store_v2_products",
    "catalog/products/{}/reviews",
    v3=v3,
    created=200,
    parents=OF_PRODUCT,
)

routes = (
    collection("products/{product_id}/reviews", V2, "GET POST DELETE"),
    item("products/{product_id}/reviews/{id}", V2),
    count("products/{product_id}/reviews/count", V2),
    collection("catalog/products/{product_id}/reviews", V3, "GET POST"),
    item("catalog/products/{product_id}/reviews/{id}", V3),
)

INCLUDE = children(TABLE, "product_id")


async def set_missing_date(unit: Unit, changes: dict[str, Any], old: Any, _notes: list[Fault]) -> None:
    """A V2 review without a date gets the present time."""
    if old is None and not changes.get("date_reviewed"):
        changes["date_reviewed"] = moment(unit.now)


async def approve_at_once(unit: Unit, changes: dict[str, Any], old: Any, _notes: list[Fault]) -> None:
    """A new review that says no status of its own is approved where the store approves them all."""
    if old is None and "status" not in changes and (await catalog_settings(unit.tx)).auto_approve_reviews:
        changes["status"] = "approved"


def _counts(review: Review | None) -> tuple[int, int]:
    """What a review adds to its product: the count and its rating (rule 70)."""
    return (1, review.rating) if review is not None and review.status == "approved" else (0, 0)


async def _move(unit: Unit, product_id: int, count: int, rating: int) -> None:
    if not (count or rating) or ("products", product_id) in unit.leaving:
        return
    row = await unit.get(product.TABLE, product_id)
    if row is not None:
        row.entity.reviews_count = max(0, row.entity.reviews_count + count)
        row.entity.reviews_rating_sum = max(0, row.entity.reviews_rating_sum + rating)
        await unit.rewrite(product.TABLE, row)


async def add_rating(unit: Unit, old: Review | None, new: Review) -> None:
    """Rule 70: a product has the number of its approved reviews and the sum of their ratings."""
    before, now = _counts(old), _counts(new)
    await _move(unit, new.product_id, now[0] - before[0], now[1] - before[1])


async def remove_rating(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 70: a deleted review no longer counts."""
    for review in await query.entities_of(unit.tx, TABLE, ids):
        count, rating = _counts(review)
        await _move(unit, review.product_id, -count, -rating)


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(set_missing_date, approve_at_once),
            after_write=(add_rating,),
            before_delete=(remove_rating,),
        ),
    ),
    routes=routes,
)
