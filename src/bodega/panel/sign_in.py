"""Signing in and out, one-time links, and what owners can change about themselves."""

from __future__ import annotations

from http import HTTPStatus

from bodega import passwords
from bodega.access import owners, sessions
from bodega.panel import cookies
from bodega.panel.templating import show
from bodega.panel.web import ROOT, SAFE, PageError, Pages, PanelRequest, Reply, go, local
from bodega.storage.registry import new_token
from bodega.storage.text import composed

pages = Pages()


@pages.get("")
async def home(request: PanelRequest) -> Reply:
    """The only store's overview, or the list of stores."""
    stores = request.who.stores
    return go(f"{ROOT}/stores/{stores[0]}" if len(stores) == 1 else f"{ROOT}/stores", *SAFE)


@pages.get("/stores")
async def stores(request: PanelRequest) -> Reply:
    """All stores of an owner."""
    found = [await request.panel.stores.get(name) for name in request.who.stores]
    return show(request, "stores.html", stores=[store for store in found if store is not None])


def _form(request: PanelRequest, template: str, *, status: HTTPStatus = HTTPStatus.OK, **facts: object) -> Reply:
    """A form for guests: its token is also in a cookie, and both must match."""
    headers = []
    if not request.form_token:
        request.guest = new_token()
        headers.append(cookies.guest(request.secure, request.guest))
    return show(request, template, status=status, headers=headers, **facts)


@pages.get("/sign-in", public=True)
async def sign_in(request: PanelRequest) -> Reply:
    """The form."""
    wanted = local(request.query_value("next"), ROOT)
    if request.owner is not None:
        return go(wanted, *SAFE)
    return _form(request, "sign_in.html", wanted=wanted, email="", message="")


@pages.post("/sign-in", public=True)
async def let_in(request: PanelRequest) -> Reply:
    """The right password begins a session under a new token, whatever the browser sent."""
    wanted = local(request.field("next"), ROOT)
    typed = composed(request.field("email").lower())[:255]
    wait = await sessions.may_try(request.panel.tx, typed, request.address, request.now)
    if wait:
        message = f"Too many attempts. Try again in {-(-wait // 60)} minutes."
        headers = [(b"retry-after", str(wait).encode())]
        return show(
            request, "sign_in.html", status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers, wanted=wanted, email=typed,
            message=message,
        )  # fmt: skip
    owner = await owners.by_email(request.panel.tx, typed)
    password = request.form.get("password", [""])[-1]
    if not await owners.is_password(owner, password) or owner is None:
        message = "The e-mail address or the password is wrong."
        return _form(request, "sign_in.html", status=HTTPStatus.FORBIDDEN, wanted=wanted, email=typed, message=message)
    await sessions.forgive(request.panel.tx, typed, request.address)
    return await _begin(request, owner, wanted)


async def _begin(request: PanelRequest, owner: owners.Owner, path: str) -> Reply:
    if request.session is not None:
        await sessions.end(request.panel.tx, request.session)
    agent = request.headers.get("user-agent", "")
    token = await sessions.begin(request.panel.tx, owner.id, agent, request.now)
    return go(path, cookies.session(request.secure, token), cookies.guest(request.secure, ""), *SAFE)


@pages.post("/sign-out")
async def sign_out(request: PanelRequest) -> Reply:
    """Ends this session."""
    assert request.session is not None
    await sessions.end(request.panel.tx, request.session)
    return go(f"{ROOT}/sign-in", cookies.session(request.secure, ""), *SAFE)


@pages.post("/sign-out-everywhere")
async def sign_out_everywhere(request: PanelRequest) -> Reply:
    """Ends every session of this owner."""
    await sessions.end_all(request.panel.tx, request.who.id)
    return go(f"{ROOT}/sign-in", cookies.session(request.secure, ""), *SAFE)


# One-time links


@pages.get("/welcome/{token}", public=True)
async def welcome(request: PanelRequest) -> Reply:
    """The form behind a link. Viewing it does not use the link up: some programs open every link they see."""
    found = await owners.invitation(request.panel.tx, request.ids["token"], request.now)
    if found is None:
        raise PageError(HTTPStatus.GONE, "This link was already used, or has expired.")
    return _form(request, "welcome.html", invitation=found, email=found.email, message="")


@pages.post("/welcome/{token}", public=True)
async def come_in(request: PanelRequest) -> Reply:
    """Uses the link up: creates the owner, and begins a session. Without a password the link is the only way in."""
    token = request.ids["token"]
    found = await owners.invitation(request.panel.tx, token, request.now)
    if found is None:
        raise PageError(HTTPStatus.GONE, "This link was already used, or has expired.")
    password = request.form.get("password", [""])[-1]
    try:
        email = owners.read_email(request.field("email"))
        hashed = await passwords.hashed(owners.read_password(password)) if password else ""
    except ValueError as error:
        facts = {"invitation": found, "email": request.field("email")[:255], "message": str(error)}
        return _form(request, "welcome.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, **facts)
    known = await owners.by_email(request.panel.tx, email)
    if known is not None and known.password:
        message = "This address is already in use: sign in, or choose another."
        facts = {"invitation": found, "email": email, "message": message}
        return _form(request, "welcome.html", status=HTTPStatus.CONFLICT, **facts)
    if await owners.accept(request.panel.tx, token, request.now) is None:
        raise PageError(HTTPStatus.GONE, "This link was already used, or has expired.")
    owner = await owners.add(request.panel.tx, email, found.store, hashed, request.now)
    return await _begin(request, owner, f"{ROOT}/stores/{found.store}")


# The owner


@pages.get("/you")
async def you(request: PanelRequest) -> Reply:
    """Password and sessions."""
    return await _you(request)


async def _you(request: PanelRequest, message: str = "", done: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    found = await sessions.of_owner(request.panel.tx, request.who.id)
    return show(request, "you.html", status=status, found=found, message=message, done=done)


@pages.post("/you/password")
async def change_password(request: PanelRequest) -> Reply:
    """A new password ends all sessions, and this browser gets a new one."""
    old, new = request.form.get("old", [""])[-1], request.form.get("new", [""])[-1]
    wait = await sessions.may_try(request.panel.tx, request.who.email, request.address, request.now)
    if wait:
        return await _you(request, "Too many attempts. Try again later.", status=HTTPStatus.TOO_MANY_REQUESTS)
    if request.who.password and not await owners.is_password(request.who, old):
        return await _you(request, "The current password is wrong.", status=HTTPStatus.FORBIDDEN)
    try:
        hashed = await passwords.hashed(owners.read_password(new))
    except ValueError as error:
        return await _you(request, str(error), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    await sessions.forgive(request.panel.tx, request.who.email, request.address)
    await owners.set_password(request.panel.tx, request.who.id, hashed)
    return await _begin(request, request.who, f"{ROOT}/you?done=password")
