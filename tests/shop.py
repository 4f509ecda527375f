"""A store to test: the whole house in one process, asked through ASGI, on either database."""

from __future__ import annotations

import asyncio
import json as stdlib_json
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

from bodega.access.plans import NO_HOUR
from bodega.access.scopes import READERS, SCOPES
from bodega.app import Application, make_app
from bodega.clock import Clock
from bodega.events import hooks
from bodega.events.hooks import Hook
from bodega.http.remembered import Memory
from bodega.http.response import read_fields
from bodega.server.whole import Whole
from bodega.storage.aggregate import Aggregate
from bodega.storage.backend import Backend
from bodega.storage.creating import create_store
from bodega.storage.postgres.backend import PostgresBackend
from bodega.storage.postgres.registry import CHANNEL
from bodega.storage.registry import Account, StoreRecord, digest
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.table import Table
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit
from bodega.tasks import queue
from pool import Schemas, place_file

PATIENCE = 60.0
"""Seconds that only bound a hang: whoever waits looks again and again, and goes on as soon as it is so."""
MAX_OPEN = 8
"""Stores that a house of the tests keeps open: each holds connections, and a database server has few of them. A store
that was closed is opened again by its next request."""
EVERYTHING = frozenset(scope for scope in SCOPES if scope not in READERS.values())


@dataclass
class Reply:
    """An answer as a client sees it; `headers` by lower-case name."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as data."""
        return stdlib_json.loads(self.body)

    @property
    def data(self) -> Any:
        """V3's `data`."""
        return self.json["data"]

    @property
    def reason(self) -> str:
        """The word of a refusal."""
        return self.headers.get("bodega-reason", "")


REPEATED = ("set-cookie", "link")
"""Fields that a reply may have several of: they are joined by a line break."""


class Heard:
    """Knows when the houses of this process have heard of all that changed in a registry on PostgreSQL."""

    everyone: WeakSet[Heard] = WeakSet()

    def __init__(self, backend: PostgresBackend) -> None:
        self._backend = backend
        self._registry: Any = backend.registry
        self._tell = self._registry.hear
        self._registry.hear = self._hear
        self._awaited: dict[str, asyncio.Event] = {}
        self.everyone.add(self)

    def _hear(self, *told: Any) -> None:
        """A notification carries its word; without one the connection is new, and everything is read again."""
        self._tell(*told)
        for word in list(self._awaited) if len(told) < 4 else told[3:]:
            if word in self._awaited:
                self._awaited.pop(word).set()

    async def wait(self) -> None:
        """Sends one more notification: they arrive in the order of their commits."""
        word = secrets.token_hex(8)
        houses = [each for each in self.everyone if each._backend.dsn == self._backend.dsn and each._listens()]
        heard = [each._awaited.setdefault(word, asyncio.Event()) for each in houses]
        await self._registry.tx.run(f"NOTIFY {CHANNEL}, '{word}'")
        for event in heard:
            await asyncio.wait_for(event.wait(), PATIENCE)

    def _listens(self) -> bool:
        task = self._registry._listening
        return task is not None and not task.done()


class Borrowed:
    """The stores that a test has been given, or a fixture that outlives one, until they are given back."""

    _takers: list[list[Shop]] = [[]]

    @classmethod
    def add(cls, shop: Shop) -> None:
        """A store for whoever is being set up now: such a fixture, or else the test."""
        cls._takers[-1].append(shop)

    @classmethod
    def begin(cls) -> None:
        """From now on stores are for a fixture that outlives the test."""
        cls._takers.append([])

    @classmethod
    def end(cls) -> list[Shop]:
        """Its stores."""
        return cls._takers.pop()

    @classmethod
    def of_the_test(cls) -> list[Shop]:
        """The stores of the test that has just ended."""
        shops, cls._takers[0] = cls._takers[0], []
        return shops

    @staticmethod
    def give_back(shops: list[Shop]) -> None:
        """The last comes first."""
        while shops:
            shop = shops.pop()
            shop.server.take_back(shop)


class Server:
    """A running application on a backend. One event loop serves all tests of a session."""

    everyone: WeakSet[Server] = WeakSet()

    def __init__(self, runner: asyncio.Runner, backend: Backend, *, insecure_http: bool = True) -> None:
        self.runner = runner
        self.backend = backend
        self.takes_back = False
        self.schemas: Schemas | None = None
        self._heard = Heard(backend) if isinstance(backend, PostgresBackend) else None
        self.app: Application = runner.run(
            make_app(
                backend, insecure_http=insecure_http, https_port=8443, log="BODEGA_TEST_LOG" in os.environ, lab=True
            )
        )
        runner.run(self.app.start())
        self._count = 0
        self.everyone.add(self)

    def rest(self) -> None:
        """Lets the reads and writes end that are under way: nobody runs this loop while a command runs in the tests'
        thread, and the command would wait for ever for a transaction that is open here."""
        while any(map(_at_work, self.app.stores.opened_now())):
            self.run(asyncio.sleep(0.002))

    def awake(self) -> Server:
        """Once it has looked at the stores that are there: else it might find a new one before that is ready."""
        assert self.app._waking is not None
        self.run(asyncio.wait([self.app._waking]))
        return self

    def run(self, work: Any) -> Any:
        """Runs a coroutine on the server's loop."""
        return self.runner.run(work)

    def hear(self) -> None:
        """Waits until every house of this process has heard of the last change: on PostgreSQL that takes a moment."""
        self.run(self.heard())

    async def heard(self) -> None:
        """The same, for a coroutine."""
        if self._heard is not None:
            await self._heard.wait()

    def shop(self, plan: str = "sandbox", **settings: Any) -> Shop:
        """A fresh store with one account that may do everything."""
        if self.backend.registry.tx.dialect == "postgresql":
            for oldest in list(self.app.stores._open)[:-MAX_OPEN]:
                Shop(self, oldest).close()
        waking = self.app._waking
        if waking is not None and not waking.done():  # else it finds the new store without a schema, and upgrades it
            self.run(asyncio.wait([waking]))
        self._count += 1
        name = f"t{self._count}-{secrets.token_hex(3)}"
        self.run(create_store(self.backend, name, plan, settings, int(time.time()), make=self._place))
        shop = Shop(self, name)
        shop.token = shop.account()
        if self.takes_back:
            Borrowed.add(shop)
        return shop

    async def _place(self, record: StoreRecord) -> None:
        """Makes a new store's database, out of what is there already where that is quicker."""
        if self.schemas is not None:
            await self.schemas.place(record)
        elif isinstance(self.backend, SqliteBackend):
            place_file(self.backend, record)
        else:
            await self.backend.create(record)

    def lasting(self) -> Server:
        """A house for many tests: what a store of one test leaves behind is cleared away, or serves the next."""
        self.takes_back = True
        if isinstance(self.backend, PostgresBackend):
            self.schemas = Schemas(self.backend)
        return self

    def stop(self) -> None:
        """The end of a lasting house."""
        self.takes_back = False
        if self.schemas is not None:
            self.run(self.schemas.close())
        self.run(self.app.stop())

    def take_back(self, shop: Shop) -> None:
        """The end of a store, unless its house has ended before."""
        if not self.takes_back:
            return
        record = self.run(self.backend.registry.store(shop.name))
        shop.close()
        if record is not None and not record.server:
            self.run(self.backend.registry.drop_store(shop.name))
            if self.schemas is not None:
                self.run(self.schemas.take_back(record))
            else:
                self.run(self.backend.drop(record))

    def send(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes, scheme: str) -> Reply:
        """One request through ASGI."""
        path, _, query = target.partition("?")
        sent: list[Any] = []
        scope = {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "path": path,
            "raw_path": quote(path, safe="/%:").encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        async def answer() -> None:
            """As the server does it: outside of a task where the application offers that."""
            loop = asyncio.get_running_loop()
            begun: asyncio.Future[Any] = loop.create_future()
            loop.call_soon(lambda: begun.set_result(self.app.at_once(scope, receive)))
            reply = await begun
            if reply is None:
                await self.app(scope, receive, send)
                return
            if not isinstance(reply, Whole) and (future := reply.waits_for) is not None:
                later, going_on = reply, loop.create_future()
                future._asyncio_future_blocking = False
                future.add_done_callback(lambda _over: going_on.set_result(later.go_on()))
                reply = await going_on or later
            whole = reply if isinstance(reply, Whole) else await reply
            sent.append({"status": whole.status, "headers": [*read_fields(whole.head), *whole.headers]})
            sent.append({"body": whole.body})

        self.run(answer())
        answered: dict[str, str] = {}
        for name, value in sent[0]["headers"]:
            told, text = name.decode(), value.decode("latin-1")
            repeats = told in REPEATED and told in answered
            answered[told] = f"{answered[told]}\n{text}" if repeats else text
        return Reply(sent[0]["status"], answered, b"".join(part["body"] for part in sent[1:]))


@contextmanager
def reached(server: Server, **facts: Any) -> Iterator[None]:
    """Until the block ends the server is reached in another way: members of `AppContext`, as `behind_tls`."""
    from msgspec.structs import replace as changed

    api = server.app._api
    real, behind, memory = api._app, api._behind_proxy, api._memory
    api._app = changed(real, **facts)
    api._behind_proxy = api._app.behind_tls or bool(api._app.proxies.trusted)
    api._memory = Memory(api._app)
    try:
        yield
    finally:
        api._app, api._behind_proxy, api._memory = real, behind, memory


def _at_work(rows: Any) -> bool:
    """Whether a write is under way, or a read: a statement that PostgreSQL has parsed and not yet run holds a lock."""
    readers = getattr(rows, "_readers", None)
    return bool(rows.busy) or (readers is not None and readers._open > len(readers._free))


class Shop:
    """One store. Paths are below the store: `/v3/catalog/products`."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.token = ""
        self._heard = 0

    def account(
        self, *scopes: str, kind: str = "oauth", per_window: int = 10_000_000, per_hour: int | None = None
    ) -> str:
        """A new account with these scopes (all when none is named): its token. A Basic user's name is `user`."""
        token = secrets.token_hex(8)
        username = "user" if kind == "basic" else ""
        granted = frozenset(scopes) or EVERYTHING
        if per_hour is None:
            per_hour = 10_000_000 if kind == "basic" else NO_HOUR
        account = Account(
            secrets.token_hex(8), self.name, "test", kind, username, digest(token), "secret", granted,
            per_hour, per_window, False, int(time.time()), 0,
        )  # fmt: skip
        self.server.run(self.server.backend.registry.add_account(account))
        self.server.hear()
        return token

    def request(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        token: str | None = None,
        scheme: str = "https",
        base: str | None = None,
    ) -> Reply:
        """One request; `json` is sent as JSON, `body` as it is. `token=""` sends no credentials."""
        sent = {"host": "localhost:8443", **{name.lower(): value for name, value in (headers or {}).items()}}
        secret = self.token if token is None else token
        if secret:
            sent.setdefault("x-auth-token", secret)
        if json is not None:
            body = stdlib_json.dumps(json).encode()
            sent.setdefault("content-type", "application/json")
        if body:
            sent.setdefault("content-length", str(len(body)))
        target = (f"/stores/{self.name}" if base is None else base) + path
        return self.server.send(method, target, list(sent.items()), body, scheme)

    def get(self, path: str, **more: Any) -> Reply:
        """GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Reply:
        """POST."""
        return self.request("POST", path, json, **more)

    def upload(self, path: str, *parts: tuple[str, str | None, str, bytes], method: str = "POST", **more: Any) -> Reply:
        """A form; a part is its name, the name of its file (None: it is text), its media type and its bytes."""
        body = b""
        for name, filename, media_type, content in parts:
            named = f'; filename="{filename}"' if filename is not None else ""
            head = f'--edge\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'
            typed = f"Content-Type: {media_type}\r\n" if media_type else ""
            body += f"{head}{typed}\r\n".encode() + content + b"\r\n"
        headers = {"content-type": "multipart/form-data; boundary=edge", **more.pop("headers", {})}
        return self.request(method, path, body=body + b"--edge--\r\n", headers=headers, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> Reply:
        """PUT."""
        return self.request("PUT", path, json, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        """DELETE."""
        return self.request("DELETE", path, **more)

    def change(self, **parts: Any) -> None:
        """Changes the registry's record: plan, limits, settings, maintenance, clock."""
        import msgspec

        registry = self.server.backend.registry
        record = self.server.run(registry.store(self.name))
        assert record is not None
        if "settings" in parts:
            parts["settings"] = {**record.settings, **parts["settings"]}
        self.server.run(registry.save_store(msgspec.structs.replace(record, **parts)))
        self.server.hear()

    def close(self) -> None:
        """Lets go of the store's rows; the next request opens it again."""
        stores = self.server.app.stores
        stores._fresh.pop(self.name, None)
        store = stores._open.pop(self.name, None)
        if store is not None:
            self.server.run(store.close())

    def freeze(self, epoch: float) -> None:
        """Stops the store's clock at a time in UTC seconds."""
        self.change(clock=Clock(frozen=epoch))

    def rows(self, table: str) -> int:
        """How many rows a table holds."""
        store = self.server.run(self.server.app.stores.get(self.name))
        assert store is not None
        return int(self.server.run(store.rows.reader.row(f"SELECT count(*) FROM {table}"))[0])

    def watch(self) -> None:
        """Has every event of the store from now on kept for `events`: a hook that asks for all, and is nobody's."""

        async def job(unit: Unit) -> None:
            unit.model = unit.model.with_rules(Aggregate(hooks.TABLE))  # no rule says that this scope is unknown
            await unit.insert(hooks.TABLE, Hook(scope="store/*", destination="https://nowhere.invalid/"))

        self.write(job)
        self._heard = 0  # in a store that was emptied numbers begin again
        self.events()

    def events(self) -> list[tuple[str, Any]]:
        """Scope and data of the events fired since the last call, in order; `watch` comes first."""
        mine = "SELECT id FROM hooks WHERE client_id = $2"
        sql = f"SELECT id, scope, data FROM deliveries WHERE id > $1 AND hook_id IN ({mine}) ORDER BY id"
        found = self.select(sql, self._heard, "")
        self._heard = found[-1][0] if found else self._heard
        return [(row[1], stdlib_json.loads(row[2])) for row in found]

    def wait_for(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
        """Lets the server work until the condition holds."""
        give_up = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < give_up, "this did not happen in time"
            self.server.run(asyncio.sleep(0.01))

    def pause(self, seconds: float) -> None:
        """Lets the server work for a while."""
        self.server.run(asyncio.sleep(seconds))

    def read(self, work: Callable[[Tx], Awaitable[Any]]) -> Any:
        """What a question to the store's rows is answered with."""
        store = self.server.run(self.server.app.stores.get(self.name))
        assert store is not None
        assert store.rows is not None
        return self.server.run(work(store.rows.reader))

    def hook(self, scope: str, destination: str, **more: Any) -> int:
        """A new hook's id; the store lets private addresses pass."""
        self.change(settings={"webhooks.allow_private": True})
        body = {"scope": scope, "destination": destination, "is_active": True, **more}
        return int(self._made("/v3/hooks", body))

    def redeclare(self, table: Table, **facts: Any) -> Callable[[], None]:
        """Writes of this store now find other facts declared of a table, as a lower cap. What it returns undoes it."""
        store = self.server.run(self.server.app.stores.get(self.name))
        rows = self.server.run(store.ready())
        declared = rows.model
        rules = declared.rules_of(table)
        rows.model = declared.with_rules(replace(rules, table=replace(table, **facts)))
        return lambda: setattr(rows, "model", declared)

    def write(self, job: Callable[[Unit], Awaitable[Any]]) -> Any:
        """Runs a job in a transaction of the store."""
        store = self.server.run(self.server.app.stores.get(self.name))
        assert store is not None
        return self.server.run(store.write(job))

    def alter(self, *commands: str) -> None:
        """Runs commands that may change tables; of a cluster only the coordinator takes those."""
        backend = self.server.backend

        async def at_the_coordinator() -> None:
            record = await backend.registry.store(self.name)
            async with backend._connected(record) as connection, connection.transaction():
                for command in commands:
                    await connection.execute(command)

        async def job(unit: Unit) -> None:
            for command in commands:
                await unit.tx.run(command)

        if isinstance(backend, PostgresBackend):
            self.server.run(at_the_coordinator())
        else:
            self.write(job)

    def select(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        return [tuple(row) for row in self.read(lambda tx: tx.rows(sql, *values))]

    def settle(self, task: int, seconds: float = PATIENCE, token: str | None = None) -> Any:
        """Waits for a task to end; its V3 form."""
        give_up = time.monotonic() + seconds
        while True:
            shown = self.get(f"/v3/tasks/{task}", token=token).data
            if shown["state"] in ("done", "failed"):
                return shown
            assert time.monotonic() < give_up, shown
            self.server.run(asyncio.sleep(0.005))

    def task(self, method: str, path: str, body: Any) -> int:
        """A task that is made without being judged before, ended: its id. What keeps it from being done came later."""
        store = self.server.run(self.server.app.stores.get(self.name))
        client_id = next(iter(store.by_client))
        asked = queue.TaskRequest(
            method, f"/stores/{self.name}{path}", {"content-type": "application/json"}, stdlib_json.dumps(body)
        )

        async def job(unit: Unit) -> int:
            row = await queue.enqueue(unit, asked, base="https://localhost:8443", client_id=client_id)
            return int(row.entity.id)

        made: int = self.server.run(store.write(job))

        async def wake() -> None:
            self.server.app._worker.wake_worker(store)

        self.server.run(wake())
        self.settle(made)
        return made

    # What most tests need: one of each.

    def category(self, name: str = "Tools", **more: Any) -> int:
        """A new category's id."""
        return int(self._made("/v3/catalog/categories", {"name": name, "parent_id": 0, **more}))

    def brand(self, name: str = "Acme", **more: Any) -> int:
        """A new brand's id."""
        return int(self._made("/v3/catalog/brands", {"name": name, **more}))

    def product(self, name: str = "Hammer", **more: Any) -> int:
        """A new product's id."""
        return int(
            self._made("/v3/catalog/products", {"name": name, "type": "physical", "price": 10, "weight": 1, **more})
        )

    def _made(self, path: str, json: Any) -> int:
        reply = self.post(path, json)
        assert reply.status == 200, reply.body
        return int(reply.data["id"])
