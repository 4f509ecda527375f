"""Installed apps inside the panel: an app's own page in a frame, told by a signed payload who opened it and where."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from bodega.access import apps
from bodega.access.apps import App, Installation
from bodega.panel.apps import callback, onward, signed
from bodega.panel.templating import show
from bodega.panel.web import PageError, Pages, PanelRequest, Reply, with_frames_of

pages = Pages()

HERE = "/stores/{store}/installed-apps"

SANDBOX = (
    "allow-scripts allow-same-origin allow-forms allow-modals allow-downloads allow-popups"
    " allow-popups-to-escape-sandbox"
)
"""What an app may do in its frame: everything that it needs as a page, and not to replace the panel around it."""

PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Scheme, host and port of a callback, the port left out where it is the scheme's own."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").lower(), parts.port
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + ("" if port in (None, PORTS[parts.scheme]) else f":{port}")


async def _opened(request: PanelRequest) -> tuple[App, Installation]:
    """The app in the path, with its installation here. Raises PageError."""
    app = await apps.find(request.panel.registry, request.ids["app"])
    found = await apps.installation(request.panel.tx, request.ids["app"], request.shop.record.hash)
    if app is None or found is None:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such app in this store; it may have been uninstalled.")
    if not app.load_url:
        raise PageError(HTTPStatus.NOT_FOUND, "This app has no page of its own: it works in the background.")
    return app, found


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """The apps that are installed here."""
    installed = await apps.installations(request.panel.tx, request.shop.record.hash)
    known = await apps.shown_in(request.panel.registry, request.shop.record.hash, request.who.id)
    here = [app for app in known if app.client_id in installed]
    return show(request, "installed_apps.html", apps=here, installed=installed)


@pages.get(HERE + "/{app}")
async def frame(request: PanelRequest) -> Reply:
    """The app's page in a frame, or why it can only be shown in a window."""
    app, found = await _opened(request)
    unframed = _why_not_framed(request, app.load_url)
    if unframed:
        return show(request, "installed_app.html", app=app, unframed=unframed)
    address = callback(app.load_url, **await signed(request, app, request.who, found))
    page = show(request, "installed_app.html", app=app, unframed="", address=address, sandbox=SANDBOX)
    return with_frames_of(page, origin_of(app.load_url))


def _why_not_framed(request: PanelRequest, url: str) -> str:
    """Why a frame would not be shown, or not keep the app and the panel apart; empty if it does."""
    parts = urlsplit(url)
    if origin_of(url) == origin_of(request.origin):
        return "It is on the panel's own address: in a frame it could do whatever you can."
    if ":" in (parts.hostname or ""):
        return "Its address is an IPv6 number, which the policy of a page cannot name. Give it a name, as localhost."
    if request.secure and parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1"):
        return "It is reached without HTTPS, so browsers do not show it within this page."
    return ""


@pages.get(HERE + "/{app}/window")
async def window(request: PanelRequest) -> Reply:
    """Leads to the app's page in a window of its own."""
    app, found = await _opened(request)
    return onward(request, app, "Opening", app.load_url, **await signed(request, app, request.who, found))
