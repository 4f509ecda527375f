"""How a page is made from a template."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.access import team
from bodega.panel.navigation import sections
from bodega.panel.web import SAFE, PanelRequest, Reply
from bodega.panel.zones import show_in, zone_of

_HTML = (b"content-type", b"text/html; charset=utf-8")
_NO_STORE = (b"cache-control", b"no-store")


def show(
    request: PanelRequest,
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: list[tuple[bytes, bytes]] | None = None,
    **facts: Any,
) -> Reply:
    """A page made of a template."""
    store = request.store
    show_in(zone_of(store))
    common = {
        "request": request,
        "owner": request.owner,
        "store": store,
        "base": request.base if store is not None else "",
        "form_token": request.form_token,
        "sections": sections(request) if store is not None else [],
        "now": request.now,
        "sees": lambda path: team.may(request.role, path, changes=False),
    }
    body = request.panel.templates.get_template(template).render(common | facts).encode()
    return Reply(status, [_HTML, _NO_STORE, *SAFE, *(headers or [])], body)
