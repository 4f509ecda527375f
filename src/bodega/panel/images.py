"""The one image of a category or a brand: put there, and taken away."""

from __future__ import annotations

from http import HTTPStatus

from bodega.panel import api
from bodega.panel.web import SAFE, PanelRequest, Reply, Turned, go


async def put_image(request: PanelRequest, path: str, back: str) -> Reply:
    """Sends the uploaded file to the API; `back` is the page of the form. Raises Turned."""
    file = request.files.get("image_file")
    if file is None:
        raise Turned(HTTPStatus.UNPROCESSABLE_ENTITY, "No file was chosen. Go back and choose one.")
    return _told(await api.upload(request, f"{path}/image", "image_file", file), back)


async def drop_image(request: PanelRequest, path: str, back: str) -> Reply:
    """Has the API take the image away. Raises Turned."""
    return _told(await api.send_request(request, "DELETE", f"{path}/image"), back)


def _told(told: api.ApiReply, back: str) -> Reply:
    if told.refused:
        raise Turned(HTTPStatus(told.status), " ".join(told.errors.values()) or told.title)
    return go(f"{back}?done=saved", *SAFE)
