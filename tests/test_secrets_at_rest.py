"""What is on disk: files that nobody else may read, digests of what is compared, and sealed what must be read back."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bodega import passwords, private
from bodega.access import apps, owners
from bodega.access.scopes import ALL
from bodega.cli import main
from bodega.cli.serve import look_after_secrets
from bodega.config import DataLocation
from bodega.server.tls import PUBLIC, ensure_certificate
from bodega.storage import key_care, migrate
from bodega.storage.opening import KEY_FILE_VARIABLE, open_backend
from bodega.storage.sealing import NoKey, Sealer, is_sealed, key_id
from bodega.storage.sqlite.connection import connect
from panel import PASSWORD, signed_in
from postgres import database
from shop import Server

Place = tuple[str, ...]


class Desk:
    """Commands at a place whose key file is known."""

    def __init__(self, place: Place, key: Path) -> None:
        self.place = place
        self.key = key

    def run(self, line: str) -> Result:
        """A command as typed."""
        for server in list(Server.everyone):
            server.rest()
        return CliRunner(env={"BODEGA_DATA": None, "BODEGA_DATABASE": None}).invoke(main, [*line.split(), *self.place])

    def done(self, line: str) -> Any:
        """What a command prints with --json."""
        result = self.run(f"{line} --json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def failed(self, line: str) -> str:
        """What a command says that cannot be done."""
        result = self.run(line)
        assert result.exit_code == 1, result.output
        return result.stderr

    @property
    def there(self) -> tuple[Path | None, str | None]:
        """The place, as backends are opened."""
        return (Path(self.place[1]), None) if self.place[0] == "--data" else (None, self.place[1])

    def secret(self, runner: asyncio.Runner, client_id: str, store: str = "shop") -> str:
        """The client secret as a server reads it."""

        async def work() -> str:
            backend = await open_backend(*self.there)
            try:
                found = {one.client_id: one.secret for one in await backend.registry.accounts(store)}
                return found[client_id]
            finally:
                await backend.close()

        return runner.run(work())


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A place with a key file of its own: in the directory, or where the variable says."""
    if request.param == "sqlite":
        monkeypatch.delenv(KEY_FILE_VARIABLE)
        yield Desk(("--data", str(tmp_path / "data")), tmp_path / "data" / "secrets.key")
        return
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(tmp_path / "its.key"))
    with database(request.getfixturevalue("postgres_url")) as url:
        yield Desk(("--database", url), tmp_path / "its.key")


def test_no_byte_of_the_data_folder_is_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: asyncio.Runner
) -> None:
    """Issue 12, point 6: tokens, client secrets, passwords, session cookies, codes, links; in every file there is."""
    monkeypatch.delenv(KEY_FILE_VARIABLE)
    data = tmp_path / "data"
    server = Server(runner, runner.run(open_backend(data, None))).awake()
    shop = server.shop()
    desk = Desk(("--data", str(data)), data / "secrets.key")
    secrets: dict[str, str] = {"token": shop.token, "password": PASSWORD}
    for kind in ("", " --basic"):
        made = desk.done(f"account create {shop.name} ERP{kind}")
        secrets |= {f"token{kind}": made["token"], f"client secret{kind}": made["client_secret"]}
    browser = signed_in(shop)
    secrets |= {f"cookie {name}": value for name, value in browser.cookies.items()}
    registry = server.backend.registry

    async def install() -> None:
        now = int(time.time())
        owner = (await owners.of_store(registry.tx, shop.name))[0]
        urls = {"auth_url": "https://app/", "load_url": "", "uninstall_url": "", "remove_user_url": ""}
        app = await apps.register(registry, owner.id, "App", ALL, urls, now)
        code = await apps.grant(registry.tx, app, shop.name, owner.id, now)
        granted = await apps.redeem(registry.tx, app, code, now)
        record = await registry.store(shop.name)
        assert granted is not None
        assert record is not None
        token, account = await apps.install(registry, app, record, granted, now)
        assert (await apps.find(registry, app.client_id)) == app
        assert account.secret == app.secret
        unused = await apps.grant(registry.tx, app, shop.name, owner.id, now)
        link = await owners.invite(registry.tx, shop.name, "new@example.com", now, 3600)
        secrets.update({"app": app.secret, "code": code, "code 2": unused, "app token": token, "link": link})

    runner.run(install())
    shop.brand()
    hook = {"scope": "store/product/*", "destination": "https://receiver.example/", "is_active": True}
    assert shop.post("/v3/hooks", hook).status == 200
    desk.done(f"store snapshot {shop.name} one")
    desk.done(f"store backup {shop.name} {data / 'backup'}")
    desk.done("key rotate")
    desk.done(f"store backup {shop.name} {data / 'backup-2'}")
    keys = [line.split()[1] for line in desk.key.read_text().splitlines()]
    assert len(keys) == 2
    for turn in ("while it runs", "afterwards"):
        files = [path for path in data.rglob("*") if path.is_file() and path != desk.key]
        assert {"registry.db", "backup", "one.db"} <= {path.name for path in files}
        for path in files:
            content = path.read_bytes()
            found = [name for name, secret in secrets.items() if secret.encode() in content]
            assert found == [], f"{path.name}, {turn}"
            assert not [key for key in keys if key.encode() in content]
        if turn == "while it runs":
            runner.run(server.app.stop())


def test_secrets_of_an_earlier_version_are_sealed_and_wiped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: asyncio.Runner
) -> None:
    """They are not left in the file or its log."""
    monkeypatch.delenv(KEY_FILE_VARIABLE)
    secret = "0123456789abcdef" * 4
    private.touch(tmp_path / "registry.db")
    with closing(connect(tmp_path / "registry.db")) as made:
        made.execute(migrate.TABLE)
        for step in migrate.registry_migrations()[:6]:
            for statement in step.statements("sqlite"):
                made.execute(statement)
            made.execute(migrate.WRITE.replace("$", "?"), (step.number, step.name))
        made.execute(
            "INSERT INTO stores (hash, number, plan, limits, settings, maintenance, clock, created, revision, place)"
            " VALUES ('shop', 1000, 'plus', '{}', '{}', 0, '{}', 7, 3, 'abcd')"
        )
        made.execute(
            "INSERT INTO accounts VALUES ('c1', 'shop', 'ERP', 'oauth', '', 'd1', ?, 'store_v2_orders', 9, 8, 0, 7, 2)",
            (secret,),
        )
    assert Desk(("--data", str(tmp_path)), tmp_path / "secrets.key").secret(runner, "c1") == secret
    for path in tmp_path.iterdir():
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277])
def test_files_are_0600_and_folders_0700_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    """Issue 12, point 6: registry, logs, stores, snapshots, backups, keys; and what was there before is mended."""
    monkeypatch.delenv(KEY_FILE_VARIABLE)
    data = tmp_path / "data"
    desk = Desk(("--data", str(data)), data / "secrets.key")
    before = os.umask(umask)
    try:
        ensure_certificate(data, "localhost")
        desk.done("store create shop")
        desk.done("store snapshot shop one")
        desk.done(f"store backup shop {data / 'backups' / 'mine'}")
        with closing(connect(data / "registry.db")) as held:
            held.execute("UPDATE stores SET plan = 'plus'")  # a log stays as long as somebody has the file open
            open_to_others(data)
            for path in data.rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)
            data.chmod(0o755)
            assert open_to_others(data)
            look_after_secrets(DataLocation(data))
            assert (data / "registry.db-wal").exists()
            assert open_to_others(data) == []
    finally:
        os.umask(before)


def open_to_others(data: Path) -> list[str]:
    """The files and folders that somebody else may use."""
    return [
        f"{path.name} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in (data, *data.rglob("*"))
        if path.name not in PUBLIC and stat.S_IMODE(path.stat().st_mode) != (0o700 if path.is_dir() else 0o600)
    ]


def test_what_is_made_is_closed_to_others_from_the_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any mending."""
    monkeypatch.delenv(KEY_FILE_VARIABLE)
    monkeypatch.setattr(private, "mend_below", lambda *_: None)
    data = tmp_path / "a" / "b"
    desk = Desk(("--data", str(data)), data / "secrets.key")
    before = os.umask(0)
    try:
        desk.done("store create shop")
        desk.done("account create shop ERP")
        desk.done("store snapshot shop one")
        desk.done(f"store backup shop {data / 'backups' / 'mine'}")
        assert open_to_others(tmp_path / "a") == []
    finally:
        os.umask(before)


def test_a_shared_folder_is_left_as_it_is(tmp_path: Path) -> None:
    """As /tmp: closing it would shut others out."""
    tmp_path.chmod(0o1777)
    assert not private.mend(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


# The key


def test_a_secret_is_bound_to_its_row_and_to_its_key(tmp_path: Path) -> None:
    """It cannot be moved to another account, nor opened by another key, nor changed."""
    sealer = Sealer(tmp_path / "one")
    sealer.make()
    sealed = sealer.seal("s3cret", "client a")
    assert is_sealed(sealed)
    assert sealer.seal(sealed, "client a") == sealed
    assert sealer.open(sealed, "client a") == "s3cret"
    assert sealer.open(sealed, "client b") is None
    assert sealer.open(sealed[:-6] + "AAAA==", "client a") is None
    other = Sealer(tmp_path / "two")
    other.make()
    assert other.open(sealed, "client a") is None
    assert sealer.seal("s3cret", "client a") != sealed, "the same secret twice looks different"
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


def test_two_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    """The file is complete from the first moment."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: Sealer(tmp_path / "key").make(), range(16)))
    assert len(names) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_rotating_keeps_secrets_readable_and_backups_too(desk: Desk, runner: asyncio.Runner, tmp_path: Path) -> None:
    """A server that runs reads the new file by itself."""
    desk.done("store create shop")
    made = desk.done("account create shop ERP")

    async def served() -> Any:
        return await open_backend(*desk.there)

    backend = runner.run(served())
    try:
        first = desk.done("key show")
        assert (first["lost"], first["readable_secrets"], first["unreadable_secrets"]) == (False, 1, 0)
        assert first["file"] == str(desk.key)
        desk.done(f"store backup shop {tmp_path / 'old'}")
        assert desk.done("key rotate")["secrets"] == 1
        second = desk.done("key show")
        assert second["key"] != first["key"]
        assert second["older_keys"] == [first["key"]]
        [account] = runner.run(backend.registry.accounts("shop"))
        assert account.secret == made["client_secret"]
    finally:
        runner.run(backend.close())
    desk.done("store delete shop")
    desk.done(f"store recover shop {tmp_path / 'old'}")
    assert desk.secret(runner, made["client_id"]) == made["client_secret"]
    assert desk.done("key rotate --forget --yes")["forgotten"] is True
    assert len(desk.key.read_text().splitlines()) == 1
    assert desk.secret(runner, made["client_id"]) == made["client_secret"]
    desk.done("store delete shop")
    desk.done(f"store recover shop {tmp_path / 'old'}")
    assert desk.secret(runner, made["client_id"]) == "", "its key was forgotten"
    new = desk.done(f"account secret shop {made['client_id']}")["client_secret"]
    assert desk.secret(runner, made["client_id"]) == new


@pytest.mark.parametrize("loss", ["missing", "another", "rubbish"])
def test_a_lost_key_is_told_and_new_secrets_are_issued(
    desk: Desk, runner: asyncio.Runner, loss: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 12, point 6: a clear error, and a command; tokens stay valid, and a copy of the key mends all."""
    desk.done("store create shop")
    made = desk.done("account create shop ERP")
    kept = desk.key.read_bytes()
    if loss == "missing":
        desk.key.unlink()
    elif loss == "another":
        from base64 import b64encode

        desk.key.write_text(f"{key_id(b'x' * 32)} {b64encode(b'x' * 32).decode()}\n")
    else:
        desk.key.write_text("rubbish")
    if loss == "rubbish":
        assert "it is no key file" in desk.failed("account create shop CRM")
        desk.key.unlink()
    if loss != "another":
        assert "is missing or holds another key" in desk.failed("account create shop CRM")
        assert "bodega key replace" in desk.failed("key rotate")
        assert len(desk.done("account list shop")) == 1, "what needs no secret goes on"
    shown = desk.done("key show")
    assert (shown["lost"], shown["unreadable_secrets"]) == (True, 1)
    assert desk.secret(runner, made["client_id"]) == ""
    place = DataLocation(desk.there[0] or Path("bodega-data"), desk.there[1])
    look_after_secrets(place)
    assert "bodega key replace" in capsys.readouterr().err
    lost = desk.key.read_bytes() if desk.key.exists() else None
    desk.key.write_bytes(kept)
    assert desk.secret(runner, made["client_id"]) == made["client_secret"], "the copy was put back"
    desk.key.unlink() if lost is None else desk.key.write_bytes(lost)
    [issued] = desk.done("key replace")["issued"]
    assert (issued["kind"], issued["store"], issued["client_id"]) == ("account", "shop", made["client_id"])
    assert desk.secret(runner, made["client_id"]) == issued["client_secret"] != made["client_secret"]
    assert desk.done("key show")["lost"] is False
    assert desk.done("key replace")["issued"] == []
    desk.done("account create shop CRM")


def test_an_app_and_its_accounts_get_the_same_new_secret(desk: Desk, runner: asyncio.Runner) -> None:
    """And an app whose secret cannot be read is not authenticated by an empty one."""
    desk.done("store create shop")

    async def install() -> Any:
        backend = await open_backend(*desk.there)
        registry = backend.registry
        owner = await owners.add(registry.tx, "a@example.com", "shop", await passwords.hashed(PASSWORD), 0)
        urls = {"auth_url": "https://app/", "load_url": "", "uninstall_url": "", "remove_user_url": ""}
        app = await apps.register(registry, owner.id, "App", ALL, urls, 0)
        record = await registry.store("shop")
        assert record is not None
        grant = apps.Grant(app.client_id, "shop", owner.id, ALL)
        _, account = await apps.install(registry, app, record, grant, 0)
        await backend.close()
        return app, account, owner

    app, account, owner = runner.run(install())
    desk.key.unlink()

    async def unsigned() -> None:
        backend = await open_backend(*desk.there)
        found = await apps.find(backend.registry, app.client_id)
        assert found is not None
        assert found.secret == ""
        with pytest.raises(NoKey):
            apps.signed_payload(found, "shop", owner, owner, 0)
        await backend.close()

    runner.run(unsigned())
    issued = {new["kind"]: new for new in desk.done("key replace")["issued"]}
    assert issued["app"]["client_secret"] == issued["account"]["client_secret"] != app.secret
    assert issued["account"]["client_id"] == account.client_id


def test_the_address_of_a_server_is_sealed(runner: asyncio.Runner, postgres_url: str) -> None:
    """It may hold a password."""
    with database(postgres_url) as url, database(postgres_url) as there:
        place = ("--database", url)
        desk = Desk(place, Path())
        desk.done(f"store create far --server {there}")
        assert desk.done("store show far")["server"].startswith("postgresql://")

        async def kept() -> str:
            backend = await open_backend(None, url)
            try:
                [row] = await backend.registry.tx.rows("SELECT server FROM stores")
                assert await key_care.without_address(backend.registry) == []
                return str(next(iter(row)))
            finally:
                await backend.close()

        assert is_sealed(runner.run(kept()))
