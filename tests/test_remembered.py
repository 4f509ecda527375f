"""Requests like one that passed before (http/remembered.py): nobody can tell that they are not judged anew."""

from __future__ import annotations

import asyncio
import json
import random
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bodega.http import remembered
from bodega.http.products import Seen
from bodega.http.remembered import HEADERS, Memory, Verdict, key_of
from bodega.http.request import Request, headers_of, read_head
from bodega.http.router import Routes
from bodega.http.steps import execution
from bodega.http.steps.table import INPUTS, LAW, Steps
from bodega.kit.actions import Action, Update
from bodega.kit.context import Found
from bodega.kit.route import Route
from bodega.storage.opening import open_backend
from bodega.storage.sqlite.backend import SqliteBackend
from shop import Reply, Server, Shop

NOW = 1_700_000_000
PARTS = {
    "method": "method", "reads": "method", "secure": "scheme", "query": "query", "host": b"host",
    **dict.fromkeys(("path", "raw_path", "host_form", "store", "version", "segments", "suffix", "prefix"), "path"),
}  # fmt: skip
"""The part of the request line, or the header, on which a member of a request depends."""


# What a step reads


class WatchedHeaders(Mapping[bytes, bytes]):
    """Headers that note who is looked up."""

    def __init__(self, headers: Mapping[bytes, bytes], read: set[str | bytes]) -> None:
        self._headers, self._read = headers, read

    def __getitem__(self, name: bytes) -> bytes:
        self._read.add(name)
        return self._headers[name]

    def __contains__(self, name: object) -> bool:
        assert isinstance(name, bytes)
        self._read.add(name)
        return name in self._headers

    def __iter__(self) -> Iterator[bytes]:
        self._read.add("every header")
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


class WatchedRequest:
    """A request that notes which inputs are read of it."""

    def __init__(self, request: Request) -> None:
        self.request, self.read = request, set[str | bytes]()

    def __getattr__(self, name: str) -> Any:
        if name == "headers":
            return WatchedHeaders(self.request.headers, self.read)
        if name not in PARTS:
            self.read.add(f"Request.{name}")
        else:
            self.read.add(PARTS[name])
        return getattr(self.request, name)


def watching(found: dict[str, set[str | bytes]], law: Steps = LAW) -> Steps:
    """The law, whose remembered steps note in `found` what they read when they let a request pass."""

    def watched(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            watch = [WatchedRequest(one) if isinstance(one, Request) else one for one in given]
            product = step(*watch)
            for one in watch:
                if isinstance(one, WatchedRequest):
                    found.setdefault(name, set()).update(one.read)
            return product

        return run

    changed = {name: watched(name, getattr(law, name)) for name in INPUTS}
    return Steps(**{name: changed.get(name, getattr(law, name)) for name in Steps._fields})


def undeclared(found: Mapping[str, Collection[str | bytes]]) -> dict[str, set[str | bytes]]:
    """What was read and is not named in INPUTS."""
    return {name: more for name, read in found.items() if (more := set(read) - set(INPUTS[name]))}


def test_steps_read_what_they_say(shop: Shop) -> None:
    """Over many requests that differ in all that a request can: a step that reads more would not be in the key."""
    found: dict[str, set[str | bytes]] = {}
    chance = random.Random(25)
    api = shop.server.app._api
    shop.post("/v3/catalog/brands", {"name": "A"})
    statuses = set()
    for _ in range(400):
        asked = some_request(chance)
        token = chance.choice([shop.token, shop.token, shop.token, "wrong", ""])
        request = request_of(shop, asked, token)
        response = shop.server.run(api._answer(watching(found), request, Seen(request.error_media)))
        statuses.add(response.status)
    assert found.keys() == INPUTS.keys(), "every remembered step let something pass"
    assert undeclared(found) == {}
    assert {200, 401, 404} <= statuses


def test_a_step_that_reads_more_is_found(shop: Shop) -> None:
    """The test above can fail."""
    found: dict[str, set[str | bytes]] = {}

    def acceptable(request: Request, action: Action) -> Any:
        request.headers.get(b"x-strange")
        return LAW.acceptable(request, action)

    law = Steps(**{**{name: getattr(LAW, name) for name in Steps._fields}, "acceptable": acceptable})
    request = request_of(shop, ("GET", "/v3/catalog/brands", {}, None))
    shop.server.run(shop.server.app._api._answer(watching(found, law), request, Seen(request.error_media)))
    assert undeclared(found) == {"acceptable": {b"x-strange"}}


OTHERS = {"method": "PUT", "scheme": "http", "path": "/stores/b/v3/x/7"}


def test_the_key_is_every_declared_input() -> None:
    """Two requests that differ in one of them have two keys; the id at the end is told beside."""
    scope = {"method": "GET", "scheme": "https", "path": "/stores/a/v3/x/7", "headers": []}
    key, last = key_of(scope, {})
    assert last == "7"
    assert key_of({**scope, "path": "/stores/a/v3/x/8"}, {}) == (key, "8")
    others = [
        *(
            {**scope, part: value}
            for part, value in (("method", "PUT"), ("scheme", "http"), ("path", "/stores/b/v3/x/7"))
        ),
        {**scope, "path": "/stores/a/v3/x"},
        {**scope, "path": "/stores/a/v3/x/\u0667"},
    ]
    keys = {key, *(key_of(other, {})[0] for other in others), *(key_of(scope, {name: b"1"})[0] for name in HEADERS)}
    assert len(keys) == 1 + len(others) + len(HEADERS)
    named = {name for inputs in INPUTS.values() for name in inputs}
    assert named == {"method", "scheme", "path", *HEADERS}


def test_every_remembered_step_has_its_place() -> None:
    """`Verdict` answers for exactly the steps with inputs, and for the one whose product it compares itself."""
    assert {name for name in Steps._fields if hasattr(Verdict, name)} == {*INPUTS, "parse_query"}


def test_a_path_with_a_number_of_its_own_is_refused() -> None:
    """The id at the end of a path is not in the key, so no route may take a certain one."""
    with pytest.raises(ValueError, match="taken for an id"):
        Routes([Route(3, "catalog/7", {})])


# Both ways


class Pair:
    """Two servers that were told the same: one remembers, the other judges each request from the start."""

    def __init__(self, servers: list[Server]) -> None:
        self.shops = [server.shop() for server in servers]
        self.tokens = [[shop.token, *(shop.account(*scopes, per_window=quota) for scopes, quota in ACCOUNTS)]
                       for shop in self.shops]  # fmt: skip
        self.statuses: set[int] = set()
        for shop in self.shops:
            shop.freeze(NOW)
        oblivious = servers[1].app._api
        oblivious._memory = Memory(oblivious._app, 0)
        oblivious._begins = False

    def plain(self, text: str, shop: Shop) -> str:
        """Without what is another in each store."""
        return re.sub(r"\b(?:[0-9a-f]{20}|[0-9a-f]{16})\b", "ID", text.replace(shop.name, "STORE"))

    def send(self, asked: Asked, who: int) -> list[Any]:
        """What the two answer."""
        method, path, headers, body = asked
        told = []
        for shop, tokens in zip(self.shops, self.tokens, strict=True):
            token = tokens[who] if who < len(tokens) else "wrong" * (who - len(tokens))
            reply = shop.request(method, path, body, headers=headers, token=token)
            told.append(self.shown(reply, shop))
            self.statuses.add(reply.status)
        return told

    def shown(self, reply: Reply, shop: Shop) -> Any:
        """A reply without the parts that say when it was made."""
        kept = {name: self.plain(value, shop) for name, value in reply.headers.items() if name != "server-timing"}
        return reply.status, kept, self.plain(reply.body.decode("latin-1"), shop)

    def change(self, **parts: Any) -> None:
        """Changes both stores' records."""
        for shop in self.shops:
            shop.change(**parts)

    def closed(self) -> None:
        """Closes the store for one request."""
        self.change(maintenance=True)
        assert [each[0] for each in self.send(("GET", "/v3/catalog/brands", {}, None), 0)] == [503, 503]
        self.change(maintenance=False)

    def journals(self) -> list[Any]:
        """What was noted, oldest first."""
        return [
            [
                (one.method, self.plain(one.target, shop), one.version, one.status, one.reason, one.prefix == "",
                 tokens_of(one.headers), sorted(name for name, _ in one.answer_headers), one.answer_size)
                for one in shop.server.run(shop.server.app.journal_sync.search(shop.name, limit=1_000))
            ]
            for shop in self.shops
        ]  # fmt: skip


Asked = tuple[str, str, dict[str, str], Any]
ACCOUNTS: list[tuple[tuple[str, ...], int]] = [
    (("store_v2_products_read_only",), 10_000),
    (("store_v2_orders",), 10_000),
    (("store_v2_products",), 6),
]
"""The scopes of accounts, and their quotas in a window; the last one is spent soon, as the clock stands still."""


def tokens_of(headers: list[tuple[str, str]]) -> list[str]:
    """The names of the headers of a request."""
    return sorted(name for name, _ in headers)


def some_request(chance: random.Random) -> Asked:
    """A request: of those that clients send, and of those that nobody should."""
    version = chance.choice(["v3", "v3", "v3", "v2", "v1", "v9"])
    below = "catalog/" if version == "v3" else ""
    path = chance.choice([
        "brands", "brands", "brands/1", "brands/1", "brands/2", "brands/02", "brands/99999999999", "products",
        "products/1", "products/1/images", "products/1/variants/1", "categories", "nothing", "brands/one",
    ])  # fmt: skip
    suffix = chance.choice(["", "", "", ".json", ".xml"]) if version == "v2" else ""
    query = chance.choice(["", "", "", "?limit=1", "?limit=0", "?name=A", "?nobody=1", "?page=2&limit=2", "?&"])
    method = chance.choice(["GET"] * 6 + ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    headers = {}
    for name, values in OFTEN.items():
        if chance.random() < 0.12:
            headers[name] = chance.choice(values)
    body = {"name": chance.choice([*"ABCDEABCDE", 7])} if method in ("POST", "PUT") else None
    return method, f"/{version}/{below}{path}{suffix}{query}", headers, body


OFTEN = {
    "accept": ["application/json", "application/xml", "text/html", "*/*;q=0.5, application/json"],
    "accept-encoding": ["gzip", "identity"],
    "if-none-match": ["*", '"1"', '"7"'],
    "if-match": ["*", '"9"'],
    "if-modified-since": ["Tue, 14 Nov 2023 22:13:20 GMT", "never"],
    "content-type": ["application/json", "text/plain"],
    "idempotency-key": ["one", "two"],
    "prefer": ["respond-async"],
    "expect": ["100-continue"],
    "bodega-trace": ["1"],
}


def request_of(shop: Shop, asked: Asked, token: str | None = None) -> Request:
    """The request as the law gets it."""
    method, target, headers, body = asked
    path, _, query = target.partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    token = shop.token if token is None else token
    sent = {"host": "localhost", **({"x-auth-token": token} if token else {}), **headers}
    if content:
        sent |= {"content-length": str(len(content)), "content-type": headers.get("content-type", "application/json")}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    scope = {
        "method": method, "scheme": "https", "path": f"/stores/{shop.name}{path}", "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }  # fmt: skip
    return read_head(scope, receive, "0" * 20, headers_of(scope))


@pytest.fixture(scope="module")
def servers(runner: asyncio.Runner) -> Iterator[list[Server]]:
    """Two of them."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        running = [Server(runner, runner.run(open_backend(Path(folder), None))) for folder in (first, second)]
        yield running
        for each in running:
            each.run(each.app.stop())


@pytest.mark.parametrize("seed", range(4))
def test_nobody_can_tell(servers: list[Server], seed: int) -> None:
    """Mixed requests of several accounts, while the store is closed, accounts change and quotas are spent."""
    pair, chance = Pair(servers), random.Random(seed)
    for _ in range(3):
        pair.send(("POST", "/v3/catalog/brands", {}, {"name": f"B{chance.random()}"}), 0)
    pair.closed()
    for _ in range(300):
        if chance.random() < 0.03:
            change(pair, chance)
        asked, who = some_request(chance), chance.choice([0, 0, 0, 1, 2, 3, 4, 5])
        for _ in range(8 if chance.random() < 0.05 else 1):  # once more, and until a quota is spent
            first, second = pair.send(asked, who)
            assert first == second, asked
    assert {200, 401, 403, 404, 429, 503} <= pair.statuses
    first, second = pair.journals()
    assert first == second
    assert len(servers[0].app._api._memory) > 20
    assert len(servers[1].app._api._memory) == 0


def change(pair: Pair, chance: random.Random) -> None:
    """Something that decides about the next requests: it is told to both."""
    what = chance.randrange(6)
    if what == 0:
        pair.closed()
    elif what == 1:
        pair.change(clock=pair_clock(NOW + chance.randrange(1_000)))
    elif what == 2:
        pair.change(settings={"suspended": True})
        pair.send(("GET", "/v3/catalog/brands/1", {}, None), 0)
        pair.change(settings={"suspended": False})
    else:
        which = chance.randrange(1, len(ACCOUNTS) + 1)
        for shop, tokens in zip(pair.shops, pair.tokens, strict=True):
            change_account(shop, tokens[which], what)


def pair_clock(at: float) -> Any:
    """A clock that stands still."""
    from bodega.clock import Clock

    return Clock(frozen=at)


def change_account(shop: Shop, token: str, what: int) -> None:
    """Another scope, a revocation that is taken back, or a fresh quota."""
    from msgspec.structs import replace

    from bodega.storage.registry import digest

    registry = shop.server.backend.registry
    accounts = shop.server.run(registry.accounts(shop.name))
    (account,) = [each for each in accounts if each.token_digest == digest(token)]
    if what == 3:
        scopes = (
            frozenset({"store_v2_orders"})
            if "store_v2_products" in account.scopes
            else frozenset({"store_v2_products"})
        )
        account = replace(account, scopes=scopes)
    elif what == 4:
        account = replace(account, disabled=not account.disabled)
    else:
        account = replace(account, quota_epoch=account.quota_epoch + 1)
    shop.server.run(registry.save_account(account))
    shop.server.hear()


def test_what_is_remembered_is_used_and_bounded(servers: list[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request like another asks no step for what it knows; ids are not kept one by one; a full memory begins anew."""
    shop = servers[0].shop()
    api = shop.server.app._api
    api._memory = memory = Memory(api._app, 3)
    for number in range(1, 9):
        assert shop.get(f"/v3/catalog/brands/{number}").status == 404
    assert len(memory) == 1
    asked: list[Request] = []
    monkeypatch.setattr(remembered, "number", lambda last: asked.append(last) or 1)
    shop.get("/v3/catalog/brands/8")
    assert asked == ["8"]
    for path in ("brands", "products", "categories", "brands?limit=1"):
        shop.get(f"/v3/catalog/{path}")
    assert len(memory) <= 3


def test_nothing_is_remembered_of_who_was_refused_or_traced(servers: list[Server]) -> None:
    """Nor of what is too long to be kept for everybody."""
    shop = servers[0].shop()
    api = shop.server.app._api
    api._memory = memory = Memory(api._app)
    assert shop.get("/v3/catalog/brands", token="wrong").status == 401
    assert shop.get("/v3/catalog/nothing").status == 404
    assert shop.get("/v3/catalog/brands", headers={"accept": "*/*, " + "x" * 400}).status == 200
    assert len(memory) == 0
    shop.get("/v3/catalog/brands")
    path = shop.get("/v3/catalog/brands", headers={"bodega-trace": "1"}).headers["bodega-path"]
    assert path == " > ".join([*Steps._fields, "200"])


def test_what_needs_a_task_is_given_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes like one that passed begin outside of any; a deadline, which a fetch has, cannot do without."""
    brand = shop.post("/v3/catalog/brands", {"name": "Acme"}).json["data"]["id"]
    tasks: list[object] = []

    async def fetch(_action: Action, _context: object, _found: Found, _draft: object) -> None:
        tasks.append(asyncio.current_task())

    def begun() -> None:
        tasks.append(asyncio.current_task())

    assert shop.put(f"/v3/catalog/brands/{brand}", {"page_title": "1"}).status == 200
    inside = execution.read_draft
    monkeypatch.setattr(execution, "read_draft", lambda *given: (begun(), inside(*given))[1])
    assert shop.put(f"/v3/catalog/brands/{brand}", {"page_title": "2"}).status == 200
    if isinstance(shop.server.backend, SqliteBackend):
        assert tasks == [None], "it began outside of a task"
    tasks.clear()
    monkeypatch.setattr(Update, "fetches", lambda *_given: True)
    monkeypatch.setattr(Update, "prefetch", fetch)
    assert shop.put(f"/v3/catalog/brands/{brand}", {"page_title": "3"}).status == 200
    assert tasks[-1] is not None


def test_a_row_that_is_not_there_is_told_before_what_is_wrong_with_the_body(shop: Shop) -> None:
    """Also where the row is only looked for within the write."""
    brand = shop.post("/v3/catalog/brands", {"name": "Acme"}).json["data"]["id"]
    for path, body, status in (
        (brand, {"page_title": "1"}, 200),
        (4711, {"name": 7}, 404),
        (4711, {"name": "B"}, 404),
        (brand, {"name": 7}, 422),
        (brand, {"name": "B"}, 200),
    ):
        assert shop.put(f"/v3/catalog/brands/{path}", body).status == status


def test_a_changed_account_has_writes_learned_again(shop: Shop) -> None:
    """Else every later one would be judged anew, and answered right, but dearly."""
    brand = shop.post("/v3/catalog/brands", {"name": "Acme"}).json["data"]["id"]
    memory = shop.server.app._api._memory
    for title in "12":
        assert shop.put(f"/v3/catalog/brands/{brand}", {"page_title": title}).status == 200
    learned = set(memory._verdicts.values())
    shop.account()
    for title in "345":
        assert shop.put(f"/v3/catalog/brands/{brand}", {"page_title": title}).status == 200
    assert set(memory._verdicts.values()) != learned
