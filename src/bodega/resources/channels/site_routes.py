"""Routes of sites: how a storefront of one's own forms the address of a product, a page, the cart."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.actions import Update
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import fires
from bodega.kit.fields import INT32, FieldType, Id, as_is, clean_text
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item, listed, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.channels import sites
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference, Unique
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAXIMUM = 200
"""A site shows so many routes with itself; no other limit is published."""

Type = Literal[
    "product", "brand", "category", "page", "blog", "home", "cart", "checkout", "search", "account", "login",
    "returns", "static", "create_account", "forgot_password", "account_order_status", "account_new_return",
    "recover_abandoned_cart",
]  # fmt: skip
TOKENS = frozenset({"id", "slug", "language", "lang"})
EVERYTHING = "*"
_TOKEN = re.compile(r"\{([^{}]*)\}")


def clean_template(value: str) -> str:
    """The template of an address: a path or a URL, with the published tokens only. Raises ValueError."""
    text = clean_text(value).strip()
    tokens = set(_TOKEN.findall(text))
    if not text or "{" in _TOKEN.sub("", text) or "}" in _TOKEN.sub("", text) or not tokens <= TOKENS:
        raise ValueError("must be a path, in which {id}, {slug} and {language} stand for those of what is shown")
    if not text.startswith(("/", "http://", "https://")):
        raise ValueError("must begin with a slash")
    return text


TEMPLATE = FieldType("string", as_is, clean_template, clean_template)


class SiteRoute(Entity, kw_only=True):
    """`matching` is the id of what has this address, or an asterisk for everything of the type."""

    type: Type
    matching: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    route: Annotated[str, msgspec.Meta(min_length=1, max_length=2048), TEMPLATE]
    site_id: Id = 0


TABLE = stored(
    "site_routes",
    SiteRoute,
    noun="route",
    columns="site_id type matching",
    indexed="site_id",
    hidden="site_id",
    uniques=[Unique(("site_id", "type", "matching"), "matching", "The site has a route of this type for it already.")],
    references=[Reference("site_id", "sites", "site_id", "The site does not exist.", "CASCADE")],
    cap_within=("site_id", MAXIMUM),
)

v3 = V3Shape(SiteRoute, required="type matching route", read_only="id", hidden="site_id")
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "type", exact=True, shown=v3.shown),
    sites.SCOPE,
    "sites/{}/routes",
    v3=v3,
    parents=(Parent("site_id", sites.TABLE),),
    batch=Batch(MAXIMUM, whole=True, creates=True, refused=Reason.LIST_REFUSED),
)


class UpdateRoute(Update):
    """PUT: the published status is 201."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        shown = await super().perform(unit, context, write)
        return Created(ready=shown.ready, state=shown.state)


routes = (
    collection("sites/{site_id}/routes", V3, "GET POST").also(listed("sites/{site_id}/routes", V3, "PUT")),
    item("sites/{site_id}/routes/{route_id}", V3, "GET DELETE").also(
        route("sites/{site_id}/routes/{route_id}", 3, PUT=UpdateRoute(V3))
    ),
)


@depends_on("type matching")
async def name_what_matches(_unit: Unit, _old: SiteRoute | None, new: SiteRoute) -> None:
    """A route is for everything of its type, or for one thing by its id; a static page has a path."""
    if new.matching == EVERYTHING or (new.type == "static" and new.matching.startswith("/")):
        return
    known = new.matching.isascii() and new.matching.isdigit() and 0 < int(new.matching[:20]) <= INT32
    if not known:
        faults: list[Fault] = [invalid("matching", "must be an id, as 5, or * for all of the type")]
        raise refuse_faults(faults)


async def _of_site(tx: Tx, old: SiteRoute | None, new: SiteRoute | None) -> list[int]:
    known = new if new is not None else old
    assert known is not None
    return await query.values(tx, "SELECT channel_id FROM sites WHERE id = $1", known.site_id)


def route_changed(old: SiteRoute | None, new: SiteRoute | None) -> dict[str, Any]:
    """The payload of a change of a route."""
    known = new if new is not None else old
    assert known is not None
    return {"site_id": known.site_id, "route_id": known.id}


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_write=(name_what_matches,),
            signals=(
                fires(
                    "store/channel/#/settings/route/updated",
                    route_changed,
                    on="created updated deleted",
                    channels=_of_site,
                ),
            ),
        ),
    ),
    routes=routes,
)
