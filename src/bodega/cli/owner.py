"""`bodega owner`: who may sign in to a store's control panel."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json, at_place, the_store, with_backend
from bodega.cli.show import print_json, print_table
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.access.owners import Owner
    from bodega.storage.backend import Backend


@click.group("owner")
def command() -> None:
    """Create, list and remove owners: who may sign in to the control panel."""


@command.command("create")
@click.argument("store_hash", metavar="HASH")
@click.argument("email", metavar="EMAIL")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@at_place
@as_json
def create(place: DataLocation, store_hash: str, email: str, password_stdin: bool, as_json: bool) -> None:
    """Let somebody sign in to a store's control panel. Prompts for the password without --password-stdin.

    An existing owner keeps their password, unless --password-stdin gives a new one, which also switches their second
    factor off.
    """
    from bodega import passwords
    from bodega.access import owners, second_factor, team

    wanted = _email(email)
    given = _password(sys.stdin.readline().rstrip("\r\n")) if password_stdin else ""

    async def known(backend: Backend) -> bool:
        await the_store(backend, store_hash)
        owner = await owners.by_email(backend.registry.tx, wanted)
        return owner is not None and bool(owner.password)

    if not given and not with_backend(place, known):
        if not sys.stdin.isatty():
            raise click.UsageError("There is no terminal to ask for a password: give it with --password-stdin.")
        given = _password(click.prompt("Password", hide_input=True, confirmation_prompt=True))

    async def work(backend: Backend) -> tuple[Owner, str]:
        await the_store(backend, store_hash)
        known = await owners.by_email(backend.registry.tx, wanted)
        before = "" if known is None else await team.role_of(backend.registry.tx, known, store_hash)
        hashed = await passwords.hashed(given) if given else ""
        made = await owners.add(backend.registry.tx, wanted, store_hash, hashed, int(time.time()))
        if password_stdin:
            await second_factor.switch_off(backend.registry.tx, made)
        return made, before

    made, before = with_backend(place, work)
    if as_json:
        print_json(_facts(made))
    else:
        click.echo(_welcome(made.email, store_hash, before))


def _welcome(email: str, store_hash: str, before: str) -> str:
    """What became of somebody who had the role `before` in the store (empty: none)."""
    if before == "owner":
        return f"{email} is an owner of {store_hash} already: nothing was changed but a password that was given."
    told = f"{email} may sign in to the control panel of {store_hash}, at /manage."
    return f"{told} They had the role {before}, and are an owner now." if before else told


@command.command("list")
@click.argument("store_hash", metavar="HASH")
@at_place
@as_json
def list_(place: DataLocation, store_hash: str, as_json: bool) -> None:
    """List the owners of a store."""
    from bodega.access import owners

    async def work(backend: Backend) -> list[Owner]:
        await the_store(backend, store_hash)
        return await owners.of_store(backend.registry.tx, store_hash)

    found = [_facts(owner) for owner in with_backend(place, work)]
    if as_json:
        print_json(found)
    elif not found:
        click.echo(f"Store {store_hash} has no owner yet; create one: bodega owner create {store_hash} EMAIL")
    else:
        print_table(found, "email stores created")


@command.command("remove")
@click.argument("store_hash", metavar="HASH")
@click.argument("email", metavar="EMAIL")
@at_place
@as_json
def remove(place: DataLocation, store_hash: str, email: str, as_json: bool) -> None:
    """Remove an owner from a store; an owner without any store is deleted."""
    from bodega.access import owners

    wanted = _email(email)

    async def work(backend: Backend) -> None:
        await the_store(backend, store_hash)
        owner = await owners.by_email(backend.registry.tx, wanted)
        if owner is None or store_hash not in owner.stores:
            raise Failed(f"{wanted} does not own store {store_hash}; see: bodega owner list {store_hash}.")
        await owners.remove(backend.registry.tx, owner.id, store_hash)

    with_backend(place, work)
    print_json({"removed": wanted}) if as_json else click.echo(f"{wanted} no longer owns store {store_hash}.")


def _email(text: str) -> str:
    from bodega.access.owners import read_email

    try:
        return read_email(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _password(text: str) -> str:
    from bodega.access.owners import read_password

    try:
        return read_password(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _facts(owner: Owner) -> dict[str, Any]:
    from bodega.dates import iso

    return {"id": owner.id, "email": owner.email, "stores": list(owner.stores), "created": iso(owner.created)}
