"""Banners: a piece of HTML at the top or the bottom of a page (rule 107)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import FLAG_DIGIT, INTEGER_TEXT, NAME, UNIX, Id, Long, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import dangling
from bodega.storage.unit import Unit


class Banner(Entity, kw_only=True):
    """`item_id` is the category or the brand on whose page it is shown."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    content: Long
    page: Literal["home_page", "category_page", "brand_page", "search_page"]
    item_id: Id = 0
    location: Literal["top", "bottom"]
    date_created: Moment = ""
    date_type: Literal["always", "custom"]
    date_from: Moment = ""
    date_to: Moment = ""
    visible: bool = True


TABLE = stored("banners", Banner, noun="banner", columns="page item_id")

v2 = V2Shape(
    Banner,
    "banners",
    "banner",
    "id! name* page* content* item_id location* date_created! date_type* date_from date_to visible",
    {
        "item_id": Alias("item_id", INTEGER_TEXT),
        "date_created": Alias("date_created", UNIX),
        "date_from": Alias("date_from", UNIX),
        "date_to": Alias("date_to", UNIX),
        "visible": Alias("visible", FLAG_DIGIT),
    },
)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, "min_id max_id"), "store_v2_marketing", "banners", v2=v2, created=200)

routes = (collection("banners", V2, "GET POST DELETE"), item("banners/{id}", V2), count("banners/count", V2))


async def check_date_range(_unit: Unit, _old: Banner | None, new: Banner) -> None:
    """Rule 107: custom dates must be a range."""
    if new.date_type == "always":
        return
    faults = [invalid(name, "must be a date") for name in ("date_from", "date_to") if not getattr(new, name)]
    if not faults and new.date_from > new.date_to:
        faults.append(invalid("date_to", "must not be before date_from"))
    if faults:
        raise refuse_faults(faults)


async def check_banner_page(unit: Unit, old: Banner | None, new: Banner) -> None:
    """Rule 107: a banner on the page of a category or brand must name an existing one."""
    table = _OWNERS.get(new.page)
    if table is None or (old is not None and (old.page, old.item_id) == (new.page, new.item_id)):
        return
    if not new.item_id:
        raise refuse_faults([invalid("item_id", f"must be an id where the page is a {new.page}")])
    if await unit.tx.row(f"SELECT 1 FROM {table} WHERE id = $1", new.item_id) is None:
        fault = dangling("item_id", "The page that the banner is for does not exist.", [new.item_id])
        raise Refusal(Reason.DANGLING_REFERENCE, fault.message, details=fault.details, faults=[fault])


_OWNERS = {"category_page": "categories", "brand_page": "brands"}

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_write=(check_date_range, check_banner_page),
        ),
    ),
    routes=routes,
)
