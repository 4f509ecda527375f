"""Brands: the list, and the page of one."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from bodega.panel import api, forms
from bodega.panel.catalogue import BRANDS
from bodega.panel.fields import fields_of
from bodega.panel.forms import Group
from bodega.panel.images import drop_image, put_image
from bodega.panel.templates_of import show
from bodega.panel.web import SAFE, Asked, Pages, Reply, go
from bodega.resources.catalog.brands import Brand

pages = Pages()

HERE = "/stores/{store}/brands"
PER_PAGE = 50
GROUPS = [
    Group("", fields_of(Brand, "name search_keywords", required="name")),
    Group("Search engines", fields_of(Brand, "custom_url page_title meta_description meta_keywords"), open=False),
]


@pages.get(HERE)
async def listed(asked: Asked) -> Reply:
    """The list, by name."""
    page, word = api.page_of(asked), asked.asked_for("q")
    asks = {"name:like": word} if word else {}
    told = await api.ask(asked, "GET", BRANDS, limit=PER_PAGE, page=page, sort="name", **asks)
    query = f"{urlencode({'q': word})}&" if word else ""
    return show(
        asked, "brands.html", brands=told.data or [], total=told.total, said=told.title, page=page, per=PER_PAGE,
        word=word, query=query,
    )  # fmt: skip


@pages.get(HERE + "/new")
async def new(asked: Asked) -> Reply:
    """The form of a new brand."""
    return show(asked, "brand.html", form=forms.opened(GROUPS), brand=None)


@pages.post(HERE)
async def create(asked: Asked) -> Reply:
    """Makes a brand."""
    sent = await forms.send(asked, GROUPS, BRANDS)
    if sent.saved and sent.told is not None:
        return go(f"{asked.base}/brands/{sent.told.data['id']}?done=made", *SAFE)
    return show(asked, "brand.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=sent.form, brand=None)


def _path(asked: Asked) -> str:
    return f"{BRANDS}/{api.number(asked.ids['brand'])}"


@pages.get(HERE + "/{brand}")
async def one(asked: Asked) -> Reply:
    """The form of a brand."""
    now = (await api.read(asked, _path(asked))).data
    return show(asked, "brand.html", form=forms.opened(GROUPS, now), brand=now)


@pages.post(HERE + "/{brand}")
async def change(asked: Asked) -> Reply:
    """Saves what was changed."""
    now = await api.read(asked, _path(asked))
    sent = await forms.send(asked, GROUPS, _path(asked), now.data, etag=now.etag)
    if not sent.saved:
        return show(asked, "brand.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=sent.form, brand=now.data)
    return go(f"{asked.base}/brands/{now.data['id']}?done={'saved' if sent.told else 'unchanged'}", *SAFE)


@pages.post(HERE + "/{brand}/delete")
async def delete(asked: Asked) -> Reply:
    """Deletes a brand; its products have none then."""
    now = await api.read(asked, _path(asked))
    told = await api.ask(asked, "DELETE", _path(asked))
    if told.refused:
        form = forms.opened(GROUPS, now.data)
        forms.complain(form, told)
        return show(asked, "brand.html", status=HTTPStatus(told.status), form=form, brand=now.data)
    return go(f"{asked.base}/brands?done=deleted", *SAFE)


@pages.post(HERE + "/{brand}/image", files=True)
async def image(asked: Asked) -> Reply:
    """Puts a picture in the place of the one before."""
    return await put_image(asked, _path(asked), f"{asked.base}/brands/{asked.ids['brand']}")


@pages.post(HERE + "/{brand}/image/delete")
async def no_image(asked: Asked) -> Reply:
    """Takes the picture away."""
    return await drop_image(asked, _path(asked), f"{asked.base}/brands/{asked.ids['brand']}")
