"""Web pages: texts, links, contact forms and files of the storefront (rule 109)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from bodega.access.accounts import OWNERS_CLIENT
from bodega.domain.urls import CUSTOM_URL, CustomUrl, chosen
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, Line, Long, SortOrder
from bodega.kit.listing import Listing
from bodega.kit.route import collection, item
from bodega.kit.targets import LINK
from bodega.kit.v2_members import ObjectMember
from bodega.kit.v2_shape import V2Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, missing, refuse_faults
from bodega.storage.conflicts import dangling
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

MAX_BYTES = 1024 * 1024
"""Rule 109: the limit for one request."""

Text = Annotated[str, msgspec.Meta(max_length=MAX_BYTES)]


class WebPage(Entity, kw_only=True):
    """`link` is the target of a page of that type; `email` receives what a contact form sends."""

    channel_id: Id = 1
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    meta_title: Line = ""
    email: Line = ""
    body: Text = ""
    is_visible: bool = False
    parent_id: Id = 0
    sort_order: SortOrder = 0
    meta_keywords: Long = ""
    type: Literal["page", "contact_form", "raw", "link", "blog"]
    contact_fields: Line = ""
    meta_description: Long = ""
    is_homepage: bool = False
    layout_file: Line = "page.html"
    is_customers_only: bool = False
    search_keywords: Line = ""
    has_mobile_version: bool = False
    mobile_body: Text = ""
    content_type: Literal["text/html", "text/javascript", "application/json"] = "text/html"
    link: Annotated[str, msgspec.Meta(max_length=2048), LINK] = ""
    custom_url: Annotated[CustomUrl, CUSTOM_URL] = msgspec.field(default_factory=CustomUrl)


TABLE = stored(
    "web_pages",
    WebPage,
    noun="page",
    columns="channel_id parent_id is_homepage",
    computed={
        "name_key": ("TEXT", lambda page: caseless(page.name)),
        "body": ("TEXT", lambda page: page.body),
    },
    indexed="parent_id",
    uniques=[Unique(("channel_id", "name_key"), "name", "A page of this name exists.")],
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.")],
    cap=4_000,
)

v2 = V2Shape(
    WebPage,
    "pages",
    "page",
    "id! channel_id name* meta_title email body is_visible parent_id sort_order meta_keywords type* contact_fields"
    " meta_description is_homepage layout_file is_customers_only search_keywords has_mobile_version mobile_body"
    " content_type url link",
    {"url": ObjectMember("custom_url", "url", chosen)},
)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_content", "pages", v2=v2, created=200, max_body=MAX_BYTES)

routes = (collection("pages", V2, "GET POST"), item("pages/{id}", V2))


async def make_a_blog_in_the_panel(unit: Unit, old: WebPage | None, new: WebPage) -> None:
    """A page of posts is made by the store's owner; an API client can only make it one of another type."""
    if new.type == "blog" and (old is None or old.type != "blog") and unit.client_id != OWNERS_CLIENT:
        raise refuse_faults([invalid("type", "must not be blog: such a page is made in the control panel")])


async def require_members_of_type(_unit: Unit, _old: WebPage | None, new: WebPage) -> None:
    """A link needs a target, a file needs content, and only a file can be something other than HTML."""
    faults = []
    if new.type == "link" and not new.link:
        faults.append(missing("link"))
    if new.type == "raw" and not new.body:
        faults.append(missing("body"))
    if new.type != "raw" and new.content_type != "text/html":
        faults.append(invalid("content_type", "must be text/html unless the type is raw"))
    if faults:
        raise refuse_faults(faults)


async def check_parent_page(unit: Unit, old: WebPage | None, new: WebPage) -> None:
    """The parent must exist, of the same channel, and must not be the page itself or one below it."""
    above = new.parent_id
    if not above or (old is not None and old.parent_id == above):
        return
    while above:
        if above == new.id:
            raise refuse_faults([invalid("parent_id", "must not be the page itself or one below it")])
        page = above
        found = await unit.tx.row("SELECT parent_id, channel_id FROM web_pages WHERE id = $1", page)
        if found is None:
            fault = dangling("parent_id", "The parent page does not exist.", [page])
            raise Refusal(Reason.DANGLING_REFERENCE, fault.message, details=fault.details, faults=[fault])
        above, channel = found
        if page == new.parent_id and channel != new.channel_id:
            raise refuse_faults([invalid("parent_id", "must be a page of the same channel")])


async def keep_one_homepage(unit: Unit, old: WebPage | None, new: WebPage) -> None:
    """A channel has one home page: a new one replaces the previous one."""
    if new.is_homepage and (old is None or not old.is_homepage):
        sql = "SELECT id FROM web_pages WHERE is_homepage AND channel_id = $1 AND id <> $2"
        for (other,) in await unit.tx.rows(sql, new.channel_id, new.id):
            await _change(unit, other, is_homepage=False)


async def move_subpages_to_top(unit: Unit, ids: Sequence[int]) -> None:
    """Moves the pages below a deleted page to the top level, where shoppers do not see them."""
    for (child,) in await unit.tx.rows(
        f"SELECT id FROM web_pages WHERE parent_id IN ({numbered_placeholders(len(ids))})", *ids
    ):
        if child not in ids:
            await _change(unit, child, parent_id=0, is_visible=False)


async def _change(unit: Unit, page: int, **members: object) -> None:
    row = await unit.get(TABLE, page)
    assert row is not None
    for name, value in members.items():
        setattr(row.entity, name, value)
    await unit.rewrite(TABLE, row)
