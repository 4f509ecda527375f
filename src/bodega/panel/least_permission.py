"""Least permission: the scopes that each account used, those it has in vain, and the account set to the least."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import NamedTuple

from msgspec.structs import replace

from bodega.access.scopes import DEFAULT, READERS
from bodega.lab.report.calls import Run
from bodega.lab.report.permissions import Permission, permissions
from bodega.panel.accounts import the_account
from bodega.panel.environment import part
from bodega.panel.permissions import effective, row_of
from bodega.panel.runs import MOST, PERIODS, Period, period_of, recorded_run
from bodega.panel.sent_form import compared
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.storage.registry import Account

pages = Pages()

HERE = "/stores/{store}/permissions"
ONE = HERE + "/{client}"


class Use(NamedTuple):
    """What an account used of what it may. `kept` are the least scopes with which all passes that passed; `lessened`
    are those of which reading is enough; `unused` were not needed; `lacking` were asked for and refused."""

    permission: Permission
    kept: list[str]
    lessened: list[str]
    unused: list[str]
    lacking: list[str]

    @property
    def changes(self) -> bool:
        """Whether the least is less than what there is."""
        return bool(self.lessened or self.unused)


def use_of(account: Account, found: Permission) -> Use:
    """What the requests say of an account's scopes."""
    kept = set(found.least)
    beyond = sorted(account.scopes - kept - {DEFAULT})
    lessened = [scope for scope in beyond if READERS.get(scope) in kept and READERS[scope] not in account.scopes]
    lacking = [scope for scope in found.scopes if scope not in effective(account.scopes)]
    return Use(found, sorted(kept), lessened, [scope for scope in beyond if scope not in lessened], lacking)


async def _use(request: PanelRequest, account: Account) -> tuple[Use | None, Run]:
    """What the account used; None where it asked for nothing."""
    run = await recorded_run(request, account.client_id, period_of(request), bodies=False)
    return next((use_of(account, one) for one in permissions(run) if one.client_id == account.client_id), None), run


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """All accounts, with how many of their scopes they used."""
    period = period_of(request)
    run = await recorded_run(request, "", period, bodies=False)
    accounts = await request.panel.registry.accounts(request.shop.record.hash)
    found = {one.client_id: one for one in permissions(run)}
    uses = {one.client_id: use_of(one, found[one.client_id]) for one in accounts if one.client_id in found}
    return show(
        request, "permissions.html", accounts=accounts, uses=uses, requests=len(run.calls), most=MOST,
        period=period, periods=PERIODS,
    )  # fmt: skip


@pages.get(ONE)
async def detail(request: PanelRequest) -> Reply:
    """The scopes of one account, each with a request that needs it."""
    account = await the_account(request)
    use, run = await _use(request, account)
    period = period_of(request)
    return show(
        request, "permissions_account.html", account=account, use=use, requests=len(run.calls), most=MOST,
        oldest=run.calls[0].exchange.at if run.calls else None, period=period, periods=PERIODS, row_of=row_of,
    )  # fmt: skip


# Set to the least


@pages.get(ONE + "/least")
async def ask(request: PanelRequest) -> Reply:
    """What would be taken from the account, before it is."""
    return await _ask(request, await the_account(request))


async def _ask(request: PanelRequest, account: Account, message: str = "") -> Reply:
    use, run = await _use(request, account)
    return show(
        request, "permissions_least.html", status=HTTPStatus.CONFLICT if message else HTTPStatus.OK, account=account,
        use=use, requests=len(run.calls), most=MOST, message=message, period=period_of(request),
        oldest=run.calls[0].exchange.at if run.calls else None, was=_was(account),
    )  # fmt: skip


def _was(account: Account) -> str:
    """What the form was opened with."""
    return json.dumps({"scopes": ", ".join(sorted(account.scopes))})


@pages.post(ONE + "/least")
async def set_to_least(request: PanelRequest) -> Reply:
    """Takes from the account what was shown, if it is still what there is to take."""
    account = await the_account(request)
    if request.field("was") != _was(account):
        return await _ask(request, account, "Somebody changed the account meanwhile. This is what there is now.")
    wanted = frozenset(request.field("scopes").split(", ")) - {""}
    if not wanted or not wanted <= set(effective(account.scopes)):
        return await _ask(request, account, "An account can only be set to a part of what it has.")
    compared(request.form, "scopes", ", ".join(sorted(account.scopes)), ", ".join(sorted(wanted)))
    await request.panel.registry.save_account(replace(account, scopes=wanted))
    return _back(request, account, period_of(request))


def _back(request: PanelRequest, account: Account, period: Period) -> Reply:
    query = f"&{period.query}" if period.query else ""
    return go(f"{request.base}/permissions/{part(account.client_id)}?done=least{query}", *SAFE)
