"""What hangs on a product: its images, custom fields, prices by quantity, videos."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from bodega.kit.upload import Upload
from bodega.panel import api, forms
from bodega.panel.catalogue import PRODUCTS
from bodega.panel.fields import Choices, fields_of
from bodega.panel.forms import Form, Group
from bodega.panel.products import HERE
from bodega.panel.templates_of import show
from bodega.panel.web import SAFE, Asked, Pages, Reply, Turned, go
from bodega.resources.catalog.bulk_pricing import BulkPricingRule
from bodega.resources.catalog.custom_fields import CustomField
from bodega.resources.catalog.images import Image
from bodega.resources.catalog.videos import Video

pages = Pages()

ONE = HERE + "/{product}"
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


async def product_of(asked: Asked, columns: str = "name,is_visible,sku,price,base_variant_id") -> dict[str, Any]:
    """The product in the path, as far as its pages show it. Raises Turned."""
    path = f"{PRODUCTS}/{api.number(asked.ids['product'])}"
    found: dict[str, Any] = (await api.read(asked, path, include_fields=columns)).data
    return found


# Images

IMAGE = [Group("", fields_of(Image, "description sort_order is_thumbnail",
                             titles={"is_thumbnail": "Shown in lists", "sort_order": "Place"}))]  # fmt: skip


def _images(asked: Asked) -> str:
    return f"{PRODUCTS}/{api.number(asked.ids['product'])}/images"


@pages.get(ONE + "/images")
async def images(asked: Asked) -> Reply:
    """All images."""
    return await _show_images(asked)


async def _show_images(asked: Asked, failed: api.Told | None = None, form: Form | None = None) -> Reply:
    product = await product_of(asked)
    found = await api.whole(asked, _images(asked))
    shown = [(image, forms.opened(IMAGE, image, f"i{image['id']}.")) for image in found]
    if form is not None:
        shown = [(image, form if one.before == form.before else one) for image, one in shown]
    status = UNPROCESSABLE if failed or form else HTTPStatus.OK
    said = " ".join(failed.errors.values()) or failed.title if failed else ""
    return show(asked, "product_images.html", status=status, product=product, images=shown, said=said, tab="images")


@pages.post(ONE + "/images", files=True)
async def add_image(asked: Asked) -> Reply:
    """Adds an image: a file, or one that the server fetches."""
    file = asked.files.get("image_file")
    url, description = asked.field("image_url"), asked.field("description")
    more = {"description": description} if description else {}
    if isinstance(file, Upload):
        told = await api.upload(asked, _images(asked), "image_file", file, **more)
    else:
        told = await api.ask(asked, "POST", _images(asked), {**more, **({"image_url": url} if url else {})})
    if told.refused:
        return await _show_images(asked, told)
    return _back(asked, "images", "added")


@pages.post(ONE + "/images/{image}")
async def change_image(asked: Asked) -> Reply:
    """Saves what is told of an image."""
    path = f"{_images(asked)}/{api.number(asked.ids['image'])}"
    now = await api.read(asked, path)
    sent = await forms.send(asked, IMAGE, path, now.data, etag=now.etag, before=f"i{asked.ids['image']}.")
    if not sent.saved:
        return await _show_images(asked, form=sent.form)
    return _back(asked, "images", "saved")


@pages.post(ONE + "/images/{image}/delete")
async def delete_image(asked: Asked) -> Reply:
    """Deletes an image."""
    told = await api.ask(asked, "DELETE", f"{_images(asked)}/{api.number(asked.ids['image'])}")
    return await _show_images(asked, told) if told.refused else _back(asked, "images", "deleted")


def _back(asked: Asked, tab: str, done: str) -> Reply:
    return go(f"{asked.base}/products/{asked.ids['product']}/{tab}?done={done}", *SAFE)


# Rows with a few fields


class Part(NamedTuple):
    """Rows of one kind: the API's word for them, what they are called, their fields."""

    word: str
    title: str
    lead: str
    groups: list[Group]


def _part(
    word: str, title: str, lead: str, entity: type[msgspec.Struct], names: str, required: str,
    choices: dict[str, Choices] | None = None, titles: dict[str, str] | None = None,
) -> Part:  # fmt: skip
    made = fields_of(entity, names, required=required, choices=choices, titles=titles)
    return Part(
        word,
        title,
        lead,
        [
            Group(
                "", [field._replace(wide=False, kind="text" if field.kind == "long" else field.kind) for field in made]
            )
        ],
    )


PARTS = {
    part.word: part
    for part in (
        _part("custom-fields", "Custom fields", "What shoppers are told beyond the usual: material, care, year.",
              CustomField, "name value", "name value"),
        _part("bulk-pricing-rules", "Prices by quantity", "What one costs when many are bought. 0 is no bound.",
              BulkPricingRule, "quantity_min quantity_max type amount", "quantity_min quantity_max type amount",
              {"type": (("price", "so much off each"), ("percent", "per cent off"), ("fixed", "price of each"))},
              {"quantity_min": "From", "quantity_max": "To", "type": "Gives"}),
        _part("videos", "Videos", "Shown beside the pictures: the id is the last part of the address at YouTube.",
              Video, "video_id title description sort_order", "video_id", titles={"video_id": "Id at YouTube"}),
    )
}  # fmt: skip


@pages.get(ONE + "/parts")
async def parts(asked: Asked) -> Reply:
    """All rows of all kinds."""
    return await _show_parts(asked)


async def _show_parts(asked: Asked, word: str = "", form: Form | None = None) -> Reply:
    product = await product_of(asked)
    kinds = []
    for part in PARTS.values():
        rows = await api.whole(asked, f"{PRODUCTS}/{product['id']}/{part.word}")
        lines = [(row["id"], forms.opened(part.groups, row, f"r{row['id']}.")) for row in rows]
        new = forms.opened(part.groups, before="new.")
        if form is not None and part.word == word:
            lines = [(key, form if line.before == form.before else line) for key, line in lines]
            new = form if form.before == "new." else new
        kinds.append((part, lines, new))
    status = UNPROCESSABLE if form else HTTPStatus.OK
    return show(asked, "product_parts.html", status=status, product=product, kinds=kinds, tab="parts")


def _kind(asked: Asked) -> tuple[Part, str]:
    part = PARTS.get(asked.ids["kind"])
    if part is None:
        raise Turned(HTTPStatus.NOT_FOUND)
    return part, f"{PRODUCTS}/{api.number(asked.ids['product'])}/{part.word}"


@pages.post(ONE + "/parts/{kind}")
async def add_part(asked: Asked) -> Reply:
    """Adds a row."""
    part, path = _kind(asked)
    sent = await forms.send(asked, part.groups, path, before="new.")
    return _back(asked, "parts", "added") if sent.saved else await _show_parts(asked, part.word, sent.form)


@pages.post(ONE + "/parts/{kind}/{row}")
async def change_part(asked: Asked) -> Reply:
    """Saves a row."""
    part, path = _kind(asked)
    path = f"{path}/{api.number(asked.ids['row'])}"
    now = await api.read(asked, path)
    sent = await forms.send(asked, part.groups, path, now.data, etag=now.etag, before=f"r{asked.ids['row']}.")
    return _back(asked, "parts", "saved") if sent.saved else await _show_parts(asked, part.word, sent.form)


@pages.post(ONE + "/parts/{kind}/{row}/delete")
async def delete_part(asked: Asked) -> Reply:
    """Deletes a row."""
    _, path = _kind(asked)
    told = await api.ask(asked, "DELETE", f"{path}/{api.number(asked.ids['row'])}")
    if told.refused:
        raise Turned(HTTPStatus(told.status), told.title)
    return _back(asked, "parts", "deleted")
