"""Accounts: made, shown, changed and revoked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Annotated

import msgspec
from msgspec.structs import replace

from bodega.access.accounts import new_account
from bodega.access.plans import NO_HOUR, UNLIMITED
from bodega.access.scopes import ALL, SCOPES
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.lab.facts import AccountFacts, account_facts
from bodega.storage.registry import Account, Exists, new_token

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Word = Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,200}$")]
"""What a header can carry."""
Quota = Annotated[int, msgspec.Meta(ge=0, le=UNLIMITED)]


class AccountAsked(Asked):
    """An account to be made. What is not given is made up, scopes are all, and quotas those of the store's plan;
    `unlimited` lifts them. A basic account has a user name, which follows from its name."""

    name: Name = "app"
    client_id: Word | None = None
    client_secret: Word | None = None
    token: Word | None = None
    scopes: list[str] | None = None
    basic: bool = False
    requests_per_hour: Quota | None = None
    requests_per_window: Quota | None = None
    unlimited: bool = False


class AccountMade(msgspec.Struct, frozen=True):
    """The credentials of a new account, and what else is shown of it. The token is not shown again."""

    client_id: str
    client_secret: str
    token: str
    username: str | None
    store: str
    name: str
    kind: str
    scopes: list[str]
    requests_per_hour: int | None
    requests_per_window: int
    disabled: bool
    created: str


class AccountChange(Asked):
    """What is to be changed of an account. `scopes` replace all that it has; a new quota starts a new count. A
    `requests_per_hour` of null leaves an OAuth account only its window."""

    scopes: list[str] | msgspec.UnsetType = msgspec.UNSET
    requests_per_hour: Quota | msgspec.UnsetType | None = msgspec.UNSET
    requests_per_window: Quota | msgspec.UnsetType = msgspec.UNSET
    unlimited: bool = False
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


class ScopesAsked(Asked):
    """Scopes that an account is to have besides, or no longer."""

    scopes: list[str]


async def list_accounts(lab: Lab, store_hash: str) -> list[AccountFacts]:
    """The accounts of a store; tokens are not kept, so they are not shown."""
    await lab.record(store_hash)
    return [account_facts(account) for account in await lab.registry.accounts(store_hash)]


async def create_account(lab: Lab, store_hash: str, body: AccountAsked) -> AccountMade:
    """Make an account, with the token and the client id that are given, or with new ones."""
    record = await lab.record(store_hash)
    taken = [account.username for account in await lab.registry.accounts(store_hash)]
    ((account, token),) = drafts(record.hash, record.plan, int(record.clock.now()), [body], taken)
    try:
        await lab.registry.add_account(account)
    except Exists:
        raise taken_already(account.client_id) from None
    lab.stores.reread()
    return made(account, token)


def drafts(
    store_hash: str, plan: str, now: int, asked: Sequence[AccountAsked], taken: Collection[str] = ()
) -> list[tuple[Account, str]]:
    """New accounts of a store with their tokens, not yet in the registry; `taken` are user names of others. Raises
    Problem."""
    told = []
    names = set(taken)
    for one in asked:
        scopes = ALL if one.scopes is None else read_scopes(one.scopes)
        window, hour = one.requests_per_window, one.requests_per_hour
        if one.unlimited:
            window, hour = UNLIMITED, UNLIMITED if one.basic else NO_HOUR
        token = one.token or new_token()
        account = new_account(
            store_hash, plan, one.name, token, scopes, created=now, basic=one.basic, per_hour=hour, per_window=window,
            client_id=one.client_id or "", secret=one.client_secret or "", taken=names,
        )  # fmt: skip
        names.add(account.username)
        told.append((account, token))
    return told


def made(account: Account, token: str) -> AccountMade:
    """What is told of a new account."""
    return AccountMade(client_secret=account.secret, token=token, **msgspec.structs.asdict(account_facts(account)))


def taken_already(client_id: str) -> Problem:
    """Client ids are unique among all stores."""
    return Problem(409, f"There is an account {client_id} already.", {"client_id": "It is taken."})


async def update_account(lab: Lab, store_hash: str, client_id: str, body: AccountChange) -> AccountFacts:
    """Change an account. A new quota starts a new count."""
    account = await _account(lab, store_hash, client_id)
    changes: dict[str, object] = {}
    if body.scopes is not msgspec.UNSET:
        changes["scopes"] = read_scopes(body.scopes)
    if body.disabled is not msgspec.UNSET:
        changes["disabled"] = body.disabled
    if body.unlimited:
        changes |= {"per_window": UNLIMITED, "per_hour": UNLIMITED if account.kind == "basic" else NO_HOUR}
    if body.requests_per_window is not msgspec.UNSET:
        changes["per_window"] = body.requests_per_window
    if body.requests_per_hour is not msgspec.UNSET:
        if body.requests_per_hour is None and account.kind == "basic":
            told = "Requests an hour are the only quota of a basic account."
            raise Problem(422, "The request is not valid.", {"requests_per_hour": told})
        changes["per_hour"] = NO_HOUR if body.requests_per_hour is None else body.requests_per_hour
    if changes.keys() & {"per_hour", "per_window"}:
        changes["quota_epoch"] = account.quota_epoch + 1
    return await _save(lab, replace(account, **changes))


async def revoke_account(lab: Lab, store_hash: str, client_id: str) -> None:
    """Revoke an account's credentials for good."""
    await _account(lab, store_hash, client_id)
    await lab.registry.drop_account(store_hash, client_id)
    lab.stores.reread()


async def grant_scopes(lab: Lab, store_hash: str, client_id: str, body: ScopesAsked) -> AccountFacts:
    """Give an account scopes beside those that it has."""
    account = await _account(lab, store_hash, client_id)
    return await _save(lab, replace(account, scopes=account.scopes | read_scopes(body.scopes)))


async def revoke_scopes(lab: Lab, store_hash: str, client_id: str, body: ScopesAsked) -> AccountFacts:
    """Take scopes away from an account, and leave it the others."""
    account = await _account(lab, store_hash, client_id)
    taken = read_scopes(body.scopes)
    if lacking := taken - account.scopes:
        raise Problem(409, f"The account does not have {', '.join(sorted(lacking))}.")
    return await _save(lab, replace(account, scopes=account.scopes - taken))


async def _save(lab: Lab, account: Account) -> AccountFacts:
    await lab.registry.save_account(account)
    lab.stores.reread()
    return account_facts(account)


async def _account(lab: Lab, store_hash: str, client_id: str) -> Account:
    await lab.record(store_hash)
    for account in await lab.registry.accounts(store_hash):
        if account.client_id == client_id:
            return account
    raise Problem(404, f"Store {store_hash} has no account {client_id[:100]}.")


def read_scopes(names: Sequence[str]) -> frozenset[str]:
    """The scopes of these names. Raises Problem, naming similar ones."""
    errors = {}
    for place, name in enumerate(names):
        if name not in SCOPES:
            near = get_close_matches(name, SCOPES, n=1) or get_close_matches(f"store_v2_{name}", SCOPES, n=1)
            errors[f"scopes[{place}]"] = "There is no such scope." + (f" Did you mean {near[0]}?" if near else "")
    if errors:
        raise Problem(422, "The request is not valid.", errors)
    return frozenset(names)


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/accounts", list_accounts),
    Operation("POST", "/stores/{store_hash}/accounts", create_account, status=201, refuses=(409,)),
    Operation("PUT", "/stores/{store_hash}/accounts/{client_id}", update_account),
    Operation("DELETE", "/stores/{store_hash}/accounts/{client_id}", revoke_account),
    Operation("POST", "/stores/{store_hash}/accounts/{client_id}/grant", grant_scopes),
    Operation("POST", "/stores/{store_hash}/accounts/{client_id}/revoke-scope", revoke_scopes, refuses=(409,)),
)
