"""`bodega doctor`: what keeps a server from running well here, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from bodega.cli.place import as_json, open_backend
from bodega.cli.serve import listening
from bodega.cli.show import print_json
from bodega.config import Config, DataLocation

if TYPE_CHECKING:
    from cryptography import x509

    from bodega.storage.backend import Backend

OK, WARN, FAIL = "ok", "warn", "fail"
_COLOURS = {OK: "green", WARN: "yellow", FAIL: "red"}

LOW_BYTES, TOO_LOW_BYTES = 1024**3, 100 * 1024**2
FEW_FILES = 1_024
DAY = 86_400
SKEW_SECONDS = 5.0
"""How far the clocks of this machine and of the database's may be apart: quotas and leases compare them."""


class Finding(NamedTuple):
    """What a check found: `state` is ok, warn or fail, `do` what helps."""

    check: str
    state: str
    found: str
    do: str = ""


@click.command("doctor")
@listening
@as_json
@click.pass_context
def command(ctx: click.Context, config: Config, as_json: bool) -> None:
    """Check ports, disk, rights, database, clock and certificate, for the options with which a server is started.

    Prints a line for each check, with what to do; exits with 1 when one fails. No store is changed.
    """
    found = list(checked(config))
    if as_json:
        print_json([finding._asdict() for finding in found])
    else:
        width = max(len(finding.check) for finding in found)
        for finding in found:
            state = click.style(f"{finding.state:<4}", fg=_COLOURS[finding.state])
            click.echo(f"{state}  {finding.check:<{width}}  {finding.found}{f' {finding.do}' if finding.do else ''}")
    if any(finding.state == FAIL for finding in found):
        ctx.exit(1)


def checked(config: Config) -> Iterator[Finding]:
    """All checks, one after the other; one that breaks is a failure of its own."""
    checks: dict[str, Callable[[Config], Iterator[Finding]]] = {
        "ports": ports, "disk": disk, "rights": rights, "database": database, "clock": clock,
        "certificate": certificate, "files": files,
    }  # fmt: skip
    for name, check in checks.items():
        try:
            yield from check(config)
        except Exception as error:
            yield Finding(name, FAIL, f"The check broke: {type(error).__name__}: {error}.", "Please report it.")


def ports(config: Config) -> Iterator[Finding]:
    """Whether a server can listen, or one does."""
    from bodega.server.listeners import Listener, ListenError, bind, close

    for option, port in (("--https-port", config.https_port), ("--http-port", config.http_port)):
        name = f"port {port}"
        if port == 0:
            yield Finding(name, OK, f"{option} 0 takes any free port.")
            continue
        try:
            close([bind(Listener(config.host, port))])
        except ListenError as error:
            if _answers(config.host, port, tls=option == "--https-port"):
                yield Finding(name, OK, "A Bodega server answers there.")
            else:
                yield Finding(name, FAIL, str(error), f"End what uses it, or choose another with {option}.")
        else:
            yield Finding(name, OK, f"It is free on {config.host}.")


def _answers(host: str, port: int, *, tls: bool) -> bool:
    """Whether a Bodega is there: over TLS it is asked whatever its certificate says, and told nothing."""
    address = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104 - compared
    try:
        with socket.create_connection((address, port), timeout=3) as plain:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(plain, server_hostname="localhost") if tls else plain
            connection.sendall(b"GET /_bodega/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            said = b""
            while part := connection.recv(4096):
                said += part
    except OSError:
        return False
    return b'"live"' in said


def disk(config: Config) -> Iterator[Finding]:
    """Whether there is room where the stores are, or the certificates at least."""
    usage = shutil.disk_usage(_existing(config.place.data))
    text = f"{usage.free / 1024**3:.1f} GiB of {usage.total / 1024**3:.1f} GiB are free at {config.place.data}."
    if usage.free < TOO_LOW_BYTES:
        yield Finding("disk", FAIL, text, "Make room: writes are refused with 503 when the disk is full.")
    elif usage.free < LOW_BYTES:
        yield Finding("disk", WARN, text, "Make room soon; journal.keep_megabytes bounds the journal of each store.")
    else:
        yield Finding("disk", OK, text)


def _existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def rights(config: Config) -> Iterator[Finding]:
    """Whether the directory can be written, and by nobody else."""
    data = config.place.data
    if not data.exists():
        parent = _existing(data)
        if os.access(parent, os.W_OK | os.X_OK):
            yield Finding("rights", OK, f"{data} does not exist yet, and can be made.")
        else:
            yield Finding("rights", FAIL, f"{data} does not exist, and {parent} cannot be written.", "Choose --data.")
        return
    wrong = [path for path in _kept(data) if not os.access(path, os.R_OK | os.W_OK)]
    if wrong:
        do = f"Give them to the user who runs the server: chown -R {os.getuid()} {data}."
        yield Finding("rights", FAIL, f"Cannot be read and written: {', '.join(map(str, wrong[:3]))}.", do)
        return
    open_to = [path for path in _private(data) if path.exists() and path.stat().st_mode & 0o077]
    if open_to:
        do = f"Close them: chmod go-rwx {' '.join(map(str, open_to))}"
        yield Finding("rights", WARN, "Others on this machine may read secrets.", do)
    else:
        yield Finding("rights", OK, f"{data} can be written, and its secrets are the server's alone.")


def _kept(data: Path) -> list[Path]:
    return [data, *(path for path in data.glob("*") if not path.name.endswith((".sock", ".lock")))]


def _private(data: Path) -> list[Path]:
    """What holds secrets: readable by others only if the directory lets them in."""
    from bodega.storage.sealing import KEY_FILE

    if not data.stat().st_mode & 0o077:
        return []
    names = (KEY_FILE, "ca-key.pem", "server-key.pem", "registry.db", "journal.db", "stores", "snapshots", "backups")
    return [data / name for name in names]


def database(config: Config) -> Iterator[Finding]:
    """Whether the registry and every store can be opened, and are of this program's schema."""
    from bodega.storage.sqlite.engine import Error
    from bodega.storage.tx import Busy, Newer

    place = config.place
    if place.database is None and not (place.data / "registry.db").exists():
        yield Finding("database", OK, "There are no stores yet; SQLite files are made when they are needed.")
        return
    try:
        found = asyncio.run(_stores(place))
    except Newer as error:
        yield Finding("database", FAIL, str(error).partition(";")[0] + ".", _RUN_NEWER)
        return
    except (Busy, OSError, Error) as error:
        do = "Is the server up, and the URL right?" if place.database else "Restore the file from a backup."
        yield Finding("database", FAIL, f"The registry cannot be opened: {error}.", do)
        return
    yield from found


async def _stores(place: DataLocation) -> list[Finding]:
    from bodega.storage import migrate
    from bodega.storage.tx import Busy, Damaged

    backend = await open_backend(place)
    try:
        old, broken, newer = [], [], []
        damaged: list[Finding] = []
        records = await backend.registry.stores()
        for record in records:
            try:
                revision = await backend.revision(record)
            except Damaged as error:
                do = f"Bring it back from a backup: bodega store recover {record.hash} FILE."
                damaged.append(Finding("store", FAIL, str(error).partition(";")[0].rstrip(".") + ".", do))
            except Busy:
                broken.append(record.hash)
            else:
                if revision > migrate.newest():
                    newer.append(record.hash)
                elif revision < migrate.newest():
                    old.append(record.hash)
        told = _told(place, len(records), old, broken, newer)
        return [*told, *damaged, *await _server_clock(backend), *await _journal(place, backend)]
    finally:
        await backend.close()


_RUN_NEWER = "Run the version that wrote them, or recover backups that this one made: docs/upgrading.md."


def _told(place: DataLocation, count: int, old: list[str], broken: list[str], newer: list[str]) -> Iterator[Finding]:
    kind = "PostgreSQL" if place.database else "SQLite"
    if broken:
        do = "Bring them back from backups: bodega store recover."
        yield Finding("database", FAIL, f"Cannot be read: {', '.join(broken[:5])}.", do)
    elif newer:
        text = f"Of a newer schema than this version knows, so they answer 503: {', '.join(newer[:5])}."
        yield Finding("database", FAIL, text, _RUN_NEWER)
    elif old:
        do = "Start the server: it brings them forward, and they answer 503 meanwhile."
        yield Finding("database", WARN, f"{len(old)} of {count} stores are of an older schema.", do)
    else:
        yield Finding("database", OK, f"{kind}: {count} store{'' if count == 1 else 's'}, all of the newest schema.")


async def _server_clock(backend: Backend) -> list[Finding]:
    """How far the clock of a database's machine is from ours."""
    tx = backend.registry.tx
    if tx.dialect != "postgresql":
        return []
    from bodega.storage import query

    began = time.time()
    there = float(await query.value(tx, "SELECT extract(epoch FROM clock_timestamp())::float8"))
    skew = there - (began + time.time()) / 2
    if abs(skew) > SKEW_SECONDS:
        do = "Keep both by NTP: leases and shared quotas compare them."
        return [Finding("clock of the database", FAIL, f"It is {skew:+.1f} s from this machine's.", do)]
    return [Finding("clock of the database", OK, f"It is {skew:+.1f} s from this machine's.")]


async def _journal(place: DataLocation, backend: Backend) -> list[Finding]:
    from bodega.journal.ring import JournalRing
    from bodega.storage.sqlite.engine import Error
    from bodega.storage.tx import Busy

    if place.database is None and not (place.data / "journal.db").exists():
        return []
    ring = JournalRing(backend.journal())
    try:
        newest = await ring.exchanges(None, limit=1)
    except (Busy, Error) as error:
        return [Finding("journal", WARN, f"It cannot be read: {error}.", "Requests are served; remove journal.db.")]
    finally:
        await ring.close()
    ago = f"the newest request is {_ago(time.time() - newest[0].at)} old" if newest else "it is empty"
    return [Finding("journal", OK, f"It can be read; {ago}.")]


def _ago(seconds: float) -> str:
    for unit, name in ((DAY, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds / unit)} {name}"
    return f"{max(0, int(seconds))} s"


def clock(config: Config) -> Iterator[Finding]:
    """Whether the clock can be right: not before this program was made, nor before what it wrote."""
    now = time.time()
    made = Path(__file__).stat().st_mtime
    written = [path.stat().st_mtime for path in config.place.data.glob("*") if path.is_file()]
    newest = max([made, *written])
    if newest > now + 60:
        text = f"It is {_ago(newest - now)} behind the newest file."
        yield Finding("clock", FAIL, text, "Set it, and keep it by NTP: tokens, quotas and certificates need it.")
    else:
        yield Finding("clock", OK, f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(now))} UTC.")


def certificate(config: Config) -> Iterator[Finding]:
    """Whether the server's certificate is valid, fits its key, and for how long."""
    local = config.tls_cert is None
    cert = config.tls_cert or config.place.data / "server.pem"
    key = config.tls_key or config.place.data / "server-key.pem"
    if local and not cert.exists():
        yield Finding("certificate", OK, "One is made at the first start, by a local authority.")
        return
    from cryptography import x509

    from bodega.server.tls import server_context

    try:
        server_context(cert, key)
        read = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ssl.SSLError, ValueError) as error:
        do = f"Remove {cert} and {key}: new ones are made." if local else "Give a certificate and its own key, as PEM."
        yield Finding("certificate", FAIL, f"{cert} and {key} cannot be used: {error}.", do)
        return
    yield _validity(read, local=local)


def _validity(read: x509.Certificate, *, local: bool) -> Finding:
    left = read.not_valid_after_utc.timestamp() - time.time()
    until = f"{read.not_valid_after_utc:%Y-%m-%d}"
    do = "Restart the server: it makes a new one." if local else "Renew it."
    if left <= 0:
        return Finding("certificate", FAIL, f"It expired on {until}.", do)
    if read.not_valid_before_utc.timestamp() > time.time():
        return Finding("certificate", FAIL, f"It is valid only from {read.not_valid_before_utc:%Y-%m-%d}.", do)
    if left < 30 * DAY:
        return Finding("certificate", WARN, f"It expires on {until}, in {_ago(left)}.", do)
    trust = " Clients have to trust ca.pem." if local else ""
    return Finding("certificate", OK, f"It is valid until {until}.{trust}")


def files(_config: Config) -> Iterator[Finding]:
    """Whether a process may have many files open: each connection is one, and each open store several."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FEW_FILES:
        do = f"Raise it: ulimit -n {min(65_536, hard) if hard > 0 else 65_536}, or LimitNOFILE= of the service."
        yield Finding("open files", WARN, f"At most {soft} files may be open.", do)
    else:
        yield Finding("open files", OK, f"{'Any number of' if soft == resource.RLIM_INFINITY else soft} may be open.")
