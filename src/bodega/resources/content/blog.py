"""The blog: posts, newest first, and the tags they share (rule 109)."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from bodega.domain.markup import beginning
from bodega.domain.urls import CUSTOM_URL, CustomUrl, chosen, skip_taken_urls, urls_of
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.chunk import Chunk
from bodega.kit.context import Context, Found, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, STRING, WORDS, FieldType, Line, clean_moment, moment
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing, Query
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item, route
from bodega.kit.v2_members import Alias, Derived, ObjectMember
from bodega.kit.v2_shape import V2Shape
from bodega.law.outcome import Emptied, Outcome, Shown
from bodega.law.refusal import Fault
from bodega.resources.content import redirects
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.operands import Member
from bodega.storage.plan import page_sql
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SUMMARY = 280
"""The length of a post's summary in characters."""

_HAS_ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)


def _show_published(value: str) -> dict[str, Any]:
    return {"date": f"{value[:19].replace('T', ' ')}.000000", "timezone_type": 1, "timezone": "+00:00"}


def _read_published(value: Any) -> str:
    """A plain date, or the object of a reply, since clients send it back."""
    if isinstance(value, dict):
        date, zone = STRING.read(value.get("date")), STRING.read(value.get("timezone"))
        value = date if _HAS_ZONE.search(date) or not _HAS_ZONE.search(zone) else date + zone
    return clean_moment(value)


class Published(msgspec.Struct):
    """The date of a post as a reply shows it."""

    date: str = ""
    timezone_type: int = 1
    timezone: str = ""


PUBLISHED = FieldType("object", _show_published, _read_published, clean_moment, holds=Published)
TAGS = WORDS._replace(word="array of strings", show=lambda tags: tags)
Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]


class BlogPost(Entity, kw_only=True):
    """A draft until `is_published`; sorted by its date, also as a draft."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    body: Text
    tags: Annotated[list[Line], AtMost(250), TAGS] = []
    is_published: bool = False
    published_date: Annotated[str, PUBLISHED] = ""
    meta_description: Annotated[str, msgspec.Meta(max_length=65_535)] = ""
    meta_keywords: Annotated[str, msgspec.Meta(max_length=65_535)] = ""
    author: Line = ""
    thumbnail_path: Line = ""
    custom_url: Annotated[CustomUrl, CUSTOM_URL] = msgspec.field(default_factory=CustomUrl)


TABLE = stored(
    "blog_posts",
    BlogPost,
    noun="blog post",
    columns="is_published",
    computed={
        "published_date": ("TEXT", lambda post: post.published_date),
        "url": ("TEXT", lambda post: post.custom_url.url),
    },
    indexed="published_date",
    more_schema="""CREATE TABLE blog_post_tags (
    post_id INTEGER NOT NULL REFERENCES blog_posts(id) ON DELETE CASCADE, tag_key TEXT NOT NULL, tag TEXT NOT NULL,
    PRIMARY KEY (post_id, tag_key)
);
CREATE INDEX blog_post_tags_tag_key ON blog_post_tags (tag_key, post_id);""",
)

v2 = V2Shape(
    BlogPost,
    "blog_posts",
    "blog_post",
    "id! title* url preview_url! body* tags summary? is_published published_date published_date_iso8601?"
    " meta_description meta_keywords author thumbnail_path",
    {
        "url": ObjectMember("custom_url", "url", chosen),
        "preview_url": Derived(lambda post: post.custom_url.url),
        "summary": Derived(lambda post: beginning(post.body, SUMMARY)),
        "published_date_iso8601": Derived(lambda post: f"{post.published_date[:19]}+0000", "date string"),
        "body": Alias("body", STRING),
        "meta_description": Alias("meta_description", STRING),
        "meta_keywords": Alias("meta_keywords", STRING),
    },
)
NEWEST_FIRST = "-published_date"
LISTED = Listing(
    TABLE,
    2,
    "is_published url published_date",
    mapped={"tag": Filter(Member("blog_post_tags", "post_id", "tag_key"), "in", lambda text: (caseless(text),))},
    order=NEWEST_FIRST,
)
V2 = Endpoint(2, TABLE, LISTED, "store_v2_content", "blog/posts", v2=v2, created=200)
PAGE = Endpoint(2, TABLE, Listing(TABLE, 2, "", order=NEWEST_FIRST, maximum=50, bounds="page limit"), V2.scope, V2.home)


class DeletePage(DeleteMany):
    """DELETE of posts: one page of them, at most 50, the page that GET with the same parameters shows."""

    def wants_task(self, context: Context, found: Found) -> bool:
        return False

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        sql, values = page_sql(context.query.plan, "t.id", unit.tx.dialect)
        ids = await query.values(unit.tx, sql, *values)
        await unit.delete(TABLE, ids)
        return Emptied(value=Chunk(len(ids), more=False) if context.in_task else None)


class ListTags(Action):
    """GET of the tags, each with its posts."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        return Found(await self._collection(context))

    async def answer(self, context: Context, found: Found) -> Outcome:
        tags: dict[str, dict[str, Any]] = {}
        sql = "SELECT tag_key, tag, post_id FROM blog_post_tags ORDER BY tag_key, post_id"
        for key, tag, post in await context.reader.rows(sql):
            tags.setdefault(key, {"tag": tag, "post_ids": []})["post_ids"].append(post)
        return Shown(value=list(tags.values()), root="blog_tags", item="blog_tag") if tags else Emptied()


routes = (
    collection("blog/posts", V2, "GET POST").also(route("blog/posts", 2, DELETE=DeletePage(PAGE))),
    item("blog/posts/{id}", V2),
    count("blog/posts/count", V2),
    route("blog/tags", 2, GET=ListTags(V2)),
)


async def unpublish_by_default(unit: Unit, changes: Changes, old: BlogPost | None, _notes: list[Fault]) -> None:
    """Rule 109: a PUT without `is_published` makes the post a draft again."""
    if old is not None:
        changes.setdefault("is_published", False)
    if not changes.get("published_date"):
        changes["published_date"] = old.published_date if old is not None else moment(unit.now)
    if "tags" in changes:
        named: dict[str, str] = {}
        for tag in changes["tags"]:
            named.setdefault(caseless(tag.strip()), tag.strip())
        changes["tags"] = [tag for tag in named.values() if tag]


async def store_tags(unit: Unit, old: BlogPost | None, new: BlogPost) -> None:
    """Stores the tags of a post for `tag=` and the list of tags."""
    if old is not None:
        if old.tags == new.tags:
            return
        await unit.tx.run("DELETE FROM blog_post_tags WHERE post_id = $1", new.id)
    sql = "INSERT INTO blog_post_tags (post_id, tag_key, tag) VALUES ($1, $2, $3)"
    await unit.tx.script([(sql, (new.id, caseless(tag), tag)) for tag in new.tags])


_URLS = urls_of(TABLE, "post", named="title", below="/blog")

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(
                skip_taken_urls(TABLE, "post"),
                unpublish_by_default,
            ),
            before_write=(_URLS.before_write,),
            extra_statements=(_URLS.extra_statements,),
            conflicts=(_URLS.conflicts,),
            after_write=(
                store_tags,
                redirects.update_redirects("post"),
            ),
            after_delete=(
                _URLS.after_delete,
                redirects.empty_redirects("post"),
            ),
        ),
    ),
    routes=routes,
)
