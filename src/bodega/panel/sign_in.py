"""Signing in and out, the link that lets one in once, and what an owner can change of themselves."""

from __future__ import annotations

from http import HTTPStatus

from bodega import passwords
from bodega.access import owners, sessions
from bodega.panel import cookies
from bodega.panel.templates_of import show
from bodega.panel.web import ROOT, SAFE, Asked, Pages, Reply, Turned, go, local
from bodega.storage.registry import new_token

pages = Pages()


@pages.get("")
async def home(asked: Asked) -> Reply:
    """The only store's overview, or the list of stores."""
    stores = asked.who.stores
    return go(f"{ROOT}/stores/{stores[0]}" if len(stores) == 1 else f"{ROOT}/stores", *SAFE)


@pages.get("/stores")
async def stores(asked: Asked) -> Reply:
    """All stores of an owner."""
    found = [await asked.house.stores.get(name) for name in asked.who.stores]
    return show(asked, "stores.html", stores=[store for store in found if store is not None])


def _form(asked: Asked, template: str, *, status: HTTPStatus = HTTPStatus.OK, **facts: object) -> Reply:
    """A form for guests: its token is also kept in a cookie, and both must agree."""
    headers = []
    if not asked.form_token:
        asked.guest = new_token()
        headers.append(cookies.guest(asked.secure, asked.guest))
    return show(asked, template, status=status, headers=headers, **facts)


@pages.get("/sign-in", public=True)
async def sign_in(asked: Asked) -> Reply:
    """The form."""
    wanted = local(asked.asked_for("next"), ROOT)
    if asked.owner is not None:
        return go(wanted, *SAFE)
    return _form(asked, "sign_in.html", wanted=wanted, email="", said="")


@pages.post("/sign-in", public=True)
async def let_in(asked: Asked) -> Reply:
    """A right password begins a session under a new token, whatever the browser brought."""
    wanted = local(asked.field("next"), ROOT)
    typed = asked.field("email").lower()[:255]
    wait = await sessions.may_try(asked.house.tx, typed, asked.address, asked.now)
    if wait:
        said = f"Too many attempts. Try again in {-(-wait // 60)} minutes."
        headers = [(b"retry-after", str(wait).encode())]
        return show(
            asked, "sign_in.html", status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers, wanted=wanted, email=typed,
            said=said,
        )  # fmt: skip
    owner = await owners.by_email(asked.house.tx, typed)
    password = asked.form.get("password", [""])[-1]
    if not await owners.is_password(owner, password) or owner is None:
        said = "The e-mail address or the password is not right."
        return _form(asked, "sign_in.html", status=HTTPStatus.FORBIDDEN, wanted=wanted, email=typed, said=said)
    await sessions.forgive(asked.house.tx, typed, asked.address)
    return await _begin(asked, owner, wanted)


async def _begin(asked: Asked, owner: owners.Owner, path: str) -> Reply:
    if asked.session is not None:
        await sessions.end(asked.house.tx, asked.session)
    agent = asked.headers.get("user-agent", "")
    token = await sessions.begin(asked.house.tx, owner.id, agent, asked.now)
    return go(path, cookies.session(asked.secure, token), cookies.guest(asked.secure, ""), *SAFE)


@pages.post("/sign-out")
async def sign_out(asked: Asked) -> Reply:
    """Ends this session."""
    assert asked.session is not None
    await sessions.end(asked.house.tx, asked.session)
    return go(f"{ROOT}/sign-in", cookies.session(asked.secure, ""), *SAFE)


@pages.post("/sign-out-everywhere")
async def sign_out_everywhere(asked: Asked) -> Reply:
    """Ends every session of this owner."""
    await sessions.end_all(asked.house.tx, asked.who.id)
    return go(f"{ROOT}/sign-in", cookies.session(asked.secure, ""), *SAFE)


# The link that lets one in once


@pages.get("/welcome/{token}", public=True)
async def welcome(asked: Asked) -> Reply:
    """The form behind a link. Looking at it does not use the link up: some programs look at every link they see."""
    found = await owners.invitation(asked.house.tx, asked.ids["token"], asked.now)
    if found is None:
        raise Turned(HTTPStatus.GONE, "This link was used already, or it is too old.")
    return _form(asked, "welcome.html", invitation=found, email=found.email, said="")


@pages.post("/welcome/{token}", public=True)
async def come_in(asked: Asked) -> Reply:
    """Uses the link up: makes the owner, and begins a session. Without a password the link is the only way in."""
    token = asked.ids["token"]
    found = await owners.invitation(asked.house.tx, token, asked.now)
    if found is None:
        raise Turned(HTTPStatus.GONE, "This link was used already, or it is too old.")
    password = asked.form.get("password", [""])[-1]
    try:
        email = owners.read_email(asked.field("email"))
        hashed = await passwords.hashed(owners.read_password(password)) if password else ""
    except ValueError as error:
        facts = {"invitation": found, "email": asked.field("email")[:255], "said": str(error)}
        return _form(asked, "welcome.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, **facts)
    known = await owners.by_email(asked.house.tx, email)
    if known is not None and known.password:
        said = "Somebody has this address already: sign in, or choose another."
        facts = {"invitation": found, "email": email, "said": said}
        return _form(asked, "welcome.html", status=HTTPStatus.CONFLICT, **facts)
    if await owners.accept(asked.house.tx, token, asked.now) is None:
        raise Turned(HTTPStatus.GONE, "This link was used already, or it is too old.")
    owner = await owners.add(asked.house.tx, email, found.store, hashed, asked.now)
    return await _begin(asked, owner, f"{ROOT}/stores/{found.store}")


# Oneself


@pages.get("/you")
async def you(asked: Asked) -> Reply:
    """Password and sessions."""
    return await _you(asked)


async def _you(asked: Asked, said: str = "", done: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    found = await sessions.of_owner(asked.house.tx, asked.who.id)
    return show(asked, "you.html", status=status, found=found, said=said, done=done)


@pages.post("/you/password")
async def change_password(asked: Asked) -> Reply:
    """A new password ends all sessions, and this browser gets a new one."""
    old, new = asked.form.get("old", [""])[-1], asked.form.get("new", [""])[-1]
    wait = await sessions.may_try(asked.house.tx, asked.who.email, asked.address, asked.now)
    if wait:
        return await _you(asked, "Too many attempts. Try again later.", status=HTTPStatus.TOO_MANY_REQUESTS)
    if asked.who.password and not await owners.is_password(asked.who, old):
        return await _you(asked, "The present password is not right.", status=HTTPStatus.FORBIDDEN)
    try:
        hashed = await passwords.hashed(owners.read_password(new))
    except ValueError as error:
        return await _you(asked, str(error), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    await sessions.forgive(asked.house.tx, asked.who.email, asked.address)
    await owners.set_password(asked.house.tx, asked.who.id, hashed)
    return await _begin(asked, asked.who, f"{ROOT}/you?done=password")
