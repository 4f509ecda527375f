"""Marketing: banners, templates of e-mails, e-mails to shoppers who left a cart, and what would have been sent."""

from __future__ import annotations

from typing import Any

from bodega.panel import api
from bodega.panel.fields import Choices, Field, fields_of, rich
from bodega.panel.forms import FieldGroup
from bodega.panel.shelf import Listed, Shelf, put_up
from bodega.panel.templating import show
from bodega.panel.web import Pages, PanelRequest, Reply
from bodega.resources.marketing.banners import Banner

pages = Pages()

WHERE: Choices = (
    ("home_page", "The home page"),
    ("category_page", "The page of a category"),
    ("brand_page", "The page of a brand"),
    ("search_page", "The results of a search"),
)


async def _banner_groups(_request: PanelRequest) -> list[FieldGroup]:
    fields = fields_of(
        Banner,
        "name content page item_id location visible date_type date_from date_to",
        required="name content page location date_type",
        titles={
            "content": "HTML", "page": "Shown on", "item_id": "Of the category or brand", "location": "At its",
            "visible": "Shown", "date_type": "When", "date_from": "From", "date_to": "Until",
        },
        choices={"page": WHERE, "date_type": (("always", "Always"), ("custom", "Between two dates"))},
    )  # fmt: skip
    return [
        FieldGroup("", [one._replace(blank=0) if one.name == "item_id" else one for one in rich(fields, "content")])
    ]


def _of_banner(banner: Any) -> Any:
    return {**banner, "visible": banner["visible"] == "1", "date_from": "", "date_to": ""} if banner else banner


def _banner_body(draft: dict[str, Any], _now: Any) -> dict[str, Any]:
    return {name: "1" if value is True else "0" if value is False else value for name, value in draft.items()}


put_up(
    pages,
    Shelf(
        path="banners",
        title="Banners",
        one="banner",
        api="/v2/banners",
        groups=_banner_groups,
        columns=(
            ("Banner", lambda one: one["name"]),
            ("Shown on", lambda one: dict(WHERE).get(one["page"], one["page"])),
            ("At its", lambda one: one["location"]),
            ("Shown", lambda one: "yes" if one["visible"] == "1" else "no"),
        ),
        intro="A piece of HTML at the top or the bottom of a page of the shop.",
        warning="It is no longer shown.",
        to_form=_of_banner,
        to_body=_banner_body,
        first={"visible": True, "location": "top", "page": "home_page", "date_type": "always"},
    ),
)

OCCASIONS: Choices = (
    ("abandoned_cart_email", "A cart was left"),
    ("account_details_changed_email", "An account was changed"),
    ("combined_order_status_email", "The status of an order has changed"),
    ("createaccount_email", "A customer has made an account"),
    ("createguestaccount_email", "A guest gets an account"),
    ("giftcertificate_email", "A gift certificate was bought"),
    ("invoice_email", "The invoice of an order"),
    ("ordermessage_notification", "A message about an order"),
    ("return_confirmation_email", "A return was asked for"),
    ("return_statuschange_email", "The status of a return has changed"),
    ("product_review_email", "A review is asked for"),
    ("account_reset_password_email", "A new password is asked for"),
)
_TEMPLATE = [
    Field("subject", "Subject", "text", required=True, maximum=255, wide=True),
    Field(
        "body",
        "HTML",
        "long",
        "Names in double braces are filled in, such as {{store.name}}.",
        required=True,
        wide=True,
    ),
]


async def _template_groups(_request: PanelRequest) -> list[FieldGroup]:
    return [FieldGroup("", _TEMPLATE)]


async def _templates(request: PanelRequest, _number: int) -> Listed:
    found = (await api.read(request, "/v3/marketing/email-templates")).data
    return Listed(found, len(found))


put_up(
    pages,
    Shelf(
        path="email-templates",
        title="E-mail templates",
        one="template",
        api="/v3/marketing/email-templates",
        groups=_template_groups,
        columns=(
            ("Sent when", lambda one: dict(OCCASIONS).get(one["type_id"], one["type_id"])),
            ("Subject", lambda one: one["subject"]),
        ),
        intro="",
        named="type_id",
        makes=False,
        listed=_templates,
    ),
)


def delay(minutes: int) -> str:
    """A number of minutes in words."""
    if minutes < 1_440:
        return f"{minutes // 60} hour{'s' if minutes > 60 else ''}"
    return f"{minutes // 1_440} day{'s' if minutes > 1_440 else ''}"


DELAYS: Choices = tuple((str(minutes), delay(minutes)) for minutes in (
    *range(60, 1_440, 60), *range(1_440, 14_401, 1_440),
))  # fmt: skip


async def _left_groups(_request: PanelRequest) -> list[FieldGroup]:
    return [
        FieldGroup(
            "",
            [
                Field("is_active", "Sent", "flag", blank=False),
                Field("notify_at_minutes", "After the cart was left for", "choice", choices=DELAYS, blank=60),
                Field("coupon_code", "Coupon code", "text", "Empty: none is offered.", maximum=255),
                *_TEMPLATE,
            ],
        )
    ]


def _of_left(email: Any) -> Any:
    template = {name: email["template"][name] for name in ("subject", "body")}
    return {**email, **template}


def _left_body(draft: dict[str, Any], now: Any) -> dict[str, Any]:
    said = {name: draft.pop(name) for name in ("subject", "body") if name in draft}
    if not said:
        return draft
    before = now["template"] if now is not None else {"subject": "", "body": "", "translations": []}
    return {**draft, "template": {**before, **said}}


put_up(
    pages,
    Shelf(
        path="abandoned-cart-emails",
        title="Abandoned cart e-mails",
        one="e-mail",
        api="/v3/marketing/abandoned-cart-emails",
        groups=_left_groups,
        columns=(
            ("Subject", lambda one: one["template"]["subject"]),
            ("After", lambda one: delay(one["notify_at_minutes"])),
            ("Sent", lambda one: f"{one['sent_num']} times"),
            ("State", lambda one: "on" if one["is_active"] else "off"),
        ),
        intro="An e-mail to shoppers who left something in their cart, an hour or more after they did.",
        warning="Shoppers no longer get it.",
        to_form=_of_left,
        to_body=_left_body,
        first={"is_active": True, "notify_at_minutes": 60},
    ),
)

SENT = 25


@pages.get("/stores/{store}/outbox")
async def outbox(request: PanelRequest) -> Reply:
    """What would have been sent, the latest first."""
    number = api.page_of(request)
    found = await api.read(request, "/v3/outbox", limit=SENT, page=number, sort="id", direction="desc")
    return show(request, "outbox.html", mails=found.data, total=found.total, page=number, per=SENT)
