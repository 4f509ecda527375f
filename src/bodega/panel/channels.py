"""Channels: the list, and the page of one with its currencies, its site and how much it lists."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms
from bodega.panel.fields import Field, fields_of, title_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.store.channels import EVERY_PLATFORM, OTHER_STATUSES, STOREFRONT_STATUSES, Channel

pages = Pages()

HERE = "/stores/{store}/channels"
ONE = HERE + "/{channel}"
CHANNELS = "/v3/channels"
PER_PAGE = 25
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY

_TITLES = {
    "external_id": "Id in another system",
    "is_visible": "Shown in the panel of the hosted service",
    "is_listable_from_ui": "Listings can be made there",
}
NEW = [
    FieldGroup(
        "",
        fields_of(
            Channel,
            "name type platform external_id",
            required="name type platform",
            titles=_TITLES,
            hints={"platform": "It must match the type, as ebay a marketplace."},
            choices={"platform": [(name, title_of(name)) for name in EVERY_PLATFORM]},
        ),
    )
]
SITE = [
    FieldGroup(
        "Site",
        [
            Field("url", "Address", "text", "As https://shop.example.com.", required=True),
            Field(
                "checkout_url", "Address of its checkout", "text", "Empty: shoppers pay at the store's own storefront."
            ),
        ],
    )
]


def _of_channel(channel: Mapping[str, Any]) -> list[FieldGroup]:
    """The form of a channel; a launched one cannot go back to before its launch."""
    statuses = STOREFRONT_STATUSES if channel["type"] == "storefront" else OTHER_STATUSES
    offered = [word for word in statuses if word != "prelaunch" or channel["status"] == word]
    choices = {"status": [(word, title_of(word)) for word in offered]}
    names = "name status external_id is_visible is_listable_from_ui"
    return [FieldGroup("", fields_of(Channel, names, required="name", titles=_TITLES, choices=choices))]


async def _money(request: PanelRequest) -> list[FieldGroup]:
    """The form of a channel's currencies."""
    found = (await api.read(request, "/v2/currencies", limit=250)).data or []
    codes = [(one["currency_code"], one["name"]) for one in found if one["enabled"]]
    fields = [
        Field("enabled_currencies", "In which it sells", "many", choices=codes, blank=[]),
        Field("default_currency", "Usual currency", "choice", required=True, choices=codes),
    ]
    return [FieldGroup("Currencies", fields)]


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """The list, with how many listings each has."""
    page = api.page_of(request)
    reply = await api.send_request(request, "GET", CHANNELS, limit=PER_PAGE, page=page, include="currencies")
    found = reply.data or []
    counts = {one["id"]: await _listings(request, one["id"]) for one in found}
    return show(
        request, "channels.html", channels=found, counts=counts, total=reply.total,
        message=sentence_of(reply), page=page, per=PER_PAGE,
    )  # fmt: skip


async def _listings(request: PanelRequest, channel: int) -> int:
    return (await api.read(request, f"{CHANNELS}/{channel}/listings", limit=1)).total


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new channel."""
    return show(request, "channel_new.html", form=forms.opened(NEW))


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a channel."""
    sent = await forms.send(request, NEW, CHANNELS)
    if sent.saved and sent.reply is not None:
        return go(f"{request.base}/channels/{sent.reply.data['id']}?done=made", *SAFE)
    return show(request, "channel_new.html", status=UNPROCESSABLE, form=sent.form)


def _path(request: PanelRequest, *more: str) -> str:
    return "/".join([CHANNELS, str(api.number(request.ids["channel"])), *more])


@pages.get(ONE)
async def detail(request: PanelRequest) -> Reply:
    """The page of a channel."""
    return await _show(request)


async def _show(
    request: PanelRequest, form: Form | None = None, money: Form | None = None, site: Form | None = None
) -> Reply:
    channel = (await api.read(request, _path(request))).data
    assigned = (await api.read(request, _path(request, "currency-assignments"))).data
    now = await _site(request)
    listings = (await api.read(request, _path(request, "listings"), limit=5)).meta["pagination"]
    failed = bool(form or money or site)
    return show(
        request, "channel.html", status=UNPROCESSABLE if failed else HTTPStatus.OK, channel=channel,
        form=form or forms.opened(_of_channel(channel), channel),
        money=money or forms.opened(await _money(request), assigned, "money."),
        site_form=site or forms.opened(SITE, now, "site."), site=now, listings=listings["total"],
    )  # fmt: skip


async def _site(request: PanelRequest) -> dict[str, Any] | None:
    """The channel's site as the form has it; None if it has none."""
    reply = await api.send_request(request, "GET", _path(request, "site"))
    if reply.refused:
        return None
    checkout = [url["url"] for url in reply.data["urls"] if url["type"] == "checkout"]
    return {**reply.data, "checkout_url": checkout[0] if checkout else ""}


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/channels/{request.ids['channel']}?done={done}", *SAFE)


@pages.post(ONE)
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed of the channel."""
    now = await api.read(request, _path(request))
    sent = await forms.send(request, _of_channel(now.data), _path(request), now.data, etag=now.etag)
    if not sent.saved:
        return await _show(request, form=sent.form)
    return _back(request, "saved" if sent.reply else "unchanged")


@pages.post(ONE + "/currencies")
async def currencies(request: PanelRequest) -> Reply:
    """Assigns currencies; the API takes both members or none."""
    now = await api.read(request, _path(request, "currency-assignments"))
    form, draft = forms.read(request, await _money(request), now.data, "money.")
    if form.faulty:
        return await _show(request, money=form)
    if not draft:
        return _back(request, "unchanged")
    kept = {name: now.data[name] for name in ("enabled_currencies", "default_currency")}
    reply = await api.send_request(
        request, "PUT", _path(request, "currency-assignments"), {**kept, **draft}, etag=now.etag
    )
    if reply.refused:
        forms.complain(form, reply)
        return await _show(request, money=form)
    return _back(request, "saved")


@pages.post(ONE + "/currencies/delete")
async def currencies_of_the_store(request: PanelRequest) -> Reply:
    """Gives the channel the currencies of the store again."""
    await api.send_request(request, "DELETE", _path(request, "currency-assignments"))
    return _back(request, "saved")


@pages.post(ONE + "/site")
async def site(request: PanelRequest) -> Reply:
    """Makes the channel's site, or saves what was changed of it."""
    now = await _site(request)
    form, draft = forms.read(request, SITE, now, "site.")
    if form.faulty:
        return await _show(request, site=form)
    if now is not None and not draft:
        return _back(request, "unchanged")
    steps: list[tuple[str, str, Any]] = []
    if "url" in draft or now is None:
        steps.append(("POST" if now is None else "PUT", "site", {"url": draft.get("url", "")}))
    if draft.get("checkout_url"):
        steps.append(("PUT", "site/checkout-url", {"url": draft["checkout_url"]}))
    elif "checkout_url" in draft and now is not None:
        steps.insert(0, ("DELETE", "site/checkout-url", None))
    for method, below, body in steps:
        reply = await api.send_request(request, method, _path(request, below), body)
        if reply.refused:
            name = "checkout_url" if below != "site" else "url"
            forms.complain(form, reply._replace(errors={name if key == "url" else key: text
                                                        for key, text in reply.errors.items()}))  # fmt: skip
            return await _show(request, site=form)
    return _back(request, "saved")
