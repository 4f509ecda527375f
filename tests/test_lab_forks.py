"""Forks of a store, what differs between its states, and the commands for both."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bodega.cli import main
from bodega.storage.opening import open_backend
from bodega.storage.postgres import sharding
from bodega.storage.sqlite import cloning
from lab import Bench, House
from pictures import form, picture
from receiver import Receiver


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: Any) -> Iterator[Bench]:
    """A lab on each database."""
    url = request.getfixturevalue("own_database") if request.param == "postgres" else None
    made = Bench(House(runner, runner.run(open_backend(tmp_path_factory.mktemp("forks"), url))))
    yield made
    made.stop()


class Parent:
    """A store that is forked."""

    def __init__(self, bench: Bench, name: str, **settings: Any) -> None:
        self.bench = bench
        self.name = name
        account = {"name": "app", "client_id": f"{name}-id", "token": f"{name}-token", "unlimited": True}
        bench.say("POST", "/stores", {"hash": name, "plan": "pro", "settings": settings, "accounts": [account]})

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """A request of the API."""
        return call(self.bench, self.name, method, path, json, **more)


def call(bench: Bench, store: str, method: str, path: str, json: Any = None, **more: Any) -> Any:
    """A request of the API, by the token that a fork has if none was given."""
    headers = {"x-auth-token": f"{store}-token", **more.pop("headers", {})}
    reply = bench.ask(method, f"/stores/{store}{path}", json, headers=headers, **more)
    assert reply.status < 300, (method, path, reply.status, reply.body)
    return reply.json if reply.body else None


@pytest.fixture
def parent(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Parent]:
    """A store with some products, one with a picture."""
    name = f"p{abs(hash(request.node.name)) % 10**9}"
    made = Parent(bench, name, **{"webhooks.allow_private": True})
    for number in range(3):
        body = {"name": f"Product {number}", "type": "physical", "weight": 1, "price": 2, "sku": f"S{number}"}
        made.call("POST", "/v3/catalog/products", body)
    yield made
    for store in bench.say("GET", "/stores"):
        bench.say("DELETE", f"/stores/{store['hash']}")


def names(bench: Bench, store: str) -> list[str]:
    """The names of a store's products."""
    return [product["name"] for product in call(bench, store, "GET", "/v3/catalog/products")["data"]]


def test_a_fork_is_the_same_and_goes_its_own_way(bench: Bench, parent: Parent) -> None:
    """The same ids, plan, settings and clock; what is written to one is not seen in the other."""
    bench.say("PUT", f"/stores/{parent.name}/clock", {"now": "2031-01-01T00:00:00Z"})
    bench.say("PUT", f"/stores/{parent.name}/limits", {"limits": {"brands": 7}})
    before = parent.call("GET", "/v3/catalog/products")
    made = bench.say("POST", f"/stores/{parent.name}/fork", {"hash": "child"})
    assert [(one["client_id"], one["token"]) for one in made["accounts"]] == [("child-client", "child-token")]
    assert made["store"]["clock"]["now"] == "2031-01-01T00:00:00+00:00"
    assert (made["store"]["plan"], made["store"]["limits"]["brands"]) == ("pro", 7)
    assert call(bench, "child", "GET", "/v3/catalog/products")["data"] == before["data"]
    call(bench, "child", "DELETE", "/v3/catalog/products?id:in=1,2")
    parent.call("PUT", "/v3/catalog/products/3", {"name": "Renamed"})
    assert names(bench, "child") == ["Product 2"]
    assert names(bench, parent.name) == ["Product 0", "Product 1", "Renamed"]
    new = call(
        bench, "child", "POST", "/v3/catalog/products", {"name": "N", "type": "physical", "weight": 1, "price": 1}
    )
    assert new["data"]["id"] == 4, "ids go on where they were"
    bench.say("POST", "/stores/child/fork", {"hash": "grandchild", "token": "grandchild-token"})
    assert names(bench, "grandchild") == ["Product 2", "N"]
    bench.say("DELETE", "/stores/child")
    assert names(bench, "grandchild") == ["Product 2", "N"]
    assert bench.ask("GET", f"/stores/{parent.name}/v2/time", headers={"x-auth-token": "child-token"}).status == 401


def test_a_fork_of_a_snapshot(bench: Bench, parent: Parent) -> None:
    bench.say("POST", f"/stores/{parent.name}/snapshots", {"name": "three"})
    parent.call("DELETE", "/v2/products")
    bench.say("POST", f"/stores/{parent.name}/fork", {"hash": "old", "snapshot": "three"})
    assert len(names(bench, "old")) == 3
    assert names(bench, parent.name) == []
    assert bench.ask("POST", f"/stores/{parent.name}/fork", {"hash": "x", "snapshot": "four"}).status == 404
    bench.say("DELETE", f"/stores/{parent.name}/snapshots/three")
    assert len(names(bench, "old")) == 3


def test_pictures_are_in_both_and_deleted_in_one(bench: Bench, parent: Parent) -> None:
    kind = {"content-type": "multipart/form-data; boundary=edge"}
    image = parent.call("POST", "/v3/catalog/products/1/images", raw=form(picture()), headers=kind)["data"]
    bench.say("POST", f"/stores/{parent.name}/fork", {"hash": "gallery"})
    copy = call(bench, "gallery", "GET", f"/v3/catalog/products/1/images/{image['id']}")["data"]
    path = copy["url_zoom"].partition("8080")[2]
    assert path.startswith("/files/gallery/")
    parent.call("DELETE", f"/v3/catalog/products/1/images/{image['id']}")
    assert bench.fetch(path).status == 200
    assert bench.fetch(path.replace("gallery", parent.name)).status == 404


def test_what_belongs_to_an_account_belongs_to_its_heir(bench: Bench, parent: Parent, receiver: Receiver) -> None:
    """Webhooks of the fork are those of its own account; what waits is sent by the other store alone."""
    receiver.answer = lambda _received: (500, b"", {})
    hook = {"scope": "store/product/updated", "destination": f"{receiver.url}/hook", "is_active": True}
    parent.call("POST", "/v3/hooks", hook)
    field = {"key": "k", "namespace": "n", "value": "v", "permission_set": "app_only"}
    parent.call("POST", "/v3/catalog/products/1/metafields", field)
    parent.call("PUT", "/v3/catalog/products/1", {"price": 9})
    bench.wait_for(lambda: len(receiver.got) == 1)
    asked = [
        {"name": "other", "client_id": "o", "token": "o"},
        {"name": "app", "client_id": "heir", "token": "heir-token"},
    ]
    bench.say("POST", f"/stores/{parent.name}/fork", {"hash": "heir", "accounts": asked})
    (mine,) = call(bench, "heir", "GET", "/v3/hooks")["data"]
    assert (mine["client_id"], mine["store_hash"], mine["is_active"]) == ("heir", "heir", True)
    (kept,) = call(bench, "heir", "GET", "/v3/catalog/products/1/metafields")["data"]
    assert (kept["key"], kept["owner_client_id"]) == ("k", "heir")
    bench.say("POST", "/stores/heir/clock/advance", {"by": "1h"})
    assert len(receiver.got) == 1, "what waited stays with the other store"
    call(bench, "heir", "PUT", "/v3/catalog/products/1", {"price": 10})
    bench.wait_for(lambda: len(receiver.got) == 2)
    assert receiver.got[1].json["producer"] == "stores/heir"
    (theirs,) = parent.call("GET", "/v3/hooks")["data"]
    assert theirs["client_id"] == f"{parent.name}-id"


def test_eight_forks_at_once_while_the_parent_is_written(bench: Bench, parent: Parent) -> None:
    """Each is a state that the store had: the products that were there at one moment, all of them, and their count."""
    parent.call("DELETE", "/v2/products")

    async def write(number: int) -> None:
        body = {"name": f"W{number:03}", "type": "physical", "weight": 1, "price": 2}
        path, headers = f"/stores/{parent.name}/v3/catalog/products", {"x-auth-token": f"{parent.name}-token"}
        assert (await bench.asked("POST", path, body, headers=headers)).status == 200

    async def writes() -> None:
        for number in range(60):
            await write(number)

    async def forks() -> None:
        some = [
            bench.asked("POST", f"/stores/{parent.name}/fork", {"hash": f"at-once-{number}"}) for number in range(8)
        ]
        for reply in await asyncio.gather(*some):
            assert reply.status == 201, reply.body

    async def both() -> None:
        await asyncio.gather(writes(), forks())

    bench.run(both())
    for number in range(8):
        store = f"at-once-{number}"
        found = call(bench, store, "GET", "/v3/catalog/products?limit=250&sort=id")
        assert [product["name"] for product in found["data"]] == [f"W{count:03}" for count in range(len(found["data"]))]
        assert found["meta"]["pagination"]["total"] == len(found["data"])
        call(bench, store, "POST", "/v3/catalog/products", {"name": "Own", "type": "physical", "weight": 1, "price": 2})
    assert len(call(bench, parent.name, "GET", "/v3/catalog/products?limit=250")["data"]) == 60


def test_a_fork_that_fails_leaves_nothing(bench: Bench, parent: Parent, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {"hash": "twin", "accounts": [{"client_id": f"{parent.name}-id"}]}
    assert bench.ask("POST", f"/stores/{parent.name}/fork", taken).status == 409
    made = bench.say("POST", "/stores", {"hash": "twin"})
    assert made["store"]["used"]["products"] == 0
    assert bench.ask("POST", f"/stores/{parent.name}/fork", {"hash": "twin"}).status == 409
    assert bench.say("GET", "/stores/twin")["used"]["products"] == 0


def test_what_differs(bench: Bench, parent: Parent) -> None:
    path = f"/stores/{parent.name}"
    bench.say("POST", f"{path}/snapshots", {"name": "a"})
    assert bench.say("GET", f"{path}/diff?from=a") == {
        "from": "a", "to": None, "origin": None, "resources": {},
    }  # fmt: skip
    parent.call("PUT", "/v3/catalog/products/1", {"price": 3.5, "name": "Dearer"})
    parent.call("DELETE", "/v3/catalog/products?id:in=2")
    parent.call("POST", "/v3/catalog/brands", {"name": "Acme"})
    found = bench.say("GET", f"{path}/diff?from=a")["resources"]
    assert set(found) >= {"products", "brands"}
    products = found["products"]
    assert (products["created"], products["updated"], products["deleted"]) == (0, 1, 1)
    updated, deleted = products["changes"]
    assert (updated["change"], updated["id"], updated["entity"]["name"]) == ("updated", 1, "Dearer")
    assert updated["members"]["price"] == {"old": 2, "new": 3.5}
    assert updated["members"]["name"] == {"old": "Product 0", "new": "Dearer"}
    assert "sku" not in updated["members"]
    assert (deleted["change"], deleted["id"], deleted["entity"]["name"]) == ("deleted", 2, "Product 1")
    assert found["brands"]["changes"][0]["entity"]["name"] == "Acme"
    bench.say("POST", f"{path}/snapshots", {"name": "b"})
    parent.call("DELETE", "/v2/products")
    between = bench.say("GET", f"{path}/diff?from=a&to=b")
    assert (between["to"], between["resources"]) == ("b", found)
    back = bench.say("GET", f"{path}/diff?from=b&to=a&resource=products")["resources"]["products"]
    assert (back["created"], back["deleted"]) == (1, 0)
    assert back["changes"][0]["members"]["price"] == {"old": 3.5, "new": 2}
    bench.say("POST", f"{path}/snapshots/a/restore")
    assert bench.say("GET", f"{path}/diff?from=a")["resources"] == {}, "what was restored is the same"
    lines = bench.ask("GET", f"{path}/diff/lines?from=a&to=b").body.splitlines()
    assert [json.loads(line) for line in lines] == [change for each in found.values() for change in each["changes"]]
    for query, status in (("from=c", 404), ("", 422), ("from=a&resource=product", 422), ("from=a&to=c", 404)):
        assert bench.ask("GET", f"{path}/diff?{query}").status == status


def test_what_differs_comes_in_pages(bench: Bench, parent: Parent) -> None:
    path = f"/stores/{parent.name}"
    bench.say("POST", f"{path}/snapshots", {"name": "a"})
    for number in range(5):
        parent.call("POST", "/v3/catalog/brands", {"name": f"B{number}"})
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        found = bench.say("GET", f"{path}/diff?from=a&resource=brands&limit=2&after={after}")["resources"]["brands"]
        assert found["created"] == 5
        seen += [change["id"] for change in found["changes"]]
        after = found["next"]
    assert seen == [1, 2, 3, 4, 5]


# What is of SQLite alone.


def test_a_thousand_products_are_forked_quickly(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Processor time, kernel included: other work on the machine does not count. Figures: docs/benchmark.md."""
    bench = Bench(House(runner, runner.run(open_backend(tmp_path, None))))
    try:
        bench.say("POST", "/stores", {"hash": "large"})
        bench.say("POST", "/stores/large/seed", {"products": 1000})
        times = []
        for number in range(5):
            began = time.process_time()
            bench.say("POST", "/stores/large/fork", {"hash": f"copy-{number}"})
            times.append(time.process_time() - began)
        assert sorted(times)[2] < 0.15, times
        assert bench.say("GET", "/stores/copy-4")["used"]["products"] == 1000
    finally:
        bench.stop()


def test_a_clone_is_made_with_and_without_shared_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way of copying gives the same bytes; the file system at hand need not know the better ones."""
    content = os.urandom(3_000_000)
    source = tmp_path / "source"
    source.write_bytes(content)

    def unknown(*_: Any) -> Any:
        raise OSError(95, "Operation not supported")

    for number, names_ in enumerate(((), ("ioctl",), ("ioctl", "copy_file_range"))):
        with monkeypatch.context() as patch:
            for name in names_:
                patch.setattr(cloning.fcntl if name == "ioctl" else cloning.os, name, unknown)
            clone = cloning.Clone(tmp_path / f"target-{number}")
            clone.of_copy(source)
            clone.sync()
            clone.close()
        assert (tmp_path / f"target-{number}").read_bytes() == content


# The commands.


def test_the_commands_fork_and_compare(tmp_path: Path) -> None:
    def bodega(*words: str) -> Any:
        done = CliRunner().invoke(main, [*words, "--data", str(tmp_path)])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) if "--json" in words else done.stdout

    bodega("store", "create", "one")
    bodega("seed", "one", "--products", "3")
    bodega("store", "snapshot", "one", "before")
    made = bodega("store", "fork", "one", "two", "--token", "known", "--json")
    assert (made["store"]["used"]["products"], made["accounts"][0]["token"]) == (3, "known")
    assert "token is" in bodega("store", "fork", "one", "three", "--snapshot", "before")
    assert bodega("store", "diff", "one", "before", "--json") == []
    bodega("seed", "one", "--products", "1")
    changes = bodega("store", "diff", "one", "before", "--resource", "products", "--json")
    (change,) = [change for change in changes if change["change"] == "created"]
    assert (change["change"], change["id"], change["resource"]) == ("created", 4, "products")
    assert "+ products 4" in bodega("store", "diff", "one", "before")
    assert "- products 4" in bodega("store", "diff", "two", "--origin", "one", "--resource", "products")
    nothing = CliRunner().invoke(main, ["store", "diff", "two", "--data", str(tmp_path)])
    assert (nothing.exit_code, "--origin" in nothing.output) == (2, True)
    for wrong in (["store", "fork", "one", "two"], ["store", "diff", "one", "never"], ["store", "fork", "no", "four"]):
        done = CliRunner().invoke(main, [*wrong, "--data", str(tmp_path)])
        assert (done.exit_code, done.output.count("\n")) == (1, 1), done.output


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_fork_against_its_origin(
    bench: Bench, parent: Parent, elsewhere: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Both go on from the same versions, so what each of them changed is told by the documents alone; also where the
    two are on two nodes of a cluster."""
    name, branch = parent.name, f"branch-of-{parent.name}"
    bench.say("POST", f"/stores/{name}/snapshots", {"name": "origin"})
    bench.say("POST", f"/stores/{name}/fork", {"hash": branch})
    if elsewhere:
        if request.node.callspec.params["bench"] == "sqlite":
            pytest.skip("SQLite has no nodes")

        async def distributed(*_: Any) -> bool:
            return True

        monkeypatch.setattr(sharding, "is_distributed", distributed)
    assert bench.say("GET", f"/stores/{branch}/diff?origin={name}") == {
        "from": None, "to": None, "origin": name, "resources": {},
    }  # fmt: skip
    call(bench, branch, "PUT", "/v3/catalog/products/1", {"price": 3})
    parent.call("PUT", "/v3/catalog/products/2", {"price": 4})
    parent.call("DELETE", "/v3/catalog/products?id:in=3")
    against_now = bench.say("GET", f"/stores/{branch}/diff?origin={name}&resource=products")["resources"]["products"]
    assert [(one["change"], one["id"]) for one in against_now["changes"]] == [
        ("updated", 1), ("updated", 2), ("created", 3),
    ]  # fmt: skip
    assert [one["members"]["price"] for one in against_now["changes"][:2]] == [
        {"old": 2, "new": 3}, {"old": 4, "new": 2},
    ]  # fmt: skip
    then = f"origin={name}&from=origin&resource=products"
    (only,) = bench.say("GET", f"/stores/{branch}/diff?{then}")["resources"]["products"]["changes"]
    assert (only["id"], only["members"]["price"]) == (1, {"old": 2, "new": 3})
    (line,) = bench.ask("GET", f"/stores/{branch}/diff/lines?{then}").body.splitlines()
    assert json.loads(line) == only
    for query, status in (("", 422), ("origin=nowhere", 404), (f"origin={name}&from=never", 404)):
        assert bench.ask("GET", f"/stores/{branch}/diff?{query}").status == status
