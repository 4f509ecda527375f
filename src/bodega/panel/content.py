"""Content of the storefront: web pages, and scripts that apps and owners put on them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms
from bodega.panel.fields import Choices, Field
from bodega.panel.forms import FieldGroup
from bodega.panel.shelf import PER_PAGE, Listed, Shelf, put_up
from bodega.panel.web import PageError, Pages, PanelRequest, without_rows
from bodega.resources.content import scripts
from bodega.storage import query

pages = Pages()

TYPES: Choices = (
    ("page", "Text"),
    ("contact_form", "Contact form"),
    ("raw", "HTML or another file as it stands"),
    ("link", "Link to another address"),
    ("blog", "Posts of the blog"),
)


async def channels_of(request: PanelRequest) -> Choices:
    """The channels of a store, by their names."""
    return tuple((str(one["id"]), one["name"]) for one in await api.whole(request, "/v3/channels"))


async def _page_groups(request: PanelRequest) -> list[FieldGroup]:
    there = await api.whole(request, "/v3/content/pages")
    above = (("0", "None: at the top"), *((str(one["id"]), one["name"]) for one in there))
    return [
        FieldGroup(
            "",
            [
                Field("name", "Name", "text", required=True, maximum=100),
                Field("type", "What it is", "choice", required=True, choices=TYPES, blank="page"),
                Field("is_visible", "Shown in the navigation", "flag", blank=False),
                Field("is_homepage", "The home page", "flag", blank=False),
                Field("is_customers_only", "For signed-in customers only", "flag", blank=False),
                Field("parent_id", "Below the page", "choice", choices=above, blank=0),
                Field("sort_order", "Position", "whole", "Pages with lower numbers come first.", blank=0),
                Field("channel_id", "Channel", "choice", choices=await channels_of(request), blank=1),
                Field("url", "Address of its page", "text", "Empty: derived from the name.", maximum=255),
            ],
        ),
        FieldGroup(
            "Content",
            [
                Field("body", "Text or HTML", "html", wide=True),
                Field("link", "Leads to", "text", "For a link: the whole address.", wide=True),
                Field("email", "Messages go to", "email", "For a contact form."),
                Field(
                    "contact_fields",
                    "Asks for",
                    "text",
                    "For a contact form: fullname, phone, companyname, orderno, rma.",
                ),
            ],
        ),
        FieldGroup(
            "Search engines",
            [
                Field("meta_title", "Title", "text", maximum=255),
                Field("meta_description", "Description", "long", wide=True),
                Field("meta_keywords", "Keywords", "long", wide=True),
                Field("search_keywords", "Found by these words in the shop", "text", maximum=255),
            ],
            open=False,
        ),
    ]


def _page_body(draft: dict[str, Any], now: Any) -> dict[str, Any]:
    return draft if now is not None else forms.filled(draft)


PAGES = Shelf(
    path="web-pages",
    title="Web pages",
    one="web page",
    api="/v3/content/pages",
    groups=_page_groups,
    columns=(
        ("Page", lambda page: page["name"]),
        ("What it is", lambda page: dict(TYPES).get(page["type"], page["type"])),
        ("Address", lambda page: page["url"]),
        ("In the navigation", lambda page: "yes" if page["is_visible"] else "no"),
    ),
    intro="Texts of the shop, such as its terms, a contact form, or links in its navigation.",
    warning="Pages below it move to the top and are hidden.",
    to_body=_page_body,
    query={"include": "body"},
)
put_up(pages, PAGES)

PLACES: Choices = (
    ("storefront", "All pages but the checkout"),
    ("all_pages", "All pages"),
    ("checkout", "The checkout"),
    ("order_confirmation", "The order confirmation"),
)
CONSENT: Choices = (
    ("unknown", "Not said: hidden where consent is asked for"),
    ("essential", "Essential"),
    ("functional", "Functional"),
    ("analytics", "Analytics"),
    ("targeting", "Advertising"),
)


async def _script_groups(request: PanelRequest) -> list[FieldGroup]:
    return [
        FieldGroup(
            "",
            [
                Field("name", "Name", "text", required=True, maximum=255),
                Field("enabled", "Runs", "flag", blank=True),
                Field("description", "Description", "long", wide=True),
                Field("src", "Address of the script", "text", "Either this, or a script tag below.", wide=True),
                Field("html", "Script tag", "long", wide=True),
                Field("visibility", "Runs on", "choice", choices=PLACES, blank="storefront"),
                Field(
                    "location",
                    "Where on the page",
                    "choice",
                    choices=(("head", "Head"), ("footer", "Footer")),
                    blank="head",
                ),
                Field(
                    "load_method",
                    "Loaded",
                    "choice",
                    choices=(("default", "At once"), ("async", "Meanwhile"), ("defer", "After the page")),
                    blank="default",
                ),
                Field("consent_category", "Kind of consent", "choice", choices=CONSENT, blank="unknown"),
                Field("channel_id", "Channel", "choice", choices=await channels_of(request), blank=1),
            ],
        )
    ]


async def _all_scripts(request: PanelRequest, number: int) -> Listed:
    """Those of every app; an API account only sees its own."""
    if request.shop.rows is None:
        raise without_rows(request.shop)
    reader = request.shop.rows.reader
    total = int(await query.value(reader, "SELECT count(*) FROM scripts") or 0)
    order = f"id LIMIT {PER_PAGE} OFFSET {(number - 1) * PER_PAGE}"
    found = await query.where(reader, scripts.TABLE, "1 = 1", order=order)
    return Listed([scripts.members(row.entity) for row in found], total)


async def _one_script(request: PanelRequest, key: str) -> Any:
    if request.shop.rows is None:
        raise without_rows(request.shop)
    row = await query.one(request.shop.rows.reader, scripts.TABLE, "uuid = $1", key)
    if row is None:
        raise PageError(HTTPStatus.NOT_FOUND, "This no longer exists.")
    return scripts.members(row.entity)


SCRIPTS = Shelf(
    path="scripts",
    title="Scripts",
    one="script",
    api="/v3/content/scripts",
    groups=_script_groups,
    columns=(
        ("Script", lambda one: one["name"]),
        ("Runs on", lambda one: dict(PLACES)[one["visibility"]]),
        ("Consent", lambda one: one["consent_category"]),
        ("Runs", lambda one: "yes" if one["enabled"] else "no"),
    ),
    intro="Scripts that run in the shoppers' browsers. Apps add theirs, and you can add your own.",
    warning="It no longer runs. An app may add it again.",
    named="uuid",
    to_body=_page_body,
    first={"enabled": True, "visibility": "storefront", "location": "head", "load_method": "default",
           "consent_category": "unknown", "channel_id": 1},
    listed=_all_scripts,
    load=_one_script,
    client=lambda one: str(one["api_client_id"]),
)  # fmt: skip
put_up(pages, SCRIPTS)
