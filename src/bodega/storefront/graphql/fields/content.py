"""Web pages, the blog, scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.domain.markup import plain as plain_text
from bodega.resources.content import blog, pages, scripts
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing, connection, node_id, part, window
from bodega.storefront.graphql.execution import batch, plain, plain_with
from bodega.storefront.graphql.fields.products import seo

Args = Mapping[str, Any]
KINDS = {
    "page": "NormalPage", "contact_form": "ContactPage", "raw": "RawHtmlPage", "link": "ExternalLinkPage",
    "blog": "BlogIndexPage",
}  # fmt: skip
_TYPES = {"NORMAL": "page", "CONTACT": "contact_form", "RAW": "raw", "LINK": "link", "BLOG": "blog"}


def page_thing(row: pages.WebPage) -> Thing:
    """A web page as its own type of the schema."""
    return Thing(KINDS[row.type], row)


async def visible_pages(asking: Asking) -> list[pages.WebPage]:
    """The pages of the channel that the shopper may see."""

    async def read() -> list[pages.WebPage]:
        customers_too = bool(asking.customer_id)
        found = await query.entities(asking.reader, pages.TABLE, "channel_id = $1", asking.channel_id)
        return [one for one in found if customers_too or not one.is_customers_only]

    return await asking.once("pages", read)


@batch("Content.pages")
async def _listed(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    wanted = args.get("filters") or {}
    found = await visible_pages(asking)
    if wanted.get("entityIds"):
        found = [one for one in found if one.id in wanted["entityIds"]]
    if wanted.get("pageType"):
        found = [one for one in found if one.type == _TYPES.get(wanted["pageType"], wanted["pageType"].lower())]
    if wanted.get("isVisibleInNavigation") is not None:
        found = [one for one in found if one.is_visible is wanted["isVisibleInNavigation"]]
    if wanted.get("parentEntityIds"):
        found = [one for one in found if one.parent_id in wanted["parentEntityIds"]]
    return [connection([page_thing(one) for one in _sorted(found, args)], args) for _ in things]


def _sorted(found: list[pages.WebPage], args: Args) -> list[pages.WebPage]:
    sort = args.get("sortBy")
    if sort == "SORT_ORDER":
        return sorted(found, key=lambda one: (one.sort_order, one.id))
    if sort == "PARENT_ID_AND_SORT_ORDER_AND_TITLE":
        return sorted(found, key=lambda one: (one.parent_id, one.sort_order, one.name, one.id))
    return sorted(found, key=lambda one: one.id)


@batch("Content.page")
async def _one(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    found = {one.id: one for one in await visible_pages(asking)}.get(args["entityId"])
    return [None if found is None else page_thing(found) for _ in things]


def _of(name: str) -> Any:
    return lambda thing: getattr(thing.row, name)


@plain_with("NormalPage.plainTextSummary")
@plain_with("ContactPage.plainTextSummary")
@plain_with("RawHtmlPage.plainTextSummary")
def _summary(_asking: Asking, thing: Thing, args: Args) -> str:
    return plain_text(thing.row.body, args.get("characterLimit"))


async def _crumbs(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    known = {one.id: one for one in await visible_pages(asking)}
    depth = max(0, args["depth"])
    made = []
    for thing in things:
        line, at = [thing.row], thing.row
        while at.parent_id in known and len(line) < 10:
            at = known[at.parent_id]
            line.append(at)
        crumbs = [{"entityId": one.id, "name": one.name, "path": one.custom_url.url} for one in reversed(line)]
        made.append(connection(crumbs[-depth:] if depth else [], args))
    return made


async def _children(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = _sorted(await visible_pages(asking), args)
    wanted = (args.get("filters") or {}).get("isVisibleInNavigation")
    return [
        connection(
            [
                page_thing(one)
                for one in found
                if one.parent_id == thing.row.id and (wanted is None or one.is_visible is wanted)
            ],
            args,
        )
        for thing in things
    ]


for _kind in KINDS.values():
    plain(
        _kind,
        id=lambda thing: node_id("Page", thing.row.id),
        entityId=_of("id"),
        parentEntityId=lambda thing: thing.row.parent_id or None,
        name=_of("name"),
        isVisibleInNavigation=_of("is_visible"),
        path=lambda thing: thing.row.custom_url.url,
        htmlBody=_of("body"),
        link=_of("link"),
        contactFields=lambda thing: [one.strip() for one in thing.row.contact_fields.split(",") if one.strip()],
        seo=lambda thing: seo(
            thing.row.meta_title or thing.row.name, thing.row.meta_description, thing.row.meta_keywords
        ),
    )
    batch(f"{_kind}.breadcrumbs")(_crumbs)
    batch(f"{_kind}.children")(_children)


@batch("Content.blog")
async def _blog(asking: Asking, things: Sequence[Any], _args: Args) -> list[Any]:
    index = next((one for one in await visible_pages(asking) if one.type == "blog"), None)
    return [Thing("Blog", index) for _ in things]


plain(
    "Blog",
    id=lambda _thing: node_id("Blog", 1),
    name=lambda thing: "Blog" if thing.row is None else thing.row.name,
    description=lambda thing: "" if thing.row is None else thing.row.meta_description,
    path=lambda thing: "/blog/" if thing.row is None else thing.row.custom_url.url,
    isVisibleInNavigation=lambda thing: thing.row is not None and thing.row.is_visible,
)


@batch("Blog.posts")
async def _posts(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    wanted = args.get("filters") or {}
    tests, values = ["is_published"], list[Any]()
    if wanted.get("entityIds"):
        tests.append(f"id IN ({numbered_placeholders(len(wanted['entityIds']))})")
        values += wanted["entityIds"]
    if wanted.get("tags"):
        marks = numbered_placeholders(len(wanted["tags"]), len(values) + 1)
        tests.append(f"EXISTS (SELECT 1 FROM blog_post_tags t WHERE t.post_id = blog_posts.id AND t.tag IN ({marks}))")
        values += wanted["tags"]
    test = " AND ".join(tests)
    total = int(await query.value(asking.reader, f"SELECT count(*) FROM blog_posts WHERE {test}", *values))
    start, stop = window(args).of(total)
    order = "published_date, id" if args.get("sort") == "OLDEST" else "published_date DESC, id DESC"
    sql = f"{order} LIMIT {max(0, stop - start)} OFFSET {start}"
    found = await query.entities(asking.reader, blog.TABLE, test, *values, order=sql)
    return [part([Thing("BlogPost", one) for one in found], start, total) for _ in things]


@batch("Blog.post")
async def _post(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    found = (await asking.rows(blog.TABLE, [args["entityId"]])).get(args["entityId"])
    return [None if found is None or not found.is_published else Thing("BlogPost", found) for _ in things]


plain(
    "BlogPost",
    id=lambda thing: node_id("BlogPost", thing.row.id),
    entityId=_of("id"),
    name=_of("title"),
    tags=lambda thing: list(thing.row.tags),
    path=lambda thing: thing.row.custom_url.url,
    htmlBody=_of("body"),
    publishedDate=lambda thing: {"utc": thing.row.published_date},
    author=lambda thing: thing.row.author or None,
    seo=lambda thing: seo(thing.row.title, thing.row.meta_description, thing.row.meta_keywords),
)


@plain_with("BlogPost.plainTextSummary")
def _post_summary(_asking: Asking, thing: Thing, args: Args) -> str:
    return plain_text(thing.row.body, args.get("characterLimit"))


@plain_with("BlogPost.thumbnailImage")
def _thumbnail(asking: Asking, thing: Thing, _args: Args) -> Any:
    return asking.image(thing.row.thumbnail_path, thing.row.title, default=True)


@batch("Content.scripts")
async def _scripts(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    found = await query.entities(asking.reader, scripts.TABLE, "channel_id = $1", asking.channel_id)
    wanted = args.get("filters") or {}
    tests = {"visibility": wanted.get("visibilities"), "consent_category": wanted.get("consentCategories")}
    if wanted.get("location"):
        tests["location"] = [wanted["location"]]
    made = [
        Thing("SrcScript" if one.kind == "src" else "InlineScript", one)
        for one in found
        if one.enabled and all(named is None or getattr(one, by).upper() in named for by, named in tests.items())
    ]
    return [connection(made, args) for _ in things]


for _kind in ("SrcScript", "InlineScript"):
    plain(
        _kind,
        entityId=_of("uuid"),
        consentCategory=lambda thing: thing.row.consent_category.upper(),
        visibility=lambda thing: thing.row.visibility.upper(),
        location=lambda thing: thing.row.location.upper(),
        integrityHashes=lambda thing: [{"hash": one} for one in thing.row.integrity_hashes],
        src=_of("src"),
        scriptTag=_of("html"),
    )
