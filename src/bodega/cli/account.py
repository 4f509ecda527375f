"""`bodega account`: the API accounts of a store."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from bodega.access import accounts
from bodega.access.plans import NO_HOUR, UNLIMITED
from bodega.access.scopes import ALL, SCOPES
from bodega.cli.place import Failed, as_json, at_place, the_store, with_backend
from bodega.cli.running import ask
from bodega.cli.several import Several, Trailing, trailing
from bodega.cli.show import print_json, print_record, print_table
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.storage.backend import Backend
    from bodega.storage.registry import Account

SCOPE_WORDS = {"--scope": lambda word: word.replace(",", "") == "" or word.split(",")[0] in SCOPES}

QUOTA = click.IntRange(min=0)
BASIC_HAS_NO_WINDOW = "A Basic account has no window: give --requests-per-hour instead of --requests-per-window."


@click.group("account")
def command() -> None:
    """Create, change, list and revoke API accounts."""


def _quotas(function: Any) -> Any:
    function = click.option(
        "--requests-per-window", "per_window", type=QUOTA, metavar="N", help="OAuth: requests in 30 s."
    )(function)
    function = click.option(
        "--requests-per-hour", "per_hour", type=QUOTA, metavar="N", help="Requests an hour; of OAuth beside its window."
    )(function)
    return click.option("--unlimited", is_flag=True, help="Lift its quotas, for programs that only try things out.")(
        function
    )


@command.command("create", cls=Several, several=SCOPE_WORDS)
@click.argument("store_hash", metavar="HASH")
@click.argument("name", metavar="NAME")
@click.option(
    "--scope", "scopes", multiple=True, metavar="SCOPE ...", help="What it may do; everything if none is given."
)
@click.option("--basic", is_flag=True, help="Give it a user name for Basic authentication, instead of OAuth.")
@_quotas
@click.argument("more", nargs=-1, cls=Trailing)
@at_place
@click.option("--json", "_as_json", is_flag=True, help="Print JSON, as it always does.")
def create(
    place: DataLocation,
    store_hash: str,
    name: str,
    scopes: tuple[str, ...],
    basic: bool,
    per_hour: int | None,
    per_window: int | None,
    unlimited: bool,
    more: tuple[str, ...],
    _as_json: bool,
) -> None:
    """Create an account and print its credentials as JSON; the token is not shown again.

    Scopes may be repeated, separated by commas or given as several words. With no --scope the account may read and
    write everything in the store. Quotas that are not given are those of the store's plan; an OAuth account has
    requests an hour only if they are given.
    """
    if unlimited:
        _refuse_both(per_hour, per_window)
        per_window, per_hour = UNLIMITED, UNLIMITED if basic else None  # an OAuth account then has none
    elif basic and per_window is not None:
        raise click.UsageError(BASIC_HAS_NO_WINDOW)
    granted = read_scopes(trailing(scopes, more)) if scopes or more else ALL
    if not name.strip() or len(name) > 100:
        raise click.UsageError("The name of an account must have 1 to 100 characters.")

    async def work(backend: Backend) -> dict[str, Any]:
        from bodega.storage.registry import new_token

        token = new_token()
        account = await accounts.add_account(
            backend.registry, await the_store(backend, store_hash), name, token, granted,
            basic=basic, per_hour=per_hour, per_window=per_window,
        )  # fmt: skip
        shown = account_facts(account)
        return {"client_id": account.client_id, "client_secret": account.secret, "token": token} | shown

    asked = {
        "name": name, "basic": basic, "scopes": sorted(granted), "requests_per_hour": per_hour,
        "requests_per_window": per_window,
    }  # fmt: skip
    made = ask(place, "POST", f"/stores/{store_hash}/accounts", asked)
    print_json(with_backend(place, work) if made is None else made)


@command.command("update", cls=Several, several=SCOPE_WORDS)
@click.argument("store_hash", metavar="HASH")
@click.argument("client_id", metavar="CLIENT_ID")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE ...",
    help="Replace all its scopes by these; account grant adds some.",
)
@_quotas
@click.option("--no-requests-per-hour", "no_hour", is_flag=True, help="OAuth: leave it only its window.")
@click.option("--disable/--enable", "disabled", default=None, help="Refuse its requests, or accept them again.")
@click.argument("more", nargs=-1, cls=Trailing)
@at_place
@as_json
def update(
    place: DataLocation,
    store_hash: str,
    client_id: str,
    scopes: tuple[str, ...],
    per_hour: int | None,
    per_window: int | None,
    unlimited: bool,
    no_hour: bool,
    disabled: bool | None,
    more: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change an account. A new quota starts a new count."""
    changes: dict[str, Any] = {"per_hour": per_hour, "per_window": per_window, "disabled": disabled}
    changes["scopes"] = read_scopes(trailing(scopes, more)) if scopes or more else None
    changes = {name: value for name, value in changes.items() if value is not None}
    if unlimited or no_hour:
        _refuse_both(per_hour, None if no_hour else per_window)
    if not changes and not unlimited and not no_hour:
        raise click.UsageError("Nothing to change: give --scope, a quota, --disable or --enable.")

    async def work(backend: Backend) -> Account:
        from msgspec.structs import replace

        account = await _the_account(backend, store_hash, client_id)
        if per_window is not None and account.kind == "basic":
            raise Failed(BASIC_HAS_NO_WINDOW)
        if unlimited:
            changes.update(per_window=UNLIMITED, per_hour=UNLIMITED if account.kind == "basic" else NO_HOUR)
        elif no_hour:
            if account.kind == "basic":
                raise Failed(f"Account {client_id} is Basic: requests an hour are the only quota it has.")
            changes["per_hour"] = NO_HOUR
        if changes.keys() & {"per_hour", "per_window"}:
            changes["quota_epoch"] = account.quota_epoch + 1
        account = replace(account, **changes)
        await backend.registry.save_account(account)
        return account

    shown = {"client_id": client_id, **account_facts(with_backend(place, work))}
    print_json(shown) if as_json else print_record(shown)


def _scoped(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command that changes some scopes of an account and leaves the others alone: store_hash, client_id, scopes."""

    def decorate(function: Callable[..., None]) -> click.Command:
        function = at_place(as_json(function))
        function = click.argument("scopes", metavar="SCOPE ...", nargs=-1, required=True)(function)
        function = click.argument("client_id", metavar="CLIENT_ID")(function)
        made: click.Command = command.command(name)(click.argument("store_hash", metavar="HASH")(function))
        return made

    return decorate


@_scoped("grant")
def grant(place: DataLocation, store_hash: str, client_id: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Give an account scopes beside those that it has."""
    _change_scopes(place, store_hash, client_id, as_json, given=read_scopes(scopes))


@_scoped("revoke-scope")
def revoke_scope(place: DataLocation, store_hash: str, client_id: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Take scopes away from an account, and leave it the others."""
    _change_scopes(place, store_hash, client_id, as_json, taken=read_scopes(scopes))


def _change_scopes(
    place: DataLocation,
    store_hash: str,
    client_id: str,
    as_json: bool,
    *,
    given: frozenset[str] = frozenset(),
    taken: frozenset[str] = frozenset(),
) -> None:
    async def work(backend: Backend) -> Account:
        from msgspec.structs import replace

        account = await _the_account(backend, store_hash, client_id)
        if lacking := taken - account.scopes:
            raise Failed(f"Account {client_id} does not have {', '.join(sorted(lacking))}.")
        account = replace(account, scopes=account.scopes - taken | given)
        await backend.registry.save_account(account)
        return account

    account = with_backend(place, work)
    if as_json:
        print_json({"client_id": client_id, **account_facts(account)})
    else:
        click.echo(f"Account {client_id} has the scopes: {_scopes(account_facts(account))}.")


@command.command("list")
@click.argument("store_hash", metavar="HASH")
@at_place
@as_json
def list_(place: DataLocation, store_hash: str, as_json: bool) -> None:
    """List the accounts of a store; tokens are not kept, so they cannot be shown."""

    async def work(backend: Backend) -> list[Account]:
        await the_store(backend, store_hash)
        return await backend.registry.accounts(store_hash)

    shown = ask(place, "GET", f"/stores/{store_hash}/accounts")
    if shown is None:
        shown = [{"client_id": account.client_id, **account_facts(account)} for account in with_backend(place, work)]
    if as_json:
        print_json(shown)
    elif not shown:
        click.echo(f"Store {store_hash} has no accounts yet; create one: bodega account create {store_hash} NAME")
    else:
        lines = [
            {**account, "quota": _quota(account), "scopes": _scopes(account), "state": _state(account)}
            for account in shown
        ]
        print_table(lines, "client_id name kind username state quota scopes")


@command.command("revoke")
@click.argument("store_hash", metavar="HASH")
@click.argument("client_id", metavar="CLIENT_ID")
@at_place
@as_json
def revoke(place: DataLocation, store_hash: str, client_id: str, as_json: bool) -> None:
    """Revoke an account's credentials for good."""

    async def work(backend: Backend) -> None:
        await _the_account(backend, store_hash, client_id)
        await backend.registry.drop_account(store_hash, client_id)

    if ask(place, "DELETE", f"/stores/{store_hash}/accounts/{quote(client_id, safe='')}") is None:
        with_backend(place, work)
    print_json({"revoked": client_id}) if as_json else click.echo(f"Account {client_id} is revoked.")


@command.command("secret")
@click.argument("store_hash", metavar="HASH")
@click.argument("client_id", metavar="CLIENT_ID")
@at_place
@click.option("--json", "_as_json", is_flag=True, help="Print JSON, as it always does.")
def secret(place: DataLocation, store_hash: str, client_id: str, _as_json: bool) -> None:
    """Give an account a new client secret, which signs its webhooks from now on, and print it as JSON.

    The token stays valid. The secret of an account that an app was given is the app's: do not change it here.
    """

    async def work(backend: Backend) -> str:
        import secrets

        await _the_account(backend, store_hash, client_id)
        new = secrets.token_hex(32)
        await backend.registry.save_secret(client_id, new)
        return new

    print_json({"client_id": client_id, "client_secret": with_backend(place, work)})


def _refuse_both(per_hour: int | None, per_window: int | None) -> None:
    if per_hour is not None or per_window is not None:
        raise click.UsageError("Give a quota, or lift it, not both.")


async def _the_account(backend: Backend, store_hash: str, client_id: str) -> Account:
    await the_store(backend, store_hash)
    for account in await backend.registry.accounts(store_hash):
        if account.client_id == client_id:
            return account
    raise Failed(f"Store {store_hash} has no account {client_id}; see: bodega account list {store_hash}.")


def read_scopes(texts: tuple[str, ...]) -> frozenset[str]:
    """The scopes in words that may be separated by commas or blanks. Raises UsageError naming similar ones."""
    names = [name for text in texts for name in re.split(r"[,\s]+", text) if name]
    for name in names:
        if name not in SCOPES:
            near = get_close_matches(name, SCOPES, n=3) or get_close_matches(f"store_v2_{name}", SCOPES, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"the scopes are {', '.join(SCOPES)}."
            raise click.UsageError(f"There is no scope {name}; {hint}")
    return frozenset(names)


def account_facts(account: Account) -> dict[str, Any]:
    """What is shown of an account, without its client id and secrets."""
    import msgspec

    from bodega.lab import facts

    shown: dict[str, Any] = msgspec.to_builtins(facts.account_facts(account))
    del shown["client_id"]
    return shown


def _quota(account: dict[str, Any]) -> str:
    hour, window = account["requests_per_hour"], account["requests_per_window"]
    told = [] if account["kind"] == "basic" else ["unlimited" if window >= UNLIMITED else f"{window} in 30 s"]
    if hour is not None:
        told.append("unlimited" if hour >= UNLIMITED else f"{hour} an hour")
    return ", ".join(told)


def _scopes(account: dict[str, Any]) -> str:
    if set(account["scopes"]) >= ALL:
        return "all"
    return ", ".join(account["scopes"]) or "none"


def _state(account: dict[str, Any]) -> str:
    return "disabled" if account["disabled"] else "active"
