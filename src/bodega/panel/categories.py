"""Categories: the tree, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms
from bodega.panel.catalogue import CATEGORIES, TREE, tree
from bodega.panel.fields import fields_of
from bodega.panel.forms import Form, Group
from bodega.panel.images import drop_image, put_image
from bodega.panel.templates_of import show
from bodega.panel.web import SAFE, Asked, Pages, Reply, go
from bodega.resources.catalog.categories import Category

pages = Pages()

HERE = "/stores/{store}/categories"
NOWHERE = ("0", "none: it stands at the top")
TITLES = {"parent_id": "Below", "is_visible": "Visible in the shop", "default_product_sort": "Products are sorted"}


async def groups(asked: Asked, own: int = 0) -> list[Group]:
    """The form; a category cannot be put below itself."""
    below: set[int] = set()
    parents = [NOWHERE]
    depth = 0
    for twig in await tree(asked):
        if twig.id == own:
            depth = twig.depth + 1
        elif depth and twig.depth >= depth:
            below.add(twig.id)
        else:
            depth = 0
            parents.append((str(twig.id), twig.path))
    choices = {"parent_id": parents}

    def made(names: str) -> list[Any]:
        return fields_of(Category, names, required="name", titles=TITLES, choices=choices)

    return [
        Group("", made("name parent_id is_visible description sort_order default_product_sort")),
        Group(
            "Search engines", made("custom_url page_title meta_description meta_keywords search_keywords"), open=False
        ),
        Group("More", made("layout_file"), open=False),
    ]


@pages.get(HERE)
async def listed(asked: Asked) -> Reply:
    """The whole tree."""
    told = await api.read(asked, TREE)
    return show(asked, "categories.html", tree=told.data or [])


@pages.get(HERE + "/new")
async def new(asked: Asked) -> Reply:
    """The form of a new category; `below` names its parent."""
    form = forms.opened(await groups(asked))
    form.texts |= {"parent_id": asked.asked_for("below") or "0", "is_visible": "true"}
    return show(asked, "category.html", form=form, category=None)


@pages.post(HERE)
async def create(asked: Asked) -> Reply:
    """Makes a category."""
    sent = await forms.send(asked, await groups(asked), CATEGORIES)
    if sent.saved and sent.told is not None:
        return go(f"{asked.base}/categories/{sent.told.data['id']}?done=made", *SAFE)
    return show(asked, "category.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=sent.form, category=None)


def _path(asked: Asked) -> str:
    return f"{CATEGORIES}/{api.number(asked.ids['category'])}"


@pages.get(HERE + "/{category}")
async def one(asked: Asked) -> Reply:
    """The form of a category."""
    now = (await api.read(asked, _path(asked))).data
    return _one(asked, now, forms.opened(await groups(asked, now["id"]), now))


def _one(asked: Asked, category: Mapping[str, Any], form: Form, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return show(asked, "category.html", status=status, form=form, category=category)


@pages.post(HERE + "/{category}")
async def change(asked: Asked) -> Reply:
    """Saves what was changed."""
    now = await api.read(asked, _path(asked))
    sent = await forms.send(asked, await groups(asked, now.data["id"]), _path(asked), now.data, etag=now.etag)
    if not sent.saved:
        return _one(asked, now.data, sent.form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return go(f"{asked.base}/categories/{now.data['id']}?done={'saved' if sent.told else 'unchanged'}", *SAFE)


@pages.post(HERE + "/{category}/delete")
async def delete(asked: Asked) -> Reply:
    """Deletes a category with all below it, where no product would be left without one."""
    now = await api.read(asked, _path(asked))
    told = await api.ask(asked, "DELETE", _path(asked))
    if told.refused:
        form = forms.opened(await groups(asked, now.data["id"]), now.data)
        forms.complain(form, told)
        return _one(asked, now.data, form, HTTPStatus(told.status))
    return go(f"{asked.base}/categories?done=deleted", *SAFE)


@pages.post(HERE + "/{category}/image", files=True)
async def image(asked: Asked) -> Reply:
    """Puts a picture in the place of the one before."""
    return await put_image(asked, _path(asked), f"{asked.base}/categories/{asked.ids['category']}")


@pages.post(HERE + "/{category}/image/delete")
async def no_image(asked: Asked) -> Reply:
    """Takes the picture away."""
    return await drop_image(asked, _path(asked), f"{asked.base}/categories/{asked.ids['category']}")
