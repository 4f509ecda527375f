"""Apps: registered by an owner, installed in the store with one click, opened and removed as documented.

Installing, opening and uninstalling lead the browser to the app's own callbacks. The page that leads there is ours and
goes on by itself: a form that is redirected to another site would be stopped by the content security policy.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from msgspec.structs import replace

from bodega.access import apps, owners
from bodega.access.apps import App, Installation
from bodega.access.owners import Owner
from bodega.panel import permissions
from bodega.panel.environment import part
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go

pages = Pages()

URLS = ("auth_url", "load_url", "uninstall_url", "remove_user_url")
HERE = "/stores/{store}/apps"


async def the_app(request: PanelRequest, *, own: bool = False) -> App:
    """The app in the path, if this owner may see it here; `own`: if they registered it. Raises PageError."""
    app = await apps.find(request.panel.registry, request.ids["app"])
    if app is not None and app.owner != request.who.id:
        installed = await apps.installation(request.panel.tx, app.client_id, request.shop.record.hash)
        app = None if own or installed is None else app
    if app is None:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such app.")
    return app


async def the_installation(request: PanelRequest, app: App) -> Installation:
    """Where the app is installed here. Raises PageError."""
    found = await apps.installation(request.panel.tx, app.client_id, request.shop.record.hash)
    if found is None:
        raise PageError(HTTPStatus.CONFLICT, "The app is not installed in this store.")
    return found


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """This owner's apps, and those installed here."""
    found = await apps.shown_in(request.panel.registry, request.shop.record.hash, request.who.id)
    installed = await apps.installations(request.panel.tx, request.shop.record.hash)
    return show(request, "apps.html", apps=found, installed=installed)


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form."""
    return _form(request, None)


def _form(request: PanelRequest, app: App | None, message: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    typed = {name: request.field(name) if request.form else getattr(app, name, "") for name in ("name", *URLS)}
    granted = permissions.chosen(request.form, "") if request.form else app.scopes if app is not None else frozenset()
    return show(
        request,
        "app_form.html",
        status=status,
        app=app,
        typed=typed,
        message=message,
        **permissions.shown(request.panel.api.routes.values(), granted),
    )


def _read(request: PanelRequest) -> tuple[str, frozenset[str], dict[str, str]]:
    """The form's content. Raises ValueError with a sentence."""
    name = request.field("name")
    if not 1 <= len(name) <= 100 or any(ord(letter) < 32 for letter in name):
        raise ValueError("The name of an app has 1 to 100 characters.")
    urls = {}
    for field in URLS:
        text = request.field(field)
        if text or field == "auth_url":
            urls[field] = apps.read_url(text)
        else:
            urls[field] = ""
    return name, permissions.chosen(request.form, request.field("preset")), urls


@pages.post(HERE)
async def register(request: PanelRequest) -> Reply:
    """Registers an app of this owner."""
    try:
        name, scopes, urls = _read(request)
    except ValueError as error:
        return _form(request, None, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    app = await apps.register(request.panel.registry, request.who.id, name, scopes, urls, request.now)
    return _back(request, app, "registered")


def _back(request: PanelRequest, app: App, done: str) -> Reply:
    return go(f"{request.base}/apps/{part(app.client_id)}?done={done}", *SAFE)


@pages.get(HERE + "/{app}")
async def detail(request: PanelRequest) -> Reply:
    """One app."""
    app = await the_app(request)
    installed = await apps.installation(request.panel.tx, app.client_id, request.shop.record.hash)
    people = await owners.of_store(request.panel.tx, request.shop.record.hash)
    return show(
        request, "app.html", app=app, installed=installed, people=people, own=app.owner == request.who.id,
        origin=request.origin,
    )  # fmt: skip


@pages.get(HERE + "/{app}/edit")
async def edit(request: PanelRequest) -> Reply:
    """The form with what is registered."""
    return _form(request, await the_app(request, own=True))


@pages.post(HERE + "/{app}/edit")
async def change(request: PanelRequest) -> Reply:
    """Saves it. Existing installations keep the scopes they were granted."""
    app = await the_app(request, own=True)
    try:
        name, scopes, urls = _read(request)
    except ValueError as error:
        return _form(request, app, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    await apps.save(request.panel.tx, replace(app, name=name, scopes=scopes, **urls))
    return _back(request, app, "saved")


@pages.post(HERE + "/{app}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes the app, and revokes its accounts in every store."""
    await apps.delete(request.panel.registry, await the_app(request, own=True))
    return go(f"{request.base}/apps?done=deleted", *SAFE)


# Opening the app's own pages


def callback(url: str, **query: str) -> str:
    """A callback with parameters beside its own."""
    return url + ("&" if "?" in url else "?") + urlencode(query)


def onward(request: PanelRequest, app: App, message: str, url: str, **query: str) -> Reply:
    """The page that leads to a callback."""
    return show(request, "onward.html", app=app, message=message, address=callback(url, **query))


async def signed(request: PanelRequest, app: App, user: Owner, found: Installation) -> dict[str, str]:
    """The parameters that tell an app who opens it and in which store, in both forms. Raises NoKey."""
    return _signed(request, app, user, await _installer(request, found))


def _signed(request: PanelRequest, app: App, user: Owner, owner: Owner) -> dict[str, str]:
    store = request.shop.record.hash
    return {
        "signed_payload": apps.signed_payload(app, store, user, owner, request.now),
        "signed_payload_jwt": apps.signed_payload_jwt(app, store, user, owner, request.now),
    }


async def _installer(request: PanelRequest, found: Installation) -> Owner:
    return await owners.by_id(request.panel.tx, found.owner) or request.who


@pages.post(HERE + "/{app}/install")
async def install(request: PanelRequest) -> Reply:
    """Opens the app's auth callback with a code, which the app exchanges at /oauth2/token."""
    app = await the_app(request)
    store = request.shop.record.hash
    code = await apps.grant(request.panel.tx, app, store, request.who.id, request.now)
    scope = " ".join(sorted(app.scopes))
    facts = {"code": code, "scope": scope, "context": f"stores/{store}", "account_uuid": request.who.uuid}
    return onward(request, app, "Installing", app.auth_url, **facts)


@pages.post(HERE + "/{app}/load")
async def load(request: PanelRequest) -> Reply:
    """Opens the app."""
    app = await the_app(request)
    found = await the_installation(request, app)
    if not app.load_url:
        raise PageError(HTTPStatus.CONFLICT, "The app has no load callback.")
    return onward(request, app, "Opening", app.load_url, **await signed(request, app, request.who, found))


@pages.post(HERE + "/{app}/uninstall")
async def uninstall(request: PanelRequest) -> Reply:
    """Revokes the app's account, and notifies the app."""
    app = await the_app(request)
    found = await the_installation(request, app)
    owner = await _installer(request, found)
    await apps.uninstall(request.panel.registry, found)
    if not app.uninstall_url:
        return go(f"{request.base}/apps?done=uninstalled", *SAFE)
    return onward(request, app, "Uninstalling", app.uninstall_url, **_signed(request, app, request.who, owner))


@pages.post(HERE + "/{app}/remove-user")
async def remove_user(request: PanelRequest) -> Reply:
    """Notifies the app that one of the store's users may no longer use it."""
    app = await the_app(request)
    found = await the_installation(request, app)
    people = await owners.of_store(request.panel.tx, request.shop.record.hash)
    user = next((person for person in people if str(person.id) == request.field("user")), None)
    if user is None or not app.remove_user_url:
        raise PageError(HTTPStatus.CONFLICT, "The app has no callback for that, or there is no such user.")
    return onward(
        request,
        app,
        "Removing a user of",
        app.remove_user_url,
        **await signed(request, app, user, found),
    )
