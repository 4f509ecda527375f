"""The one image of a category or a brand: add and remove."""

from __future__ import annotations

from http import HTTPStatus

from bodega.http.internal_api import ApiReply
from bodega.panel import api
from bodega.panel.sentences import sentence_of
from bodega.panel.web import SAFE, PageError, PanelRequest, Reply, go


async def put_image(request: PanelRequest, path: str, back: str) -> Reply:
    """Sends the uploaded file to the API; `back` is the page of the form. Raises PageError."""
    file = request.files.get("image_file")
    if file is None:
        raise PageError(HTTPStatus.UNPROCESSABLE_ENTITY, "No file was chosen. Go back and choose one.")
    return _back(await api.upload(request, f"{path}/image", "image_file", file), back)


async def drop_image(request: PanelRequest, path: str, back: str) -> Reply:
    """Has the API remove the image. Raises PageError."""
    return _back(await api.send_request(request, "DELETE", f"{path}/image"), back)


def _back(reply: ApiReply, back: str) -> Reply:
    if reply.refused:
        raise PageError(HTTPStatus(reply.status), sentence_of(reply))
    return go(f"{back}?done=saved", *SAFE)
