"""Categories: the tree, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms
from bodega.panel.catalogue import CATEGORIES, TREE, tree
from bodega.panel.fields import fields_of, rich
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.images import drop_image, put_image
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.catalog.categories import Category

pages = Pages()

HERE = "/stores/{store}/categories"
NOWHERE = ("0", "none: a top-level category")
TITLES = {"parent_id": "Below", "is_visible": "Visible in the shop", "default_product_sort": "Products are sorted"}


async def groups(request: PanelRequest, own: int = 0) -> list[FieldGroup]:
    """The form; a category cannot be moved below itself."""
    below: set[int] = set()
    parents = [NOWHERE]
    depth = 0
    for node in await tree(request):
        if node.id == own:
            depth = node.depth + 1
        elif depth and node.depth >= depth:
            below.add(node.id)
        else:
            depth = 0
            parents.append((str(node.id), node.path))
    choices = {"parent_id": parents}

    def made(names: str) -> list[Any]:
        return fields_of(Category, names, required="name", titles=TITLES, choices=choices)

    return [
        FieldGroup(
            "", rich(made("name parent_id is_visible description sort_order default_product_sort"), "description")
        ),
        FieldGroup(
            "Search engines", made("custom_url page_title meta_description meta_keywords search_keywords"), open=False
        ),
        FieldGroup("More", made("layout_file"), open=False),
    ]


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """The whole tree."""
    reply = await api.read(request, TREE)
    return show(request, "categories.html", tree=reply.data or [])


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new category; `below` names its parent."""
    form = forms.opened(await groups(request))
    form.texts |= {"parent_id": request.query_value("below") or "0", "is_visible": "true"}
    return show(request, "category.html", form=form, category=None)


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a category."""
    sent = await forms.send(request, await groups(request), CATEGORIES)
    if sent.saved and sent.reply is not None:
        return go(f"{request.base}/categories/{sent.reply.data['id']}?done=made", *SAFE)
    return show(request, "category.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=sent.form, category=None)


def _path(request: PanelRequest) -> str:
    return f"{CATEGORIES}/{api.number(request.ids['category'])}"


@pages.get(HERE + "/{category}")
async def detail(request: PanelRequest) -> Reply:
    """The form of a category."""
    now = (await api.read(request, _path(request))).data
    return _one(request, now, forms.opened(await groups(request, now["id"]), now))


def _one(request: PanelRequest, category: Mapping[str, Any], form: Form, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return show(request, "category.html", status=status, form=form, category=category)


@pages.post(HERE + "/{category}")
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed."""
    now = await api.read(request, _path(request))
    sent = await forms.send(request, await groups(request, now.data["id"]), _path(request), now.data, etag=now.etag)
    if not sent.saved:
        return _one(request, now.data, sent.form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(f"{request.base}/categories/{now.data['id']}?done={'saved' if sent.reply else 'unchanged'}", *SAFE)


@pages.post(HERE + "/{category}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a category with everything below it, unless a product would be left without one."""
    now = await api.read(request, _path(request))
    reply = await api.send_request(request, "DELETE", _path(request))
    if reply.refused:
        form = forms.opened(await groups(request, now.data["id"]), now.data)
        forms.complain(form, reply)
        return _one(request, now.data, form, HTTPStatus(reply.status))
    return go(f"{request.base}/categories?done=deleted", *SAFE)


@pages.post(HERE + "/{category}/image", files=True)
async def image(request: PanelRequest) -> Reply:
    """Replaces the image."""
    return await put_image(request, _path(request), f"{request.base}/categories/{request.ids['category']}")


@pages.post(HERE + "/{category}/image/delete")
async def no_image(request: PanelRequest) -> Reply:
    """Removes the image."""
    return await drop_image(request, _path(request), f"{request.base}/categories/{request.ids['category']}")
