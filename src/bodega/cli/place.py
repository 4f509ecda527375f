"""What commands share: where the stores are, how they are reached, how a failure is reported."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.access.open_store import OpenStore
    from bodega.http.app_context import AppContext
    from bodega.storage.backend import Backend
    from bodega.storage.registry import StoreRecord

_PLACE = "bodega.place"
T = TypeVar("T")
Command = Callable[..., Any]


class Failed(click.ClickException):
    """The command could not do what it was asked; the message is one sentence. Exit code 1."""


def as_json(command: Command) -> Command:
    """Adds `--json`, the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def at_place(command: Command) -> Command:
    """Adds `--data` and `--database`, together the argument `place`."""

    @click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("bodega-data"),
        envvar="BODEGA_DATA",
        metavar="DIR",
        help="Directory of the stores; BODEGA_DATA, else ./bodega-data.",
    )
    @click.option(
        "--database", envvar="BODEGA_DATABASE", metavar="URL", help="PostgreSQL server of the stores; BODEGA_DATABASE."
    )
    @functools.wraps(command)
    def placed(data: Path, database: str | None, **others: Any) -> Any:
        if given("data") and not given("database"):
            database = None  # options override the environment
        with usage_errors():
            place = DataLocation(data, database or None)
        click.get_current_context().meta[_PLACE] = place
        return command(place=place, **others)

    return placed


def hash_argument(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Reads the hash of a store that is to be made. Raises BadParameter."""
    if not re.fullmatch(r"[a-z0-9-]{1,40}", value):
        raise click.BadParameter("a store's hash is 1 to 40 lower-case letters, digits and hyphens.")
    return value


def asking(command: Command) -> Command:
    """Adds `--yes`, for commands that `confirm`."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def confirm(question: str, *, yes: bool) -> None:
    """Asks before something is lost, where there is somebody to ask: a script goes on. Raises Abort."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def given(option: str) -> bool:
    """Whether an option was typed, rather than taken from the environment or left at its default."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE


class NoStores(Failed):
    """Nothing was ever made in the directory."""


def _begun(place: DataLocation) -> None:
    """Raises NoStores."""
    if place.is_empty:
        raise NoStores(
            f"There are no stores in {place}; name another directory with --data, or make a store: "
            "bodega store create HASH."
        )


async def open_backend(place: DataLocation, workers: int = 1, *, makes: bool = False) -> Backend:
    """The backend at a place, for one of so many workers. Only who `makes` stores makes their directory. Raises
    NoStores, Busy or OSError."""
    from bodega.storage import opening

    if not makes:
        _begun(place)
    return await opening.open_backend(place.data, place.database, workers)


def with_backend(place: DataLocation, work: Callable[[Backend], Awaitable[T]], *, makes: bool = False) -> T:
    """Runs `work` with the backend open; `makes` as for `open_backend`. Raises Failed when the stores cannot be
    reached."""
    if not makes:
        _begun(place)  # before anything is imported that opens stores

    async def whole() -> T:
        backend = await open_backend(place, makes=makes)
        try:
            return await work(backend)
        finally:
            await backend.close()

    with plain_failures():
        import asyncio

        return asyncio.run(whole())


@asynccontextmanager
async def opened_app(backend: Backend, store_hash: str) -> AsyncIterator[tuple[AppContext, OpenStore]]:
    """A store opened for requests that are judged in this process; afterwards running servers hear that its rows
    changed. Raises Failed where there is no such store."""
    from bodega.access.stores import Stores
    from bodega.app import routes
    from bodega.http.app_context import AppContext
    from bodega.http.router import by_version
    from bodega.resources import MODEL

    await the_store(backend, store_hash)
    stores = Stores(backend, model=MODEL)
    store = await stores.get(store_hash)
    assert store is not None
    await store.ready()
    app = AppContext(stores, by_version(routes()), insecure_http=True)
    try:
        yield app, store
    finally:
        await app.pictures.close()
        await store.close()
        await backend.registry.rows_changed(store_hash)


async def the_store(backend: Backend, store_hash: str) -> StoreRecord:
    """The store of this hash. Raises Failed."""
    record = await backend.registry.store(store_hash)
    if record is None:
        raise no_store(store_hash)
    return record


def no_store(store_hash: str) -> Failed:
    """There is no such store where this command looks."""
    context = click.get_current_context(silent=True)
    place = context.meta.get(_PLACE) if context is not None else None
    where = f" in {place}" if place is not None else ""
    return Failed(f"There is no store {store_hash}{where}; create it with: bodega store create {store_hash}.")


@contextmanager
def usage_errors() -> Iterator[None]:
    """Reports arguments that contradict each other as a usage error."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def plain_failures() -> Iterator[None]:
    """Reports an unusable database or file in one sentence, without a traceback."""
    try:
        yield
    except Exception as error:
        from bodega.storage.sealing import NoKey
        from bodega.storage.sqlite.engine import Error
        from bodega.storage.tx import Busy

        if isinstance(error, (Busy, NoKey, OSError, Error)):
            raise Failed(_sentence(error)) from error
        if type(error).__module__.partition(".")[0] != "asyncpg":  # only imported when PostgreSQL is in use
            raise
        raise Failed(f"PostgreSQL refused: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        text = f"{error.filename}: {error.strerror}"
    else:
        text = " ".join(str(error).split())
    return text[:1].upper() + text[1:].rstrip(".") + "."
