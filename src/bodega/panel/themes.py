"""Themes: what there is, an upload, and which of them a channel shows."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.http.internal_api import ApiReply
from bodega.panel import api
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go

pages = Pages()

HERE = "/stores/{store}/themes"
THEMES = "/v3/themes"
STOREFRONTS = {"type:in": "storefront", "limit": 250}


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """The themes, with what each channel shows."""
    job = request.query_value("job")
    found = await api.send_request(request, "GET", f"{THEMES}/jobs/{job}") if job.isalnum() else None
    themes = (await api.read(request, THEMES, limit=250)).data  # after the job: what it made is among them
    channels = [one for one in (await api.read(request, "/v3/channels", **STOREFRONTS)).data if _is_themed(one)]
    shown = {one["id"]: (await api.read(request, f"/v3/channels/{one['id']}/active-theme")).data for one in channels}
    return show(
        request, "themes.html", themes=themes, channels=channels,
        at={theme["uuid"]: [one["name"] for one in channels if shown[one["id"]]["active_theme_uuid"] == theme["uuid"]]
            for theme in themes},
        job=found.data if found is not None and not found.refused else None,
    )  # fmt: skip


def _is_themed(channel: dict[str, Any]) -> bool:
    return bool(channel["type"] == "storefront" and channel["platform"] == "bigcommerce")


def _back(request: PanelRequest, reply: ApiReply, done: str) -> Reply:
    if reply.refused:
        raise PageError(HTTPStatus(reply.status), sentence_of(reply))
    return go(f"{request.base}/themes?{done}", *SAFE)


@pages.post(HERE, files=True)
async def upload(request: PanelRequest) -> Reply:
    """Sends a zip file; the page then shows its job."""
    file = request.files.get("file")
    if file is None:
        raise PageError(HTTPStatus.UNPROCESSABLE_ENTITY, "No file was chosen. Go back and choose one.")
    reply = await api.upload(request, THEMES, "file", file)
    return _back(request, reply, "" if reply.refused else f"job={reply.data['job_id']}")


@pages.post(HERE + "/activate")
async def activate(request: PanelRequest) -> Reply:
    """Has a channel show a variation."""
    body = {"variation_id": request.field("variation_id"), "which": "last_activated"}
    channel = api.number(request.field("channel_id"))
    reply = await api.send_request(request, "POST", f"{THEMES}/actions/activate", body, channel_id=channel)
    return _back(request, reply, "done=activated")


@pages.post(HERE + "/{theme}/download")
async def download(request: PanelRequest) -> Reply:
    """Has a link made; the page then shows it."""
    path = f"{THEMES}/{request.ids['theme']}/actions/download"
    reply = await api.send_request(request, "POST", path, {"which": "last_activated"})
    return _back(request, reply, "" if reply.refused else f"job={reply.data['job_id']}")


@pages.post(HERE + "/{theme}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a theme with its variations."""
    return _back(request, await api.send_request(request, "DELETE", f"{THEMES}/{request.ids['theme']}"), "done=deleted")
