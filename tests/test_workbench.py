"""The webhook workbench: events made by hand, deliveries sent again, a listener, signatures checked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from bodega.cli import main
from bodega.events.scopes import SCOPES
from bodega.lab import workbench
from bodega.lab.seed import Amounts, seed
from receiver import OK, Received, Receiver
from served import PATIENCE, Served, Store, serving, started
from shop import Shop

EVENTS = sorted(scope.replace("#", "1").replace("*", "1") for scope in SCOPES if not scope.endswith("*"))


def command(line: str, *more: str, body: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [*line.split(), *more], input=body)


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """A store with something of each kind."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(seed(store, Amounts(products=6, customers=4, orders=6)))
    return shop


# Making events


def test_every_scope_can_be_triggered(filled: Shop) -> None:
    """Whatever a hook can subscribe to; where a table of the store fires it, by what the newest row would send."""
    filled.watch()

    async def job(unit: Any) -> list[workbench.Triggered]:
        return [await workbench.trigger(unit, scope) for scope in EVENTS]

    made = filled.write(job)
    assert [one.scope for one in made] == EVENTS
    assert all(len(one.hooks) == 1 for one in made)
    assert [scope for scope, _ in filled.events()] == EVENTS
    real = {one.scope: one.data for one in made if one.real}
    newest = filled.select("SELECT max(id) FROM products")[0][0]
    for word in ("created", "updated", "deleted"):
        assert real[f"store/product/{word}"]["id"] == newest
        assert real[f"store/product/{word}"]["type"] == "product"
    status = real["store/order/statusUpdated"]["status"]
    assert status["previous_status_id"] != status["new_status_id"]
    assert real["store/channel/1/order/created"]["type"] == "order"
    assert real["store/customer/created"]["id"] > 0
    made_up = {one.scope for one in made if not one.real}
    assert not {
        scope for scope in made_up if scope.startswith(("store/product/c", "store/order/c", "store/category/c"))
    }
    assert all(set(one.data) == {"type", "id"} for one in made if not one.real)


def test_a_triggered_event_is_what_a_change_sends(filled: Shop) -> None:
    """Value by value: the change and the trigger speak of the same row."""
    filled.watch()
    row = filled.select("SELECT max(id) FROM products")[0][0]
    assert filled.put(f"/v3/catalog/products/{row}", {"price": 77}).status == 200
    sent = dict(filled.events())
    for scope, data in sent.items():
        made = filled.write(lambda unit, scope=scope: workbench.trigger(unit, scope, None, row))
        if made.real and scope == "store/product/updated":
            assert made.data == data
    assert "store/product/updated" in sent


@pytest.mark.parametrize("scope", ["store/product/*", "store/product/eaten", "product", ""])
def test_what_is_no_event_is_refused(filled: Shop, scope: str) -> None:
    with pytest.raises(workbench.CannotTrigger):
        filled.write(lambda unit: workbench.trigger(unit, scope))


# The commands, beside a running server


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with plain HTTP."""
    with serving(tmp_path_factory.mktemp("workbench"), "--insecure-http") as served:
        yield served


@pytest.fixture
def store(house: Served) -> Store:
    """A store that may deliver to this machine."""
    made = house.store()
    made.run("store set HASH webhooks.allow_private=true")
    made.run("seed HASH --products 3")
    return made


def hook(store: Store, receiver: Receiver, scope: str = "store/product/*") -> str:
    """A hook of a new account, whose secret is returned."""
    import http.client
    from urllib.parse import urlsplit

    account = store.account()
    connection = http.client.HTTPConnection(urlsplit(store.served.http).netloc, timeout=60)
    body = json.dumps({"scope": scope, "destination": receiver.url, "is_active": True})
    headers = {"X-Auth-Token": account["token"], "Content-Type": "application/json"}
    connection.request("POST", f"/stores/{store.hash}/v3/hooks", body, headers)
    answered = connection.getresponse()
    assert answered.status == 200, answered.read()
    connection.close()
    return str(account["client_secret"])


def wait_for(receiver: Receiver, count: int) -> list[Received]:
    give_up = time.monotonic() + PATIENCE
    while len(receiver.got) < count:
        assert time.monotonic() < give_up, f"{len(receiver.got)} of {count}"
        time.sleep(0.01)
    return list(receiver.got)


def place(store: Store) -> tuple[str, ...]:
    return store.served.place


def test_a_trigger_is_delivered_signed_and_replays_are_duplicates(store: Store, receiver: Receiver) -> None:
    secret = hook(store, receiver)
    made = store.run("webhooks trigger HASH store/product/updated")
    assert made["real"]
    [first] = wait_for(receiver, 1)
    import base64

    signed = Webhook(base64.b64encode(secret.encode()).decode())
    told = signed.verify(first.body, first.headers)
    assert told["scope"] == "store/product/updated"
    assert told["data"] == made["data"]
    assert first.headers["webhook-id"] == made["id"]
    store.run('webhooks trigger HASH store/product/created --payload "{\\"type\\":\\"product\\",\\"id\\":77}"')
    wait_for(receiver, 2)
    assert store.run("webhooks replay HASH --scope store/product/created --times 3")["deliveries"] == 3
    sent = wait_for(receiver, 5)
    assert len({one.headers["webhook-id"] for one in sent}) == 2
    assert all(signed.verify(one.body, one.headers) for one in sent)
    assert store.run("webhooks replay HASH --state failed")["deliveries"] == 0
    unknown = command(f"webhooks replay {store.hash} --hook 999", *place(store))
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert store.run("webhooks replay HASH --since 1h --times 1")["deliveries"] == 5


def test_a_shuffle_is_the_same_for_the_same_seed(filled: Shop) -> None:
    filled.watch()
    for number in range(12):
        data = {"type": "product", "id": number}
        filled.write(lambda unit, data=data: workbench.trigger(unit, "store/product/created", data))
    filled.events()

    def order(seed: int | None) -> list[int]:
        filled.write(lambda unit: workbench.send_again(unit, workbench.Asked(), shuffle=seed, most=12))
        return [data["id"] for _, data in filled.events()]

    first = order(5)
    assert sorted(first) == list(range(12)) != first
    filled.write(lambda unit: unit.tx.run("DELETE FROM deliveries WHERE id > 12"))
    filled._heard = 0
    filled.events()
    filled._heard = 12
    assert order(5) == first


def test_nobody_who_listens_is_told(store: Store) -> None:
    told = command(f"webhooks trigger {store.hash} store/order/created", *place(store))
    assert told.exit_code == 0
    assert "No hook subscribed" in told.stdout


@pytest.mark.parametrize("forwarded", [False, True])
def test_a_listener_hears_everything_and_cleans_up(store: Store, receiver: Receiver, forwarded: bool) -> None:
    """A process as a user starts it; the answer of the receiver behind it counts."""
    store.account()
    receiver.answer = lambda _: (500, b"no", {}) if len(receiver.got) == 1 else OK
    more = ("--forward", receiver.url) if forwarded else ()
    if forwarded:
        store.run("store set HASH webhooks.retry_seconds=1,1,1")
    with started("webhooks", "listen", store.hash, "--json", *more, *place(store)) as listener:
        assert listener.stdout is not None
        give_up = time.monotonic() + PATIENCE
        while not store.run("webhooks trigger HASH store/order/created")["hooks"]:
            assert time.monotonic() < give_up
        heard = json.loads(listener.stdout.readline())
        assert (heard["scope"], set(heard["data"])) == ("store/order/created", {"type", "id"})
        assert heard["headers"]["webhook-signature"].startswith("v1,")
        if forwarded:
            assert heard["status"] == 500
            again = json.loads(listener.stdout.readline())
            assert (again["status"], again["id"]) == (200, heard["id"])
            assert [one.headers["webhook-id"] for one in receiver.got] == [heard["id"]] * 2
    assert listener.returncode == 0
    assert store.run("webhooks trigger HASH store/order/created")["hooks"] == []


def test_a_receiver_that_is_not_there_is_a_failed_delivery(store: Store) -> None:
    store.account()
    nowhere = "http://127.0.0.1:9/hook"
    with started("webhooks", "listen", store.hash, "--json", "--forward", nowhere, *place(store)) as listener:
        assert listener.stdout is not None
        while not store.run("webhooks trigger HASH store/order/created")["hooks"]:
            time.sleep(0.05)
        heard = json.loads(listener.stdout.readline())
    assert heard["status"] == 0
    assert "no answer" in heard["error"]


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("trigger HASH store/product/eaten", 1, "store/product/eaten is no scope of a webhook event"),
        ("trigger HASH store/product/created --id 999", 1, "There is no row 999 in products."),
        ("trigger HASH store/product/created --payload {", 2, "Invalid value for '--payload': must be JSON."),
        ("trigger nowhere store/product/created", 1, "There is no store nowhere"),
        ("replay HASH --since soon", 2, "soon is not a duration"),
        (
            "replay HASH --scope store/prodct/*",
            2,
            "Invalid value for '--scope': store/prodct/* is no scope of a webhook",
        ),
        ("listen HASH --forward localhost", 2, "localhost is no http or https URL."),
        ("listen HASH --account nobody", 1, "Store HASH has no account nobody"),
        ("listen closed", 1, "Store closed delivers to no private address"),
    ],
)
def test_what_cannot_be_done_is_told(store: Store, line: str, code: int, message: str) -> None:
    if "closed" in line:
        command("store create closed", *place(store))
    told = command(f"webhooks {line.replace('HASH', store.hash)}", *place(store))
    assert (told.exit_code, told.stdout) == (code, "")
    assert message.replace("HASH", store.hash) in told.output


# Signatures


def signed_by(key: bytes, content: bytes) -> str:
    import base64
    import hashlib
    import hmac

    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


BODY = b'{"scope":"store/order/created"}'
HEAD = b"id-1.1000."
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no headers": ({}, "webhook-id is missing"),
    "no time": ({"webhook-timestamp": "soon"}, "must be UTC seconds"),
    "old": ({"webhook-timestamp": "1"}, "receivers refuse"),
    "body alone": ({"webhook-signature": signed_by(b"secret", BODY)}, "of the body alone"),
    "encoded key": ({"webhook-signature": signed_by(b"c2VjcmV0", HEAD + BODY)}, "base64(secret) as the key"),
    "other secret": ({"webhook-signature": signed_by(b"other", HEAD + BODY)}, "does not match"),
    "no version": ({"webhook-signature": "v2,xxx"}, "no signature of version v1"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_each_usual_mistake_is_named(tmp_path: Path, mistake: str) -> None:
    changed, message = WRONG[mistake]
    right = {"webhook-id": "id-1", "webhook-timestamp": "1000", "webhook-signature": signed_by(b"secret", HEAD + BODY)}
    assert workbench.check_signature("secret", right, BODY, 1000) == []
    headers = right | changed if changed else {}
    file = tmp_path / "body"
    file.write_bytes(BODY)
    words = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    told = command("webhooks verify --secret secret --at 1000 --body", str(file), *words)
    assert told.exit_code == 1
    assert message in told.stdout
    fine = [part for name, value in right.items() for part in ("--header", f"{name.title()}: {value}")]
    assert command("webhooks verify --secret secret --at 1000", *fine, body=BODY).exit_code == 0
