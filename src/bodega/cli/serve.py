"""`bodega serve`: answering requests until stopped."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega import memory
from bodega.cli.place import Command, Failed, as_json, at_place, open_backend, plain_failures, usage_errors
from bodega.cli.running import leave_address
from bodega.cli.show import print_json
from bodega.config import Config, DataLocation
from bodega.log_text import FORMS

if TYPE_CHECKING:
    import asyncio

    from bodega.metrics import Board, Meter
    from bodega.server.listeners import Listener

_STANDARD = Config()
PORT = click.IntRange(0, 65_535)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def listening(command: Command) -> Command:
    """Adds the options about listening; together with the place they become the argument `config`."""

    @at_place
    @click.option("--host", default=_STANDARD.host, show_default=True, help="Address to listen on.")
    @click.option(
        "--https-port",
        type=PORT,
        metavar="PORT",
        default=_STANDARD.https_port,
        show_default=True,
        help="0 takes any free port.",
    )
    @click.option(
        "--http-port",
        type=PORT,
        metavar="PORT",
        default=_STANDARD.http_port,
        show_default=True,
        help="0 takes any free port.",
    )
    @click.option(
        "--workers",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        metavar="N",
        help="Processes; PostgreSQL only.",
    )
    @click.option("--insecure-http", is_flag=True, help="Answer plain HTTP instead of redirecting to HTTPS.")
    @click.option("--behind-tls", is_flag=True, help="A proxy in front terminates TLS: treat plain HTTP as HTTPS.")
    @click.option(
        "--drain-seconds",
        type=click.FloatRange(0, 600),
        metavar="N",
        default=0,
        show_default=True,
        help="Time between not being ready and not accepting connections, when stopped.",
    )
    @click.option(
        "--tls-cert", type=_FILE, metavar="FILE", help="Certificate to use instead of one by the local authority."
    )
    @click.option("--tls-key", type=_FILE, metavar="FILE", help="Its private key.")
    @click.option(
        "--trusted-proxy",
        "trusted_proxies",
        multiple=True,
        metavar="ADDRESS",
        help="Address or network of a proxy whose X-Forwarded-For and -Proto are believed; may be repeated.",
    )
    @click.option(
        "--image-memory",
        type=click.IntRange(64, 65_536),
        default=_STANDARD.image_memory,
        show_default=True,
        metavar="MB",
        help="Memory of the process that decodes images; one too large for it is refused.",
    )
    @click.option(
        "--log",
        type=click.Choice(FORMS),
        default=_STANDARD.log,
        show_default=True,
        help="How the log is written: text for people, JSON for programs; auto is text on a terminal, JSON elsewhere; "
        "quiet is auto without the requests.",
    )
    @click.option("--lab", is_flag=True, help="Serve the lab's HTTP API below /_bodega/lab, for this machine alone.")
    @click.option(
        "--lab-key",
        metavar="KEY",
        envvar="BODEGA_LAB_KEY",
        help="Serve the lab to whoever sends this key, from anywhere; BODEGA_LAB_KEY.",
    )
    @functools.wraps(command)
    def configured(**given: Any) -> Any:
        settings = {field.name: given.pop(field.name) for field in fields(Config)}
        settings["lab_key"] = settings["lab_key"] or None
        settings["lab"] = settings["lab"] or settings["lab_key"] is not None
        with usage_errors():
            config = Config(**settings)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # who sends it while a server starts does not want it to end
        return command(config=config, **given)

    return configured


_NOTHING_TO_REPLACE = "not reloaded: a server of one process has no workers to replace; restart it"


@click.command("serve")
@listening
@as_json
def command(config: Config, as_json: bool) -> None:
    """Answer requests until stopped: HTTPS, and plain HTTP that redirects there.

    A local authority and a certificate are created on the first start; clients have to trust ca.pem in the directory.
    """
    memory.load()
    with plain_failures(), listen_failures(), opened(config) as listeners:
        leave_address(config.place, reachable(listeners[1]) if config.lab else None)
        serve(config, listeners, lambda: announce(config, listeners, as_json))


@contextmanager
def alone(place: DataLocation) -> Iterator[None]:
    """Keeps other servers from the same directory of stores; stores in PostgreSQL may have many. Raises Failed."""
    if place.database:
        yield
        return
    from bodega.storage.sqlite.serving import Served, serving

    try:
        with serving(place.data):
            yield
    except Served as error:
        raise Failed(str(error)) from error


@contextmanager
def opened(config: Config) -> Iterator[list[Listener]]:
    """The listeners, HTTPS first, of the only server of these stores. Ports come before files: a start that finds one
    taken leaves nothing behind. Raises Failed, Busy, OSError, NoKey."""
    from bodega.server.listeners import close
    from bodega.storage.sqlite.serving import is_served

    if not config.place.database and is_served(config.place.data):
        with alone(config.place):  # which says who serves it
            pass
    listeners = bind(config)
    try:
        with alone(config.place):
            look_after_secrets(config.place)
            yield secured(config, listeners)
    finally:
        close(listeners)


def look_after_secrets(place: DataLocation) -> None:
    """What every start does: nobody else may read the files, and the key of the secrets is made or missed. Raises
    Busy, OSError, NoKey."""
    import asyncio

    from bodega import private
    from bodega.server.tls import PUBLIC
    from bodega.storage import key_care

    async def lost() -> str:
        backend = await open_backend(place, makes=True)
        try:
            found = await key_care.state(backend.registry)
            return backend.registry.sealer.missing() if found.lost else ""
        finally:
            await backend.close()

    private.mend_below(place.data, PUBLIC)
    missing = asyncio.run(lost())
    if missing:
        click.echo(missing, err=True)


def serve(config: Config, listeners: Sequence[Listener], started: Callable[[], None]) -> None:
    """Serves until stopped, in this process or in several; `started` is called once. Raises ListenError."""
    from bodega.metrics import Board
    from bodega.server import loop, workers

    board = Board(config.workers)
    if config.workers == 1:
        loop.run(_in_one_process(config, board, listeners, started))
    else:
        memory.settle()
        work = functools.partial(_work, config, board)
        workers.serve_workers(work, listeners, config.workers, bound=lambda _bound: started())


async def _in_one_process(
    config: Config, board: Board, listeners: Sequence[Listener], started: Callable[[], None]
) -> None:
    import asyncio

    from bodega.server import listen, workers

    app = await _app(config, board.meter(), listeners)
    asyncio.get_running_loop().add_signal_handler(workers.RESTART_SIGNAL, app.log_event, _NOTHING_TO_REPLACE)
    await listen.serve(app, listeners, drain_seconds=config.drain_seconds, started=lambda _bound: started())


async def _work(config: Config, board: Board, index: int, listeners: Sequence[Listener], stop: asyncio.Event) -> None:
    """One worker, in a process of its own."""
    memory.load()
    from bodega.server import listen

    app = await _app(config, board.meter(index), listeners)
    await listen.serve(app, listeners, drain_seconds=config.drain_seconds, stop=stop)


async def _app(config: Config, meter: Meter, listeners: Sequence[Listener]) -> Any:
    """The application, which closes the backend when it is shut down."""
    from bodega.app import make_app
    from bodega.lab.scheduled import FOLDER

    backend = await open_backend(config.place, config.workers, makes=True)
    return await make_app(
        backend,
        insecure_http=config.insecure_http,
        https_port=listeners[0].port,
        behind_tls=config.behind_tls,
        log_form=config.log,
        meter=meter,
        ca=None if config.tls_cert else config.place.data / "ca.pem",
        backups=config.place.data / FOLDER,
        image_memory=config.image_memory,
        trusted_proxies=config.trusted_proxies,
        lab=config.lab,
        lab_key=config.lab_key,
    )


def bind(config: Config) -> list[Listener]:
    """The listeners, bound, of which the first is to be `secured`. Raises Failed, naming each port that cannot be had
    and the option that chooses another."""
    from bodega.server.listeners import Listener, ListenError, close
    from bodega.server.listeners import bind as bound

    listeners: list[Listener] = []
    refused: dict[str, str] = {}
    for option, port in {"--https-port": config.https_port, "--http-port": config.http_port}.items():
        try:
            listeners.append(bound(Listener(config.host, port)))
        except ListenError as error:
            refused[option] = str(error)
    if refused:
        close(listeners)
        if len(refused) > 1:
            raise Failed(f"{' '.join(refused.values())} Choose others with {' and '.join(refused)}.")
        [(option, why)] = refused.items()
        raise Failed(f"{why.rstrip('.')}; choose another with {option}.")
    return listeners


def secured(config: Config, listeners: Sequence[Listener]) -> list[Listener]:
    """The listeners with TLS on the first, by the certificate that is given or one of the local authority. Raises
    OSError."""
    from bodega.server.sni import local_context
    from bodega.server.tls import ensure_certificate, server_context

    if config.tls_cert is not None and config.tls_key is not None:
        context = server_context(config.tls_cert, config.tls_key)
    else:
        context = local_context(ensure_certificate(config.place.data, config.host))
    https, *others = listeners
    return [replace(https, tls=context), *others]


def announce(config: Config, listeners: Sequence[Listener], as_json: bool) -> None:
    """Prints the addresses of the server, and which authority clients must trust."""
    https, http = (reachable(listener) for listener in listeners)
    ca = None if config.tls_cert else (config.place.data / "ca.pem").absolute()
    if as_json:
        print_json({"https": https, "http": http, "ca": str(ca) if ca else None})
    else:
        click.echo(f"Bodega answers at {https}")
        click.echo(f"{'and at' if config.insecure_http else 'and redirects there from':>17} {http}")
        if ca:
            click.echo(f"{'clients trust':>17} {ca}")
    sys.stdout.flush()


def reachable(listener: Listener) -> str:
    """A URL that a client on this machine can use, also when the server listens on every address."""
    return replace(listener, host="localhost").url if listener.host in ("", "0.0.0.0", "::") else listener.url  # noqa: S104 - compared


@contextmanager
def listen_failures() -> Iterator[None]:
    """Reports in one sentence why a server cannot start."""
    from bodega.server.listeners import ListenError

    try:
        yield
    except ListenError as error:
        raise Failed(str(error)) from error
