"""Sample content: web pages, posts, banners, redirects to the first products, a script, e-mails about left carts."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bodega.access.accounts import OWNERS_CLIENT
from bodega.access.stores import OpenStore
from bodega.dates import rfc2822
from bodega.kit.fields import moment
from bodega.kit.write import create_one
from bodega.lab.generation import read, where_free
from bodega.resources.carts import abandoned_emails
from bodega.resources.content import blog, listed_pages, scripts, site_redirects
from bodega.resources.marketing import banners
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

ABOUT: dict[str, Any] = {
    "type": "page",
    "name": "About our shop",
    "is_visible": True,
    "body": "<p>A family shop since 1987.</p>",
}
PAGES: tuple[dict[str, Any], ...] = (
    ABOUT,
    {"type": "page", "name": "Shipping and returns", "is_visible": True, "body": "<p>Three days; thirty days.</p>"},
    {"type": "contact_form", "name": "Write to us", "is_visible": True, "email": "shop@example.com",
     "contact_fields": "fullname,phone,orderno"},
    {"type": "raw", "name": "Opening hours feed", "body": '{"monday": "9-17"}', "content_type": "application/json"},
    {"type": "link", "name": "Our workshop", "is_visible": True, "link": "https://workshop.example.com/"},
    {"type": "blog", "name": "News of the shop", "is_visible": True},
)  # fmt: skip
CHILD = {"type": "page", "name": "The people", "is_visible": True, "body": "<p>Six of us.</p>"}
POSTS: tuple[dict[str, Any], ...] = (
    {"title": "A season of copper", "author": "Ada Brook", "tags": ["garden", "tools"],
     "body": "<p>Copper keeps slugs away, and ages well. We tried seven tools for a year.</p>"},
    {"title": "How we wrap a gift", "author": "Ada Brook", "tags": ["gifts"],
     "body": "<p>Two sheets of paper, one ribbon, and a card that you write yourself.</p>"},
    {"title": "Coffee at the workshop", "author": "Tom Reed", "tags": ["kitchen", "people"],
     "body": "<p>Our potter makes it in a glass press. Here is why.</p>"},
    {"title": "What to sow in March", "author": "Tom Reed", "tags": ["garden"],
     "body": "<p>Sweet peas first, then salads under glass.</p>"},
)  # fmt: skip
BANNERS: tuple[dict[str, Any], ...] = (
    {"name": "Free shipping", "page": "home_page", "location": "top", "date_type": "always", "visible": "1",
     "content": "<p>Free shipping on orders over $50</p>"},
    {"name": "Gift wrap", "page": "search_page", "location": "bottom", "date_type": "always", "visible": "1",
     "content": "<p>We wrap every gift by hand</p>"},
)  # fmt: skip
DAY = 86_400
REDIRECTS = 5
"""So many of the first products were once at another path."""

MOVED = {"from_path": "/terms-of-1999", "site_id": 1, "to": {"type": "url", "url": "/shipping-and-returns/"}}
SCRIPT = "Visitor counter"
EMAILS = ({"is_active": True, "notify_at_minutes": 60}, {"is_active": True, "notify_at_minutes": 1440})


async def generate_content(store: OpenStore) -> None:
    """Adds what is not there yet."""
    await where_free(store, _pages)
    await where_free(store, _posts)
    await where_free(store, _banners)
    await where_free(store, _redirects)
    await where_free(store, _script)
    await where_free(store, _emails)


async def _page(unit: Unit, page: dict[str, Any]) -> int:
    sql = "SELECT id FROM web_pages WHERE channel_id = 1 AND name_key = $1"
    known = await query.value(unit.tx, sql, caseless(page["name"]))
    if known is not None:
        return int(known)
    return int((await create_one(unit, listed_pages.V3, read(listed_pages.V3, page), [])).entity.id)


async def _pages(unit: Unit) -> None:
    unit.client_id = OWNERS_CLIENT  # who alone makes a page of posts
    about = await _page(unit, PAGES[0])
    for page in PAGES[1:]:
        await _page(unit, page)
    await _page(unit, {**CHILD, "parent_id": about})


async def _posts(unit: Unit) -> None:
    if unit.statistics.total(blog.TABLE.name):
        return
    for place, post in enumerate(POSTS):
        published = {"is_published": True, "published_date": rfc2822(unit.now - (1 + 6 * place) * DAY)}
        await create_one(unit, blog.V2, read(blog.V2, {**post, **published}), [])


async def _banners(unit: Unit) -> None:
    if unit.statistics.total(banners.TABLE.name):
        return
    for banner in BANNERS:
        await create_one(unit, banners.V2, read(banners.V2, banner), [])


async def _redirects(unit: Unit) -> None:
    products = await query.values(unit.tx, "SELECT id FROM products ORDER BY id LIMIT $1", REDIRECTS)
    wanted = [
        {"from_path": f"/catalogue-2019/item-{number}", "site_id": 1, "to": {"type": "product", "entity_id": product}}
        for number, product in enumerate(products, 1)
    ]
    for redirect in (*wanted, MOVED):
        draft = read(site_redirects.V3, redirect)
        if not await site_redirects.same_path(unit, draft):
            await create_one(unit, site_redirects.V3, draft, [])


async def _script(unit: Unit) -> None:
    if await query.value(unit.tx, "SELECT 1 FROM scripts WHERE name_key = $1", caseless(SCRIPT)):
        return
    now = moment(unit.now)
    script = scripts.Script(
        name=SCRIPT,
        uuid=str(uuid5(NAMESPACE_URL, SCRIPT)),
        date_created=now,
        date_modified=now,
        description="Counts visits, once a visitor has agreed.",
        src="https://counter.example.com/count.js",
        load_method="async",
        location="footer",
        api_client_id=OWNERS_CLIENT,
        consent_category="analytics",
    )
    await unit.insert(scripts.TABLE, script)


async def _emails(unit: Unit) -> None:
    if unit.statistics.total(abandoned_emails.TABLE.name):
        return
    for email in EMAILS:
        await create_one(unit, abandoned_emails.V3, read(abandoned_emails.V3, email), [])
