"""What belongs to a product: its images, custom fields, bulk prices, videos."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from bodega.http.internal_api import ApiReply
from bodega.kit.upload import Upload
from bodega.panel import api, forms
from bodega.panel.catalogue import PRODUCTS
from bodega.panel.fields import Choices, fields_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.products import HERE
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.resources.catalog.bulk_pricing import BulkPricingRule
from bodega.resources.catalog.custom_fields import CustomField
from bodega.resources.catalog.images import Image
from bodega.resources.catalog.videos import Video

pages = Pages()

ONE = HERE + "/{product}"
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


async def product_of(
    request: PanelRequest, columns: str = "name,is_visible,sku,price,base_variant_id"
) -> dict[str, Any]:
    """The product in the path, as far as these pages show it. Raises PageError."""
    path = f"{PRODUCTS}/{api.number(request.ids['product'])}"
    found: dict[str, Any] = (await api.read(request, path, include_fields=columns)).data
    return found


# Images

IMAGE = [FieldGroup("", fields_of(Image, "description sort_order is_thumbnail",
                             titles={"is_thumbnail": "Shown in lists", "sort_order": "Place"}))]  # fmt: skip


def _images(request: PanelRequest) -> str:
    return f"{PRODUCTS}/{api.number(request.ids['product'])}/images"


@pages.get(ONE + "/images")
async def images(request: PanelRequest) -> Reply:
    """All images."""
    return await _show_images(request)


async def _show_images(request: PanelRequest, failed: ApiReply | None = None, form: Form | None = None) -> Reply:
    product = await product_of(request)
    found = await api.whole(request, _images(request))
    shown = [(image, forms.opened(IMAGE, image, f"i{image['id']}.")) for image in found]
    if form is not None:
        shown = [(image, form if item.before == form.before else item) for image, item in shown]
    status = UNPROCESSABLE if failed or form else HTTPStatus.OK
    message = sentence_of(failed) if failed else ""
    return show(
        request, "product_images.html", status=status, product=product, images=shown, message=message, tab="images"
    )


@pages.post(ONE + "/images", files=True)
async def add_image(request: PanelRequest) -> Reply:
    """Adds an image: a file, or one that the server fetches."""
    file = request.files.get("image_file")
    url, description = request.field("image_url"), request.field("description")
    more = {"description": description} if description else {}
    if isinstance(file, Upload):
        reply = await api.upload(request, _images(request), "image_file", file, **more)
    else:
        reply = await api.send_request(
            request, "POST", _images(request), {**more, **({"image_url": url} if url else {})}
        )
    if reply.refused:
        return await _show_images(request, reply)
    return _back(request, "images", "added")


@pages.post(ONE + "/images/{image}")
async def change_image(request: PanelRequest) -> Reply:
    """Saves the description and order of an image."""
    path = f"{_images(request)}/{api.number(request.ids['image'])}"
    now = await api.read(request, path)
    sent = await forms.send(request, IMAGE, path, now.data, etag=now.etag, before=f"i{request.ids['image']}.")
    if not sent.saved:
        return await _show_images(request, form=sent.form)
    return _back(request, "images", "saved")


@pages.post(ONE + "/images/{image}/delete")
async def delete_image(request: PanelRequest) -> Reply:
    """Deletes an image."""
    reply = await api.send_request(request, "DELETE", f"{_images(request)}/{api.number(request.ids['image'])}")
    return await _show_images(request, reply) if reply.refused else _back(request, "images", "deleted")


def _back(request: PanelRequest, tab: str, done: str) -> Reply:
    return go(f"{request.base}/products/{request.ids['product']}/{tab}?done={done}", *SAFE)


# Rows with a few fields


class ProductPart(NamedTuple):
    """Rows of one kind: the API's name for them, their title, their fields."""

    word: str
    title: str
    lead: str
    groups: list[FieldGroup]


def _part(
    word: str, title: str, lead: str, entity: type[msgspec.Struct], names: str, required: str,
    choices: dict[str, Choices] | None = None, titles: dict[str, str] | None = None,
) -> ProductPart:  # fmt: skip
    made = fields_of(entity, names, required=required, choices=choices, titles=titles)
    return ProductPart(
        word,
        title,
        lead,
        [
            FieldGroup(
                "", [field._replace(wide=False, kind="text" if field.kind == "long" else field.kind) for field in made]
            )
        ],
    )


PARTS = {
    part.word: part
    for part in (
        _part("custom-fields", "Custom fields", "Additional facts for shoppers: material, care, year.",
              CustomField, "name value", "name value"),
        _part("bulk-pricing-rules", "Prices by quantity", "The price when many are bought. 0 means no limit.",
              BulkPricingRule, "quantity_min quantity_max type amount", "quantity_min quantity_max type amount",
              {"type": (("price", "so much off each"), ("percent", "per cent off"), ("fixed", "price of each"))},
              {"quantity_min": "From", "quantity_max": "To", "type": "Gives"}),
        _part("videos", "Videos", "Shown beside the images: the id is the last part of the YouTube address.",
              Video, "video_id title description sort_order", "video_id", titles={"video_id": "YouTube id"}),
    )
}  # fmt: skip


@pages.get(ONE + "/parts")
async def parts(request: PanelRequest) -> Reply:
    """All rows of all kinds."""
    return await _show_parts(request)


async def _show_parts(request: PanelRequest, word: str = "", form: Form | None = None) -> Reply:
    product = await product_of(request)
    kinds = []
    for part in PARTS.values():
        rows = await api.whole(request, f"{PRODUCTS}/{product['id']}/{part.word}")
        lines = [(row["id"], forms.opened(part.groups, row, f"r{row['id']}.")) for row in rows]
        new = forms.opened(part.groups, before="new.")
        if form is not None and part.word == word:
            lines = [(key, form if line.before == form.before else line) for key, line in lines]
            new = form if form.before == "new." else new
        kinds.append((part, lines, new))
    status = UNPROCESSABLE if form else HTTPStatus.OK
    return show(request, "product_parts.html", status=status, product=product, kinds=kinds, tab="parts")


def _kind(request: PanelRequest) -> tuple[ProductPart, str]:
    part = PARTS.get(request.ids["kind"])
    if part is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return part, f"{PRODUCTS}/{api.number(request.ids['product'])}/{part.word}"


@pages.post(ONE + "/parts/{kind}")
async def add_part(request: PanelRequest) -> Reply:
    """Adds a row."""
    part, path = _kind(request)
    sent = await forms.send(request, part.groups, path, before="new.")
    return _back(request, "parts", "added") if sent.saved else await _show_parts(request, part.word, sent.form)


@pages.post(ONE + "/parts/{kind}/{row}")
async def change_part(request: PanelRequest) -> Reply:
    """Saves a row."""
    part, path = _kind(request)
    path = f"{path}/{api.number(request.ids['row'])}"
    now = await api.read(request, path)
    sent = await forms.send(request, part.groups, path, now.data, etag=now.etag, before=f"r{request.ids['row']}.")
    return _back(request, "parts", "saved") if sent.saved else await _show_parts(request, part.word, sent.form)


@pages.post(ONE + "/parts/{kind}/{row}/delete")
async def delete_part(request: PanelRequest) -> Reply:
    """Deletes a row."""
    _, path = _kind(request)
    reply = await api.send_request(request, "DELETE", f"{path}/{api.number(request.ids['row'])}")
    if reply.refused:
        raise PageError(HTTPStatus(reply.status), sentence_of(reply))
    return _back(request, "parts", "deleted")
