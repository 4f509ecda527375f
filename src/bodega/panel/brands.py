"""Brands: the list, and the page of one."""

from __future__ import annotations

from http import HTTPStatus

from bodega.panel import api, forms, views
from bodega.panel.catalogue import BRANDS
from bodega.panel.fields import fields_of
from bodega.panel.forms import FieldGroup
from bodega.panel.images import drop_image, put_image
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.catalog.brands import Brand

pages = Pages()

HERE = "/stores/{store}/brands"
PER_PAGE = 50
GROUPS = [
    FieldGroup("", fields_of(Brand, "name search_keywords", required="name")),
    FieldGroup("Search engines", fields_of(Brand, "custom_url page_title meta_description meta_keywords"), open=False),
]


VIEWS = views.declare("brands", "Brands", {"q": "Name"})


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """The list, by name."""
    page, word = api.page_of(request), request.query_value("q")
    asks = {"name:like": word} if word else {}
    reply = await api.send_request(request, "GET", BRANDS, limit=PER_PAGE, page=page, sort="name", **asks)
    return show(
        request, "brands.html", brands=reply.data or [], total=reply.total, message=sentence_of(reply), page=page,
        per=PER_PAGE, word=word, query=view.carry({"q": word}), view=view,
    )  # fmt: skip


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new brand."""
    return show(request, "brand.html", form=forms.opened(GROUPS), brand=None)


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a brand."""
    sent = await forms.send(request, GROUPS, BRANDS)
    if sent.saved and sent.reply is not None:
        return go(f"{request.base}/brands/{sent.reply.data['id']}?done=made", *SAFE)
    return show(request, "brand.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=sent.form, brand=None)


def _path(request: PanelRequest) -> str:
    return f"{BRANDS}/{api.number(request.ids['brand'])}"


@pages.get(HERE + "/{brand}")
async def detail(request: PanelRequest) -> Reply:
    """The form of a brand."""
    now = (await api.read(request, _path(request))).data
    return show(request, "brand.html", form=forms.opened(GROUPS, now), brand=now)


@pages.post(HERE + "/{brand}")
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed."""
    now = await api.read(request, _path(request))
    sent = await forms.send(request, GROUPS, _path(request), now.data, etag=now.etag)
    if not sent.saved:
        return show(request, "brand.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=sent.form, brand=now.data)
    return go(f"{request.base}/brands/{now.data['id']}?done={'saved' if sent.reply else 'unchanged'}", *SAFE)


@pages.post(HERE + "/{brand}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a brand; its products then have none."""
    now = await api.read(request, _path(request))
    reply = await api.send_request(request, "DELETE", _path(request))
    if reply.refused:
        form = forms.opened(GROUPS, now.data)
        forms.complain(form, reply)
        return show(request, "brand.html", status=HTTPStatus(reply.status), form=form, brand=now.data)
    return go(f"{request.base}/brands?done=deleted", *SAFE)


@pages.post(HERE + "/{brand}/image", files=True)
async def image(request: PanelRequest) -> Reply:
    """Replaces the image."""
    return await put_image(request, _path(request), f"{request.base}/brands/{request.ids['brand']}")


@pages.post(HERE + "/{brand}/image/delete")
async def no_image(request: PanelRequest) -> Reply:
    """Removes the image."""
    return await drop_image(request, _path(request), f"{request.base}/brands/{request.ids['brand']}")
