"""Signing in and out, one-time links, and what owners can change about themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from bodega import passwords
from bodega.access import owners, second_factor, sessions, team
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
    if await second_factor.is_on(request.panel.tx, owner):
        step = await second_factor.await_code(request.panel.tx, owner, request.now)
        return _form(request, "second_step.html", step=step, wanted=wanted, message="")
    await sessions.forgive(request.panel.tx, typed, request.address)
    return await _begin(request, owner, wanted)


@pages.post("/sign-in/code", public=True)
async def second_step(request: PanelRequest) -> Reply:
    """The code of the app, or a recovery code, after the right password."""
    wanted, step = local(request.field("next"), ROOT), request.field("step")
    found = await second_factor.who_waits(request.panel.tx, step, request.now)
    owner = None if found is None else await owners.by_id(request.panel.tx, found)
    if owner is None:
        message = "That took too long. Sign in again."
        return _form(request, "sign_in.html", status=HTTPStatus.FORBIDDEN, wanted=wanted, email="", message=message)
    wait = await sessions.may_try(request.panel.tx, owner.email, request.address, request.now)
    if wait:
        message, status = f"Too many attempts. Try again in {-(-wait // 60)} minutes.", HTTPStatus.TOO_MANY_REQUESTS
        return _form(request, "second_step.html", status=status, step=step, wanted=wanted, message=message)
    if not await second_factor.passes(request.panel.registry, owner, request.field("code"), request.now):
        message = "This code is wrong, or was used already."
        return _form(
            request, "second_step.html", status=HTTPStatus.FORBIDDEN, step=step, wanted=wanted, message=message
        )
    await second_factor.step_taken(request.panel.tx, step)
    await sessions.forgive(request.panel.tx, owner.email, request.address)
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
        hashed = await passwords.hashed(owners.read_password(password), staff=True) if password else ""
    except ValueError as error:
        facts = {"invitation": found, "email": request.field("email")[:255], "message": str(error)}
        return _form(request, "welcome.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, **facts)
    known = await owners.by_email(request.panel.tx, email)
    proof = await _proof(request, found, known, password)
    if not proof.message and known is not None and not found.vouched:
        proof = await _changes_something(request, found, known)
    if proof.message:
        facts = {"invitation": found, "email": email, "message": proof.message}
        return _form(request, "welcome.html", status=proof.status, **facts)
    if await owners.accept(request.panel.tx, token, request.now) is None:
        raise PageError(HTTPStatus.GONE, "This link was already used, or has expired.")
    if known is None and (await owners.known(request.panel.tx, email, hashed, request.now)).password != hashed:
        raise PageError(HTTPStatus.CONFLICT, "Somebody else has just taken this address: ask for another link.")
    kept = hashed if known is not None and not known.password else ""
    owner = await owners.add(request.panel.tx, email, found.store, kept, request.now, found.role)
    if known is not None and await second_factor.is_on(request.panel.tx, owner):
        step = await second_factor.await_code(request.panel.tx, owner, request.now)
        return _form(request, "second_step.html", step=step, wanted=f"{ROOT}/stores/{found.store}", message="")
    return await _begin(request, owner, f"{ROOT}/stores/{found.store}")


class _Proof(NamedTuple):
    """Why somebody is not let in under an address; without a message they are."""

    message: str = ""
    status: HTTPStatus = HTTPStatus.CONFLICT


async def _proof(request: PanelRequest, link: owners.Invitation, known: owners.Owner | None, password: str) -> _Proof:
    """An address in use is proved by its password, by being signed in under it, or, if it has no password, by a link
    that whoever runs the server made for it. The link alone proves nothing: whoever made it has it as well."""
    if known is None or (request.owner is not None and request.owner.id == known.id):
        return _Proof()
    if not known.password:
        if link.vouched and link.email == known.email:
            return _Proof()
        return _Proof("This address is already in use, without a password: sign in under it first, or choose another.")
    wait = await sessions.may_try(request.panel.tx, known.email, request.address, request.now)
    if not wait and await owners.is_password(known, password):
        return _Proof()
    message = "This address is already in use: enter its password, or choose another address."
    return _Proof(message, HTTPStatus.TOO_MANY_REQUESTS if wait else HTTPStatus.CONFLICT)


async def _changes_something(request: PanelRequest, link: owners.Invitation, known: owners.Owner) -> _Proof:
    """Who is in the team already keeps their role, unless the link makes them an owner: they are told so, and the link
    stays good for somebody else."""
    role = await team.role_of(request.panel.tx, known, link.store)
    if not role or (link.role == team.OWNER and role != team.OWNER):
        return _Proof()
    title = team.title_of(role)
    return _Proof(f"You are in this team already, as {title}: the link changes nothing, and was not used up.")


# The owner


@pages.get("/you")
async def you(request: PanelRequest) -> Reply:
    """Password and sessions."""
    return await _you(request)


async def _you(
    request: PanelRequest,
    message: str = "",
    done: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    *,
    secret: str = "",
    codes: list[str] | None = None,
) -> Reply:
    found = await sessions.of_owner(request.panel.tx, request.who.id)
    tx = request.panel.tx
    return show(
        request, "you.html", status=status, found=found, message=message, done=done, codes=codes or [], secret=secret,
        factor=await second_factor.is_on(tx, request.who), left=await second_factor.left(tx, request.who),
        address=second_factor.address_of(request.who.email, secret) if secret else "",
    )  # fmt: skip


async def _is_me(request: PanelRequest) -> Reply | None:
    """The answer to a form whose password is wrong; None if it is right, or there is none yet."""
    wait = await sessions.may_try(request.panel.tx, request.who.email, request.address, request.now)
    if wait:
        return await _you(request, "Too many attempts. Try again later.", status=HTTPStatus.TOO_MANY_REQUESTS)
    if request.who.password and not await owners.is_password(request.who, request.form.get("old", [""])[-1]):
        return await _you(request, "The current password is wrong.", status=HTTPStatus.FORBIDDEN)
    await sessions.forgive(request.panel.tx, request.who.email, request.address)
    return None


@pages.post("/you/second-factor")
async def begin_second_factor(request: PanelRequest) -> Reply:
    """Shows a new secret for the app, after the password."""
    if not request.who.password:
        message = "Choose a password first: a second factor stands beside one."
        return await _you(request, message, status=HTTPStatus.CONFLICT)
    refused = await _is_me(request)
    if refused is not None:
        return refused
    return await _you(request, secret=await second_factor.begin(request.panel.registry, request.who))


@pages.post("/you/second-factor/confirm")
async def confirm_second_factor(request: PanelRequest) -> Reply:
    """Switches it on with the first code, and shows the recovery codes, only this once."""
    code = request.field("code").replace(" ", "")
    codes = await second_factor.confirm(request.panel.registry, request.who, code, request.now)
    if not codes:
        message = "This code is wrong. Look at the clock of the device, and begin again."
        return await _you(request, message, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return await _you(request, codes=codes)


@pages.post("/you/second-factor/off")
async def second_factor_off(request: PanelRequest) -> Reply:
    """Switches it off, after the password."""
    refused = await _is_me(request)
    if refused is not None:
        return refused
    await second_factor.switch_off(request.panel.tx, request.who)
    return go(f"{ROOT}/you?done=off", *SAFE)


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
        hashed = await passwords.hashed(owners.read_password(new), staff=True)
    except ValueError as error:
        return await _you(request, str(error), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    await sessions.forgive(request.panel.tx, request.who.email, request.address)
    await owners.set_password(request.panel.tx, request.who.id, hashed)
    return await _begin(request, request.who, f"{ROOT}/you?done=password")
