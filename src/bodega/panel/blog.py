"""Posts of the shop's blog: a list, and a form for each."""

from __future__ import annotations

from typing import Any

from bodega.panel import forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup
from bodega.panel.shelf import Shelf, Switch, put_up
from bodega.panel.web import Pages, PanelRequest

pages = Pages()


async def _groups(_request: PanelRequest) -> list[FieldGroup]:
    return [
        FieldGroup(
            "",
            [
                Field("title", "Title", "text", required=True, maximum=255),
                Field("author", "Author", "text", maximum=255),
                Field("is_published", "Published", "flag", blank=False),
                Field("published_date", "Date", "moment", "As 2030-01-31T12:00:00Z. Empty: now."),
                Field("tags", "Tags", "list", "Separated by commas.", blank=[], wide=True),
            ],
        ),
        FieldGroup("Content", [Field("body", "Text", "html", required=True, wide=True)]),
        FieldGroup(
            "Picture and address",
            [
                Field("thumbnail_path", "Address of its picture", "text", "Shown beside the title.", maximum=255),
                Field("url", "Address of its page", "text", "Empty: derived from the title.", maximum=255),
            ],
            open=False,
        ),
        FieldGroup(
            "Search engines",
            [
                Field("meta_description", "Description", "long", wide=True),
                Field("meta_keywords", "Keywords", "long", wide=True),
            ],
            open=False,
        ),
    ]


def _date(post: Any) -> str:
    """The date as the form shows it."""
    return f"{post['published_date_iso8601'][:19]}Z"


def _to_form(post: Any) -> Any:
    return {**post, "published_date": _date(post)}


def _to_body(draft: dict[str, Any], now: Any) -> dict[str, Any]:
    """A PUT that does not say whether a post is published makes it a draft (rule 109)."""
    if now is None:
        return forms.filled(draft)
    return {"is_published": now["is_published"], **draft}


POSTS = Shelf(
    path="blog-posts",
    title="Blog",
    one="blog post",
    api="/v2/blog/posts",
    groups=_groups,
    columns=(
        ("Post", lambda post: post["title"]),
        ("State", lambda post: "published" if post["is_published"] else "draft"),
        ("Date", lambda post: _date(post)[:10]),
        ("Tags", lambda post: ", ".join(post["tags"])),
        ("Author", lambda post: post["author"]),
    ),
    intro="News and stories of the shop, newest first. A post is a draft until it is published.",
    warning="Its page is gone from the shop.",
    to_form=_to_form,
    to_body=_to_body,
    switch=Switch(
        "is_published", "Publish", "Make it a draft", "The post is in the shop.", "The post is a draft again."
    ),
)
put_up(pages, POSTS)
