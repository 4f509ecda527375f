"""docs/operations.md, carried out from top to bottom: with the wheel in a fresh environment, on each database.

Where a path, a port or a name of the page stands for one of this machine is told in `Walk.local`; programs that change
the machine are stood in for (`STANDINS`). What cannot be had here is skipped aloud: the index of packages, nginx.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from bodega.server.tls import ensure_certificate
from bodega.storage import migrate
from bodega.storage.creating import create_store
from bodega.storage.opening import open_backend
from bodega.storage.sqlite.engine import open_file
from panel import Forms
from postgres import database
from served import environment
from test_rolling_restart import Caller, children, end, served

HOME = Path(__file__).parent.parent
PAGE = HOME / "docs" / "operations.md"
PATIENCE = 300.0
PASSWORD = "correct horse battery"
NAME = "api.example.com"

FILES = re.compile(r"`(/[^`]+)`[^`\n]*:\n\n```\n(.*?)\n```", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)\n```", re.DOTALL)
ABSOLUTE = re.compile(r"(?<![\w.:/$-])/(?:opt|var|etc|usr/local)/")
NO_INDEX = ("No matching distribution", "Could not find a version", "ConnectionError", "NewConnectionError")

STANDINS = {
    "useradd": "exit 0",
    "install": 'for word in "$@"; do case "$word" in /*) mkdir -p "$word"; chmod 700 "$word";; esac; done',
    "runuser": 'while [ "$1" != "--" ]; do shift; done; shift; exec "$@"',
    "systemctl": 'exec "{python}" "{here}/systemctl.py" "{root}/etc/systemd/system/bodega.service" "{root}/state" "$@"',
    "nginx": 'exec "{nginx}" -e "{root}/state/nginx.log" -c "{root}/state/nginx.conf" -p "{root}/state" "$@"',
}
"""Programs that would change this machine: users, owners of files, services."""

AROUND = """
{user}worker_processes 1; pid {root}/state/nginx.pid; error_log {root}/state/nginx.log;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {root}/state/body; proxy_temp_path {root}/state/proxy;
fastcgi_temp_path {root}/state/a; uwsgi_temp_path {root}/state/b; scgi_temp_path {root}/state/c;
include {root}/etc/nginx/conf.d/*.conf; }}
"""
"""What Debian's own nginx.conf is to the page's file."""


class Program(NamedTuple):
    """A server's binary, or why there is none."""

    path: Path | None
    why: str = ""


def fetched_nginx() -> Program:
    """Debian's nginx: installed, or unpacked from its package below build/."""
    found = shutil.which("nginx")
    if found:
        return Program(Path(found))
    folder = HOME / "build" / "debian"
    path = folder / "usr" / "sbin" / "nginx"
    if not path.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", "nginx"], cwd=folder, capture_output=True, timeout=60, check=True)
            for package in folder.glob("nginx_*.deb"):
                subprocess.run(["dpkg", "-x", package, folder], capture_output=True, timeout=60, check=True)
        except (subprocess.SubprocessError, OSError):
            return Program(None, "nginx is not installed, and its Debian package cannot be had")
    try:
        subprocess.run([path, "-v"], capture_output=True, timeout=60, check=True)
    except (subprocess.SubprocessError, OSError):
        return Program(None, "nginx is not installed, and Debian's does not run here")
    return Program(path)


@pytest.fixture(scope="module")
def nginx() -> Program:
    """The proxy of the page."""
    return fetched_nginx()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stands for `/` as far as the page writes to it; with the wheel that `make dist` makes."""
    root = tmp_path_factory.mktemp("root")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", root / "dist"]
    subprocess.run(build, cwd=HOME, check=True, capture_output=True, timeout=PATIENCE)
    assert [made.suffix for made in (root / "dist").iterdir()] == [".whl"]
    return root


def free_port() -> int:
    """A port of this machine that nobody has."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Answer(NamedTuple):
    """What a browser got."""

    status: int
    headers: Message
    text: str


class Walk:
    """The page on this machine."""

    def __init__(self, root: Path, url: str | None, nginx: Program) -> None:
        self.root, self.url, self.nginx = root, url, nginx
        self.port, self.proxy = free_port(), free_port()
        self.text = PAGE.read_text()
        self.state = root / "state"
        for name in ("var", "etc", "state"):
            shutil.rmtree(root / name, ignore_errors=True)
        for name in ("state", "bin", "etc/bodega", "etc/ssl/private", "usr/local/bin"):
            (root / name).mkdir(parents=True, exist_ok=True)
        facts = {"python": sys.executable, "here": HOME / "tests", "root": root, "nginx": nginx.path}
        for name, script in STANDINS.items():
            self.write(root / "bin" / name, "#!/bin/sh\n" + script.format(**facts), 0o755)
        user = "user root; " if os.getuid() == 0 else ""
        self.write(self.state / "nginx.conf", AROUND.format(root=root, user=user))
        self.write(root / "etc/bodega/password", PASSWORD + "\n", 0o600)
        certificate = ensure_certificate(self.state, "127.0.0.1", NAME)
        shutil.copy(certificate.cert, root / "etc/ssl/api.example.com.pem")
        shutil.copy(certificate.key, root / "etc/ssl/private/api.example.com.key")
        self.ca = self.state / "ca.pem"
        self.write(self.state / ".curlrc", f'resolve = "{NAME}:{self.proxy}:127.0.0.1"\ncacert = "{self.ca}"\n')
        self.files = {self.root / name.lstrip("/"): self.local(text) for name, text in FILES.findall(self.text)}
        for path, text in self.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.write(path, text + "\n", 0o755 if "/bin/" in str(path) else 0o644)

    @staticmethod
    def write(path: Path, text: str, mode: int = 0o644) -> None:
        """A file."""
        path.write_text(text)
        path.chmod(mode)

    def local(self, text: str) -> str:
        """The page's text with the paths, ports and names of this machine."""
        text = ABSOLUTE.sub(lambda found: f"{self.root}{found[0]}", text)
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        text = text.replace("--host 127.0.0.1", f"--host 127.0.0.1 --http-port {self.port} --https-port 0")
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.proxy} ssl;")
        text = text.replace(f"https://{NAME}/", f"https://{NAME}:{self.proxy}/")
        text = text.replace("dist/bodega-", f"{self.root}/dist/bodega-")
        if self.url is not None:
            text = text.replace(
                '# BODEGA_DATABASE="postgresql://bodega@db.internal/bodega"', f'BODEGA_DATABASE="{self.url}"'
            )
            text = text.replace("--drain-seconds 5", "--drain-seconds 1 --workers 2")
        return text.replace("--drain-seconds 5", "--drain-seconds 1")

    def run(self, script: str) -> str:
        """A block of the page, as it stands there; what it prints. Every line must succeed."""
        began = time.monotonic()
        path = f"{self.root}/bin:{self.root}/usr/local/bin:{os.environ['PATH']}"
        given = {**environment(), "PATH": path, "CURL_HOME": str(self.state)}
        done = subprocess.run(
            ["sh", "-e", "-c", self.local(script)],
            cwd=HOME,
            env=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        print(f"{time.monotonic() - began:6.1f} s  {script.splitlines()[0]}")
        if done.returncode and any(sign in done.stderr for sign in NO_INDEX):
            pytest.skip("the locked packages cannot be had here, so nothing can be installed")
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}{self.log()[-5_000:]}"
        return done.stdout

    def systemctl(self, verb: str) -> None:
        """As an operator."""
        self.run(f"systemctl {verb} bodega")

    def log(self) -> str:
        """What the service has said."""
        log = self.state / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    @property
    def pid(self) -> int:
        """The service's main process."""
        return int((self.state / "pid").read_text())

    def account(self) -> Any:
        """The account that the page makes."""
        return json.loads((self.root / "etc/bodega/my-app.json").read_text())

    def ask(self, path: str, method: str = "GET", body: Any = None, store: str = "main") -> tuple[int, Any]:
        """A request to the service, as its client."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            headers = {"X-Auth-Token": self.account()["token"], "Content-Type": "application/json"}
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/stores/{store}{path}", content, headers)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read() or b"null")

    def through_proxy(self, method: str, path: str, body: str = "", **headers: str) -> Answer:
        """A request to nginx, as a browser."""
        context = ssl.create_default_context(cafile=str(self.ca))
        plain = socket.create_connection(("127.0.0.1", self.proxy), timeout=PATIENCE)
        connection = http.client.HTTPConnection(NAME, self.proxy)
        connection.sock = context.wrap_socket(plain, server_hostname=NAME)
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        with closing(connection):
            connection.request(method, path, body or None, sent)
            reply = connection.getresponse()
            return Answer(reply.status, reply.headers, reply.read().decode())


# What is looked at while the page is walked


def signing_in_works_off_port_443(walk: Walk) -> None:
    """A form is taken only from the address that it was asked at: the proxy passes the Host with its port."""
    origin = f"https://{NAME}:{walk.proxy}"
    page = walk.through_proxy("GET", "/manage/sign-in")
    cookie = (page.headers["set-cookie"] or "").partition(";")[0]
    forms = Forms()
    forms.feed(page.text)
    fields = {**forms.all[0].fields, "email": "you@example.com", "password": PASSWORD}
    kind = "application/x-www-form-urlencoded"
    entered = walk.through_proxy(
        "POST", "/manage/sign-in", urlencode(fields), Content_Type=kind, Origin=origin, Cookie=cookie
    )
    assert (entered.status, entered.headers["location"]) == (303, "/manage"), entered.text
    session = "; ".join(one.partition(";")[0] for one in entered.headers.get_all("set-cookie", []))
    assert "__Host-bodega=" in session
    assert walk.through_proxy("GET", "/manage", Cookie=session).status in (200, 303)


def links_name_the_proxy(walk: Walk) -> None:
    """With its port, as https."""
    token = walk.account()["token"]
    made = walk.through_proxy(
        "POST", "/stores/main/v2/brands", '{"name": "Acme"}', X_Auth_Token=token, Content_Type="application/json"
    )
    assert made.status == 201
    assert made.headers["location"].startswith(f"https://{NAME}:{walk.proxy}/stores/main/v2/brands/")
    assert walk.through_proxy("GET", "/_bodega/metrics").status == 403


def reloading(walk: Walk) -> Iterator[None]:
    """Nothing ends, and no request is lost; with workers, each is replaced."""
    before, main = children(walk.pid), walk.pid
    caller = SimpleNamespace(name="main", token=walk.account()["token"])
    callers = [Caller(lambda: [f"127.0.0.1:{walk.port}"], caller, writes) for writes in (False, True)]  # type: ignore[arg-type]
    try:
        served(callers, 10)
        yield
        give_up = time.monotonic() + PATIENCE
        while walk.url is not None and (children(walk.pid) & before or len(children(walk.pid)) != 2):
            assert time.monotonic() < give_up
            time.sleep(0.02)
        served(callers, 10)
        end(callers)
    finally:
        for each in callers:
            each.ended.set()
    assert (walk.pid, walk.ask("/v2/time")[0]) == (main, 200)
    if walk.url is None:
        assert '"event":"not reloaded' in walk.log()  # written before the replies to what was asked later


def backups_are_whole(walk: Walk) -> None:
    """SQLite databases that only their owner can read."""
    found = sorted((walk.root / "var/backups/bodega").iterdir())
    assert [path.name.rpartition("-20")[0] for path in found] == ["main"]
    assert found[0].stat().st_mode & 0o077 == 0
    with closing(open_file(found[0])) as backup:
        assert backup.execute("SELECT count(*) FROM brands").fetchone()[0] > 10
        assert backup.execute("PRAGMA integrity_check").fetchone() == ("ok",)


OLD = b'{"id":7,"name":"From long ago","page_title":"","meta_keywords":[],"meta_description":"","image_url":"",\
"search_keywords":"","custom_url":{"url":"/from-long-ago/","is_customized":false}}'


def an_old_store(walk: Walk, runner: asyncio.Runner) -> None:
    """A store as the oldest version left it: the first schema, and a row in it."""
    place = walk.root / "var/lib/bodega"
    first = migrate.migrations()[:1]

    async def make() -> None:
        backend = await open_backend(place, walk.url)
        try:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(migrate, "migrations", lambda: first)
                record = await create_store(backend, "old", "sandbox", {}, int(time.time()))
            assert await backend.revision(record) == 1
            with closing(open_file(backend.path(record))) as rows:  # type: ignore[attr-defined]
                columns = "id, doc, version, modified, name, page_title, name_key"
                values = (7, OLD, 1, 1_700_000_000, "From long ago", "", "from long ago")
                rows.execute(f"INSERT INTO brands ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
                rows.execute("INSERT INTO ledger VALUES ('brands', 1, 1700000000, 1, 8, 0)")
                rows.execute("UPDATE ledger SET revision = 1 WHERE name = '*'")
        finally:
            await backend.close()

    runner.run(make())


def the_old_store_is_served(walk: Walk) -> None:
    """By the new version, with its row."""
    made = json.loads(walk.run("bodega account create old reader --scope store_v2_products_read_only"))
    connection = http.client.HTTPConnection("127.0.0.1", walk.port, timeout=PATIENCE)
    give_up = time.monotonic() + PATIENCE
    with closing(connection):
        while True:
            connection.request("GET", "/stores/old/v3/catalog/brands/7", headers={"X-Auth-Token": made["token"]})
            reply = connection.getresponse()
            body = json.loads(reply.read())
            if reply.status != 503:
                break
            assert time.monotonic() < give_up
            time.sleep(0.05)
    assert (reply.status, body.get("data", {}).get("name")) == (200, "From long ago"), body


def the_unit_is_one(walk: Walk) -> None:
    """systemd knows its keys, where there is a systemd; and ends it no sooner than it ends itself."""
    unit = walk.root / "etc/systemd/system/bodega.service"
    text = unit.read_text()
    assert int(re.findall(r"TimeoutStopSec=(\d+)", text)[0]) > 5 + 10 + 2  # draining, grace, handshakes
    program = shutil.which("systemd-analyze")
    if program is not None:
        told = subprocess.run([program, "verify", unit], capture_output=True, text=True, timeout=PATIENCE)
        assert "bodega.service" not in told.stderr, told.stderr


@pytest.fixture(params=["sqlite", "postgres"])
def walk(request: pytest.FixtureRequest, root: Path, nginx: Program) -> Iterator[Walk]:
    """On a database of its own."""
    if shutil.which("curl") is None:
        pytest.skip("the page needs curl, which is not here")

    def walking(url: str | None) -> Iterator[Walk]:
        made = Walk(root, url, nginx)
        try:
            yield made
        finally:
            if (made.state / "pid").exists():
                made.systemctl("stop")
            if (made.state / "nginx.pid").exists():
                made.run("nginx -s stop")

    if request.param == "sqlite":
        yield from walking(None)
    else:
        with database(request.getfixturevalue("postgres_url")) as url:
            yield from walking(url)


def test_the_page_is_carried_out(walk: Walk, runner: asyncio.Runner) -> None:
    """From an empty machine to an upgraded server."""
    met: set[str] = set()

    def at(word: str, block: str) -> bool:
        found = word in block
        met.update({word} if found else ())
        return found

    for block in SHELL.findall(walk.text):
        if at("-m venv", block) and (walk.root / "opt").exists():
            block = "\n".join(line for line in block.splitlines() if "/opt/" not in line)  # once is enough
        if at("nginx -t", block):
            if walk.nginx.path is None:
                continue
            block = block.replace("nginx -s reload", "nginx")  # Debian has started it
        if at("--force-reinstall", block) and walk.url is None:
            an_old_store(walk, runner)
        if at("systemctl reload", block):
            watching = reloading(walk)
            next(watching)
            walk.run(block)
            assert next(watching, None) is None
            continue
        before = walk.pid if (walk.state / "pid").exists() else 0
        walk.run(block)
        if at("enable --now", block):
            the_unit_is_one(walk)
        if at("nginx -t", block):
            links_name_the_proxy(walk)
            signing_in_works_off_port_443(walk)
        if at("store backup", block):
            backups_are_whole(walk)
        if at("systemctl restart", block):
            assert walk.pid != before
            assert walk.ask("/v3/catalog/brands?limit=1")[1]["meta"]["pagination"]["total"] > 10
            if walk.url is None:
                the_old_store_is_served(walk)
    assert len(met) == 7, met
    walk.systemctl("stop")
    assert walk.log().count("Traceback") == 0
    if walk.nginx.path is None:
        pytest.skip(f"{walk.nginx.why}: all but the proxy was carried out")


def test_a_server_of_one_process_is_not_ended_by_the_signal_that_replaces_workers(tmp_path: Path) -> None:
    """Not while it starts either."""
    words = [
        sys.executable,
        "-m",
        "bodega.cli",
        "serve",
        "--data",
        str(tmp_path),
        "--http-port",
        "0",
        "--https-port",
        "0",
    ]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as server:
        assert server.stdout is not None
        assert "answers" in server.stdout.readline()
        for _ in range(3):
            server.send_signal(signal.SIGUSR2)
        time.sleep(0.2)
        assert server.poll() is None
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
        assert server.stderr is not None
        assert "not reloaded" in server.stderr.read()


def test_every_block_of_the_page_is_carried_out_or_written_or_known() -> None:
    """What is neither a shell block nor a file is a container, which needs a builder, or a summary of commands."""
    text = SHELL.sub("", FILES.sub("", PAGE.read_text()))
    rest = re.findall(r"```\n(.*?)\n```", text, re.DOTALL)
    assert [block.split()[0] for block in rest] == ["FROM", "bodega", "bodega"]
