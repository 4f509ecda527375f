"""`bodega parity`: a run recorded in front of one server, replayed against another, and the replies compared."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json
from bodega.cli.show import print_json
from bodega.counted import counted

if TYPE_CHECKING:
    from bodega.journal.har import Recorded
    from bodega.lab.parity.compare import Difference
    from bodega.lab.parity.replay import Played

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("parity")
def command() -> None:
    """Record a run in front of a store, replay it against another, compare the replies."""


@command.command("record")
@click.option("--to", "base", required=True, metavar="URL", help="The server to pass requests on to, as https://HOST.")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The archive (HAR) to write.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=0, metavar="N", type=click.IntRange(0, 65535), help="The port; a free one if 0.")
@as_json
def record(base: str, output: Path, host: str, port: int, as_json: bool) -> None:
    """Listen as a proxy in front of a server, and keep what passes until stopped. Credentials are masked in the file.

    Point the client at the address that is printed. What a store's own journal holds can be replayed as well: download
    it as an archive in the panel. The file is a whole archive at any moment: what passed before a crash is in it.
    """
    from bodega.journal.har import ArchiveFile
    from bodega.lab.parity.proxy import Recorder, listening
    from bodega.lab.parity.replay import is_base

    if not is_base(base):
        raise click.UsageError(f"{base} is no http or https URL.")

    try:
        file = ArchiveFile(output)
    except OSError as error:
        raise Failed(f"{output} cannot be written: {error.strerror}.") from error

    def told(one: Recorded) -> None:
        file.add(one)
        click.echo(f"{one.status} {one.method} {one.target}", err=True)

    async def work() -> None:
        recorder = Recorder(base, allow_private=True, told=told)
        try:
            bound, stop = await listening(recorder, host, port)
        except OSError as error:
            await recorder.close()
            raise Failed(f"{host}:{port} cannot be listened at: {error.strerror}.") from error
        if as_json:
            print_json({"url": f"http://{host}:{bound}", "to": base, "file": str(output)})
        else:
            click.echo(f"http://{host}:{bound} passes on to {base} and keeps it in {output}. Ctrl-C ends it.")
        sys.stdout.flush()
        try:
            await _until_stopped()
        finally:
            await stop()

    with file:
        asyncio.run(work())
    click.echo(f"{counted(file.entries, 'request')} kept in {output}.", err=True)


async def _until_stopped() -> None:
    import signal

    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()


@command.command("replay")
@click.argument("file", metavar="FILE", type=_FILE)
@click.option("--to", "base", required=True, metavar="URL",
              help="The API of the store to ask, up to the version: https://HOST/stores/HASH.")  # fmt: skip
@click.option("--token", envvar="BODEGA_PARITY_TOKEN", default="", help="For X-Auth-Token; BODEGA_PARITY_TOKEN.")
@click.option("--basic", default="", metavar="USER:TOKEN", help="Credentials for Basic authentication instead.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="A file of differences that are known.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Add what is new to the ledger.")
@click.option("--pause", default=0.0, type=click.FloatRange(0, 60), metavar="SECONDS", help="Between two requests.")
@as_json
def replay(
    file: Path, base: str, token: str, basic: str, ledger: Path | None, keep: bool, pause: float, as_json: bool
) -> None:
    """Send a recorded run (HAR) to a store's API in its order, and compare status, headers, shape and values.

    Ids that the other store gives are followed: what was created in the run is asked for under its own id there. Dates,
    URLs and hashes only have to look alike. Exits with 1 if a difference is not in the ledger.
    """
    from bodega.journal.har import NoArchive, read_archive
    from bodega.lab.parity import replay as playing
    from bodega.lab.parity.ledger import BadLedger, add_to_ledger, read_ledger

    if keep and ledger is None:
        raise click.UsageError("--keep needs --ledger.")
    if not playing.is_base(base):
        raise click.UsageError(f"{base} is no http or https URL.")
    headers = {"x-auth-token": token} if token else {}
    if basic:
        import base64

        headers = {"authorization": "Basic " + base64.b64encode(basic.encode()).decode()}
    try:
        run = read_archive(file.read_bytes())
        known = read_ledger(ledger) if ledger is not None else []
        played: Played = asyncio.run(playing.replay(run, base, headers, pause=pause))
    except (NoArchive, BadLedger, playing.Unplayable) as error:
        raise Failed(str(error)) from error
    new = [one for one in played.differences if not any(line.covers(one) for line in known)]
    if as_json:
        print_json(_facts(played, new))
    else:
        for one in new:
            click.echo(_line(one))
        told = len(played.differences) - len(new)
        click.echo(
            f"{counted(played.sent, 'request')}, {counted(len(new), 'difference')}, {told} more that are known, "
            f"{played.left_out} left out."
        )
    if keep and ledger is not None and new:
        click.echo(f"{counted(add_to_ledger(ledger, new), 'line')} new in {ledger}.", err=True)
    if new:
        sys.exit(1)


def _facts(played: Played, new: list[Difference]) -> dict[str, Any]:
    import msgspec

    return {
        "sent": played.sent,
        "left_out": played.left_out,
        "known": len(played.differences) - len(new),
        "new": msgspec.to_builtins(new),
    }


def _line(one: Difference) -> str:
    return f"{one.method} {one.path}  {one.kind} {one.where}: {one.recorded or '-'} became {one.replayed or '-'}"
