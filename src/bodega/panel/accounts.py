"""API accounts: create, show, change, revoke. A secret is shown once, on the page that created it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from bodega.access.accounts import add_account
from bodega.access.plans import DEFAULT, NO_HOUR, PLANS
from bodega.panel import permissions
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.storage import query
from bodega.storage.registry import Account, new_token

pages = Pages()

MAX_REQUESTS = 2_000_000_000
HERE = "/stores/{store}/accounts"


async def last_used(request: PanelRequest) -> dict[str, int]:
    """When the store's accounts were last used: what the registry has, and what is still to be written there."""
    sql = (
        "SELECT u.client_id, u.used FROM account_uses u JOIN accounts a ON a.client_id = u.client_id WHERE a.store = $1"
    )
    known = await query.pairs(request.panel.tx, sql, request.shop.record.hash)
    for client, at in request.panel.journal_sync.last_used().items():
        known[client] = max(at, known.get(client, 0))
    return known


async def the_account(request: PanelRequest) -> Account:
    """The account in the path, as the registry has it now. Raises PageError."""
    for account in await request.panel.registry.accounts(request.shop.record.hash):
        if account.client_id == request.ids["client"]:
            return account
    raise PageError(HTTPStatus.NOT_FOUND, "There is no such account; it may have been revoked.")


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """All accounts."""
    accounts = await request.panel.registry.accounts(request.shop.record.hash)
    return show(request, "accounts.html", accounts=accounts, used=await last_used(request))


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form."""
    return _form(request)


def _form(request: PanelRequest, message: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    plan = PLANS.get(request.shop.record.plan, PLANS[DEFAULT])
    granted = permissions.chosen(request.form, "")
    return show(
        request,
        "account_new.html",
        status=status,
        plan=plan,
        message=message,
        **permissions.shown(request.panel.api.routes.values(), granted),
    )


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates an account and shows its secrets, only this once."""
    try:
        name = _name(request.field("name"))
        quota = _quota(request.field("quota"))
    except ValueError as error:
        return _form(request, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    basic = request.field("kind") == "basic"
    token = new_token()
    account = await add_account(
        request.panel.registry, request.shop.record, name, token,
        permissions.chosen(request.form, request.field("preset")),
        basic=basic, per_hour=quota if basic else None, per_window=None if basic else quota,
    )  # fmt: skip
    return show(request, "account_made.html", account=account, token=token, origin=request.origin)


@pages.get(HERE + "/{client}")
async def detail(request: PanelRequest) -> Reply:
    """One account, with its matrix; `missing` names a scope that a request would have needed."""
    return await _one(request, await the_account(request))


async def _one(request: PanelRequest, account: Account, message: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    used = (await last_used(request)).get(account.client_id)
    wanted = permissions.row_of(request.query_value("missing"))
    shown = permissions.shown(request.panel.api.routes.values(), account.scopes)
    facts: dict[str, Any] = {"account": account, "used": used, **shown}
    return show(
        request,
        "account.html",
        status=status,
        message=message,
        wanted=wanted,
        missing=request.query_value("missing"),
        **facts,
    )


@pages.post(HERE + "/{client}")
async def change(request: PanelRequest) -> Reply:
    """Saves permissions and quota. A new quota starts a new count."""
    account = await the_account(request)
    try:
        quota = _quota(request.field("quota"))
        hour = _quota(request.field("hour"))
    except ValueError as error:
        return await _one(request, account, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    field = "per_hour" if account.kind == "basic" else "per_window"
    changed = replace(account, scopes=permissions.chosen(request.form, request.field("preset")))
    quotas = {} if quota is None else {field: quota}
    if account.kind != "basic" and "hour" in request.form:
        quotas["per_hour"] = NO_HOUR if hour is None else hour
    if any(getattr(account, name) != number for name, number in quotas.items()):
        changed = replace(changed, **quotas, quota_epoch=account.quota_epoch + 1)
    await request.panel.registry.save_account(changed)
    return _back(request, account, "saved")


@pages.post(HERE + "/{client}/disabled")
async def disable(request: PanelRequest) -> Reply:
    """Disables the account, or enables it again."""
    account = await the_account(request)
    disabled = request.field("disabled") == "yes"
    await request.panel.registry.save_account(replace(account, disabled=disabled))
    return _back(request, account, "disabled" if disabled else "enabled")


@pages.post(HERE + "/{client}/revoke")
async def revoke(request: PanelRequest) -> Reply:
    """Revokes the credentials for good."""
    account = await the_account(request)
    await request.panel.registry.drop_account(request.shop.record.hash, account.client_id)
    return go(f"{request.base}/accounts?done=revoked", *SAFE)


def _back(request: PanelRequest, account: Account, done: str) -> Reply:
    from bodega.panel.environment import part

    return go(f"{request.base}/accounts/{part(account.client_id)}?done={done}", *SAFE)


def _name(text: str) -> str:
    if not 1 <= len(text) <= 100 or any(ord(letter) < 32 for letter in text):
        raise ValueError("The name of an account has 1 to 100 characters.")
    return text


def _quota(text: str) -> int | None:
    """A number of requests; None where the field was left empty."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text[:12]) > MAX_REQUESTS:
        raise ValueError("A quota is a whole number of requests.")
    return int(text[:12])
