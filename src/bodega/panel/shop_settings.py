"""The settings of a shop, page by page, of the whole store or of a channel (`shop_words.py` has the words)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms
from bodega.panel.fields import Field, fields_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.shop_words import PAGES, Part, ShopPage
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.resources.settings.group import Group
from bodega.resources.settings.page import groups

pages = Pages()

HERE = "/stores/{store}/shop"
_GROUPS: dict[str, Group[Any]] = {group.path: group for group in groups()}
_YES_NO = (("", "As the store"), ("true", "Yes"), ("false", "No"))
_INSIDE = "-"
"""Between the member of a group and one inside it, in the name of a field."""

IMAGES = {"logo": ("settings/logo/image", "LogoFile"), "favicon": ("settings/favicon/image", "FaviconFile")}


@pages.get(HERE)
async def contents(request: PanelRequest) -> Reply:
    """The pages there are."""
    return show(request, "shop.html", pages=PAGES)


@pages.get(HERE + "/{page}")
async def shown(request: PanelRequest) -> Reply:
    """A page of settings, each group a form."""
    return await _show(request, _page(request), _channel(request.query_value("channel")))


@pages.post(HERE + "/{page}")
async def save(request: PanelRequest) -> Reply:
    """Saves the group that the form names."""
    page = _page(request)
    channel = _channel(_sent(request, "channel"))
    part = next((one for one in page.parts if one.path == _sent(request, "group")), None)
    if part is None:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such group of settings.")
    channel = channel if _GROUPS[part.path].by_channel else 0
    now = await _settings(request, part, channel)
    form, draft = forms.read(request, fields(part, channel), flat(now, channel), _before(part))
    back = f"{request.base}/shop/{request.ids['page']}?channel={channel or ''}"
    if form.faulty:
        return await _show(request, page, channel, part, form)
    if not draft:
        return go(f"{back}&done=unchanged", *SAFE)
    required = {name: now[name] for name in _GROUPS[part.path].v3.required}
    body = {**required, **nested(draft, _GROUPS[part.path], channel)}
    reply = await api.send_request(request, "PUT", f"/v3/{part.path}", body, channel_id=channel or "")
    if reply.refused:
        errors = {name.replace(".", _INSIDE): text for name, text in reply.errors.items()}
        forms.complain(form, reply._replace(errors=errors))
        return await _show(request, page, channel, part, form)
    return go(f"{back}&done=saved", *SAFE)


@pages.post(HERE + "/image/{image}", files=True)
async def put_image(request: PanelRequest) -> Reply:
    """Uploads the logo or the favicon of the store."""
    path, name = IMAGES.get(request.ids["image"], ("", ""))
    file = request.files.get("image_file")
    if not path:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such image.")
    if file is None:
        raise PageError(HTTPStatus.UNPROCESSABLE_ENTITY, "No file was chosen. Go back and choose one.")
    reply = await api.upload(request, f"/v3/{path}", name, file)
    if reply.refused:
        raise PageError(HTTPStatus(reply.status), sentence_of(reply))
    return go(f"{request.base}/shop/profile?done=saved", *SAFE)


def fields(part: Part, channel: int) -> list[FieldGroup]:
    """The fields of a group; those of a channel can be left to the store."""
    made = [field for name in part.words for field in _field(_GROUPS[part.path], name, part.words[name], channel)]
    return [FieldGroup(part.title, made)]


def _field(group: Group[Any], name: str, words: str, channel: int) -> list[Field]:
    if channel and name in group.store_only:
        return []
    member, _, inner = name.partition(".")
    kind = group.members[member].inside or group.kind
    (field,) = fields_of(kind, inner or member)
    title, _, hint = words.partition("|")
    field = field._replace(name=name.replace(".", _INSIDE), title=title, hint=hint)
    if not channel:
        return [field]
    if field.kind == "flag":
        return [field._replace(kind="choice", choices=_YES_NO, blank=None)]
    if field.kind == "choice":
        return [field._replace(choices=(("", "As the store"), *field.choices), blank=None)]
    told = f"{hint} Empty: as the store." if hint else "Empty: as the store."
    return [field._replace(blank=None, hint=told, required=False)]


def flat(settings: Mapping[str, Any], channel: int) -> dict[str, Any]:
    """The settings as fields have them."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= {f"{name}{_INSIDE}{inner}": kept for inner, kept in value.items()}
        else:
            found[name] = value
    if channel:
        return {name: str(value).lower() if isinstance(value, bool) else value for name, value in found.items()}
    return found


def nested(draft: Mapping[str, Any], group: Group[Any], channel: int) -> dict[str, Any]:
    """The body of a draft."""
    body: dict[str, Any] = {}
    for name, value in draft.items():
        member, _, inner = name.partition(_INSIDE)
        default = group.members[member].default
        flag = isinstance(getattr(default, inner) if inner else default, bool)
        if channel and flag and value is not None:
            value = {"true": True, "false": False}.get(value, value)
        elif channel and value == []:
            value = None
        if inner:
            body.setdefault(member, {})[inner] = value
        else:
            body[member] = value
    return body


def _before(part: Part) -> str:
    return part.path.replace("/", "-") + "."


def anchor(part: Part, member: str) -> str:
    """The id of a setting's field on its page."""
    return f"f-{_before(part)}{member.replace('.', _INSIDE)}"


def _page(request: PanelRequest) -> ShopPage:
    page = PAGES.get(request.ids["page"])
    if page is None:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such page of settings.")
    return page


def _sent(request: PanelRequest, name: str) -> str:
    return (request.form.get(name) or [""])[-1]


def _channel(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _settings(request: PanelRequest, part: Part, channel: int) -> dict[str, Any]:
    found: dict[str, Any] = (await api.read(request, f"/v3/{part.path}", channel_id=channel or "")).data
    return found


async def _show(
    request: PanelRequest, page: ShopPage, channel: int, at: Part | None = None, form: Form | None = None
) -> Reply:
    parts = []
    for part in page.parts:
        if channel and not _GROUPS[part.path].by_channel:
            continue
        now = await _settings(request, part, channel)
        own = form if form is not None and part is at else None
        parts.append((part, own or forms.opened(fields(part, channel), flat(now, channel), _before(part)), now))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form is not None else HTTPStatus.OK
    channels = [(one["id"], one["name"]) for one in await api.whole(request, "/v3/channels")]
    name = request.ids["page"]
    return show(
        request, "shop_page.html", status=status, page=page, name=name, those=parts, channel=channel,
        channels=channels, images=IMAGES if name == "profile" and not channel else {},
    )  # fmt: skip
