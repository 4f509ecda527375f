"""Apps: registered by an owner, installed in the store with one click, opened and removed as published.

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
from bodega.panel.templates_of import part, show
from bodega.panel.web import SAFE, Asked, Pages, Reply, Turned, go

pages = Pages()

URLS = ("auth_url", "load_url", "uninstall_url", "remove_user_url")
HERE = "/stores/{store}/apps"


async def the_app(asked: Asked, *, own: bool = False) -> App:
    """The app in the path, if this owner may see it here; `own`: if they registered it. Raises Turned."""
    app = await apps.find(asked.house.tx, asked.ids["app"])
    if app is not None and app.owner != asked.who.id:
        installed = await apps.installation(asked.house.tx, app.client_id, asked.shop.record.hash)
        app = None if own or installed is None else app
    if app is None:
        raise Turned(HTTPStatus.NOT_FOUND, "There is no such app.")
    return app


async def the_installation(asked: Asked, app: App) -> Installation:
    """Where the app is installed here. Raises Turned."""
    found = await apps.installation(asked.house.tx, app.client_id, asked.shop.record.hash)
    if found is None:
        raise Turned(HTTPStatus.CONFLICT, "The app is not installed in this store.")
    return found


@pages.get(HERE)
async def listed(asked: Asked) -> Reply:
    """This owner's apps, and those installed here."""
    found = await apps.shown_in(asked.house.tx, asked.shop.record.hash, asked.who.id)
    installed = await apps.installations(asked.house.tx, asked.shop.record.hash)
    return show(asked, "apps.html", apps=found, installed=installed)


@pages.get(HERE + "/new")
async def new(asked: Asked) -> Reply:
    """The form."""
    return _form(asked, None)


def _form(asked: Asked, app: App | None, said: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    typed = {name: asked.field(name) if asked.form else getattr(app, name, "") for name in ("name", *URLS)}
    granted = permissions.chosen(asked.form, "") if asked.form else app.scopes if app is not None else frozenset()
    return show(
        asked,
        "app_form.html",
        status=status,
        app=app,
        typed=typed,
        rows=permissions.matrix(),
        granted=granted,
        said=said,
    )


def _read(asked: Asked) -> tuple[str, frozenset[str], dict[str, str]]:
    """What the form says. Raises ValueError with a sentence."""
    name = asked.field("name")
    if not 1 <= len(name) <= 100 or any(ord(letter) < 32 for letter in name):
        raise ValueError("The name of an app has 1 to 100 characters.")
    urls = {}
    for field in URLS:
        text = asked.field(field)
        if text or field == "auth_url":
            urls[field] = apps.read_url(text)
        else:
            urls[field] = ""
    return name, permissions.chosen(asked.form, asked.field("preset")), urls


@pages.post(HERE)
async def register(asked: Asked) -> Reply:
    """Registers an app of this owner."""
    try:
        name, scopes, urls = _read(asked)
    except ValueError as error:
        return _form(asked, None, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    app = await apps.register(asked.house.tx, asked.who.id, name, scopes, urls, asked.now)
    return _back(asked, app, "registered")


def _back(asked: Asked, app: App, done: str) -> Reply:
    return go(f"{asked.base}/apps/{part(app.client_id)}?done={done}", *SAFE)


@pages.get(HERE + "/{app}")
async def one(asked: Asked) -> Reply:
    """One app."""
    app = await the_app(asked)
    installed = await apps.installation(asked.house.tx, app.client_id, asked.shop.record.hash)
    people = await owners.of_store(asked.house.tx, asked.shop.record.hash)
    return show(
        asked, "app.html", app=app, installed=installed, people=people, own=app.owner == asked.who.id,
        origin=asked.origin,
    )  # fmt: skip


@pages.get(HERE + "/{app}/edit")
async def edit(asked: Asked) -> Reply:
    """The form with what is registered."""
    return _form(asked, await the_app(asked, own=True))


@pages.post(HERE + "/{app}/edit")
async def change(asked: Asked) -> Reply:
    """Saves it. Scopes of installations that exist stay as they were granted."""
    app = await the_app(asked, own=True)
    try:
        name, scopes, urls = _read(asked)
    except ValueError as error:
        return _form(asked, app, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    await apps.save(asked.house.tx, replace(app, name=name, scopes=scopes, **urls))
    return _back(asked, app, "saved")


@pages.post(HERE + "/{app}/delete")
async def delete(asked: Asked) -> Reply:
    """Forgets the app, and revokes its accounts in every store."""
    await apps.delete(asked.house.registry, await the_app(asked, own=True))
    return go(f"{asked.base}/apps?done=deleted", *SAFE)


# What leads to the app's own pages


def _onward(asked: Asked, app: App, said: str, url: str, **query: str) -> Reply:
    address = url + ("&" if "?" in url else "?") + urlencode(query)
    return show(asked, "onward.html", app=app, said=said, address=address)


def _signed(asked: Asked, app: App, user: Owner, owner: Owner) -> dict[str, str]:
    store = asked.shop.record.hash
    return {
        "signed_payload": apps.signed_payload(app, store, user, owner, asked.now),
        "signed_payload_jwt": apps.signed_payload_jwt(app, store, user, owner, asked.now),
    }


async def _installer(asked: Asked, found: Installation) -> Owner:
    return await owners.by_id(asked.house.tx, found.owner) or asked.who


@pages.post(HERE + "/{app}/install")
async def install(asked: Asked) -> Reply:
    """Opens the app's auth callback with a code, which the app exchanges at /oauth2/token."""
    app = await the_app(asked)
    store = asked.shop.record.hash
    code = await apps.grant(asked.house.tx, app, store, asked.who.id, asked.now)
    scope = " ".join(sorted(app.scopes))
    facts = {"code": code, "scope": scope, "context": f"stores/{store}", "account_uuid": asked.who.uuid}
    return _onward(asked, app, "Installing", app.auth_url, **facts)


@pages.post(HERE + "/{app}/load")
async def load(asked: Asked) -> Reply:
    """Opens the app."""
    app = await the_app(asked)
    found = await the_installation(asked, app)
    if not app.load_url:
        raise Turned(HTTPStatus.CONFLICT, "The app has no load callback.")
    return _onward(
        asked, app, "Opening", app.load_url, **_signed(asked, app, asked.who, await _installer(asked, found))
    )


@pages.post(HERE + "/{app}/uninstall")
async def uninstall(asked: Asked) -> Reply:
    """Revokes the app's account, and tells the app."""
    app = await the_app(asked)
    found = await the_installation(asked, app)
    owner = await _installer(asked, found)
    await apps.uninstall(asked.house.registry, found)
    if not app.uninstall_url:
        return go(f"{asked.base}/apps?done=uninstalled", *SAFE)
    return _onward(asked, app, "Uninstalling", app.uninstall_url, **_signed(asked, app, asked.who, owner))


@pages.post(HERE + "/{app}/remove-user")
async def remove_user(asked: Asked) -> Reply:
    """Tells the app that one of the store's people may no longer use it."""
    app = await the_app(asked)
    found = await the_installation(asked, app)
    people = await owners.of_store(asked.house.tx, asked.shop.record.hash)
    user = next((person for person in people if str(person.id) == asked.field("user")), None)
    if user is None or not app.remove_user_url:
        raise Turned(HTTPStatus.CONFLICT, "The app has no callback for that, or there is no such user.")
    return _onward(
        asked,
        app,
        "Removing a user of",
        app.remove_user_url,
        **_signed(asked, app, user, await _installer(asked, found)),
    )
