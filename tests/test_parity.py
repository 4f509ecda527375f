"""Parity: a run recorded through the proxy of one store is replayed against another, and differences are told."""

from __future__ import annotations

import http.client
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from click.testing import CliRunner, Result

from bodega.cli import main
from bodega.journal.har import NoArchive, Recorded, archive, read_archive
from bodega.lab.parity.compare import differences
from bodega.lab.parity.ids import Ids, kind_of, shape_of_path, singular
from bodega.lab.parity.ledger import HEAD, BadLedger, read_ledger
from bodega.masking import MASK
from served import Served, Store, first_json, serving, started


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with plain HTTP."""
    with serving(tmp_path_factory.mktemp("parity"), "--insecure-http") as served:
        yield served


@pytest.fixture
def first(house: Served) -> Store:
    """The store that is recorded; its ids begin elsewhere than those of the second."""
    store = house.store()
    store.run("seed HASH --products 9")
    return store


@pytest.fixture
def second(house: Served) -> Store:
    """The store that is compared with it."""
    return house.store()


def ask(address: str, method: str, path: str, token: str, body: Any = None, accept: str = "application/json") -> Any:
    """One request; status and body."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    headers = {"X-Auth-Token": token, "Accept": accept}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if "json" in (response.headers.get("content-type") or ""):
        return response.status, json.loads(content)
    return response.status, content


def a_run(address: str, store: Store, token: str) -> None:
    """What a client does: it makes things, asks for them by the ids that it got, is refused, reads XML."""
    base = f"/stores/{store.hash}"

    def send(method: str, path: str, body: Any = None, **more: Any) -> Any:
        return ask(address, method, base + path, token, body, **more)

    _, brand = send("POST", "/v3/catalog/brands", {"name": "Parity"})
    product = {"name": "Parity thing", "type": "physical", "weight": 1, "price": 5, "brand_id": brand["data"]["id"]}
    _, made = send("POST", "/v3/catalog/products", product)
    row = made["data"]["id"]
    assert send("GET", f"/v3/catalog/products/{row}?include=variants")[0] == 200
    assert send("PUT", f"/v3/catalog/products/{row}", {"price": 6.5})[0] == 200
    assert send("GET", f"/v3/catalog/products?id:in={row}")[1]["meta"]["pagination"]["total"] == 1
    assert send("GET", f"/v2/products/{row}", accept="application/xml")[0] == 200
    assert send("POST", "/v3/catalog/products", product)[0] == 409
    assert send("GET", f"/v2/brands/{brand['data']['id']}")[0] == 200
    assert send("DELETE", f"/v3/catalog/products/{row}")[0] == 204
    assert send("GET", f"/v3/catalog/products/{row}")[0] == 404


def recorded(store: Store, file: Path) -> list[Recorded]:
    """The run in an archive, made by the proxy."""
    token = store.account()["token"]
    with started("parity", "record", "--json", "--to", store.served.http, "--output", str(file)) as proxy:
        a_run(first_json(proxy)["url"], store, token)
    assert proxy.returncode == 0
    return read_archive(file.read_bytes())


def replay(file: Path, store: Store, *more: str) -> Result:
    """The command that compares."""
    token = store.account()["token"]
    base = f"{store.served.http}/stores/{store.hash}"
    return CliRunner().invoke(main, ["parity", "replay", str(file), "--to", base, "--token", token, *more])


def test_a_store_of_the_same_kind_does_not_differ(first: Store, second: Store, tmp_path: Path) -> None:
    """The ids of the second store are others, and so are dates, hosts and hashes."""
    run = recorded(first, tmp_path / "run.har")
    assert [one.status for one in run] == [200, 200, 200, 200, 200, 200, 409, 200, 204, 404]
    assert {one.header("x-auth-token") for one in run} == {MASK}
    told = replay(tmp_path / "run.har", second, "--json")
    facts = json.loads(told.stdout)
    assert facts["new"] == []
    assert (told.exit_code, facts["sent"], facts["left_out"]) == (0, 10, 0)


def test_what_differs_is_told_and_kept_in_a_ledger(first: Store, second: Store, tmp_path: Path) -> None:
    file, ledger = tmp_path / "run.har", tmp_path / "known.tsv"
    run = recorded(first, file)
    changed = msgspec.json.decode(run[1].answer_body or b"")
    changed["data"]["price"] = 7
    changed["data"]["weight"] = "1"
    del changed["data"]["sku"]
    changed["data"]["colour"] = "red"
    run[1].answer_body = msgspec.json.encode(changed)
    run[3].status = 201
    run[7].answer_headers.append(("x-bc-apilimit-remaining", "9"))
    file.write_bytes(msgspec.json.encode(archive(run)))
    found = replay(file, second, "--json", "--ledger", str(ledger), "--keep")
    assert found.exit_code == 1
    new = [(one["method"], one["path"], one["kind"], one["where"]) for one in json.loads(found.stdout)["new"]]
    products = "/v3/catalog/products"
    assert new == [
        ("POST", products, "missing", "data.colour"),
        ("POST", products, "extra", "data.sku"),
        ("POST", products, "type", "data.weight"),
        ("POST", products, "value", "data.price"),
        ("PUT", f"{products}/{{id}}", "status", "201"),
        ("GET", "/v2/brands/{id}", "header", "x-bc-apilimit-remaining"),
    ]
    assert ledger.read_text().splitlines()[0] == HEAD
    assert len(read_ledger(ledger)) == len(new)
    again = replay(file, second.served.store(), "--ledger", str(ledger))
    assert again.exit_code == 0, again.output
    assert f"0 differences, {len(new)} more that are known" in again.stdout
    ledger.write_text(f"{HEAD}\nPOST\t{products}\t*\tdata.*\twhy\n")
    text = replay(file, second.served.store(), "--ledger", str(ledger))
    assert text.exit_code == 1
    assert text.stdout.splitlines()[0] == "PUT /v3/catalog/products/{id}  status 201: 201 became 200"


def test_the_journal_of_a_store_is_replayed_as_well(first: Store, second: Store, tmp_path: Path) -> None:
    """What its archive holds: long replies are cut there, so only their heads are compared."""
    from bodega.journal.har import recorded_of

    first.run("store set HASH journal=full")
    a_run(first.served.http, first, first.account()["token"])
    exchanges = _kept(first)
    archived = archive(recorded_of(one, f"{first.served.http}{one.target}") for one in exchanges)
    file = tmp_path / "journal.har"
    file.write_bytes(msgspec.json.encode(archived))
    told = replay(file, second, "--json")
    assert json.loads(told.stdout)["new"] == []
    assert json.loads(told.stdout)["sent"] == len(exchanges) == 10


def _kept(store: Store) -> Any:
    import asyncio
    import time

    from bodega.journal.recorder import key_of
    from bodega.journal.ring import JournalRing
    from bodega.storage.opening import open_backend

    async def read() -> Any:
        backend = await open_backend(Path(store.served.place[1]), None)
        ring = JournalRing(backend.journal())
        record = await backend.registry.store(store.hash)
        assert record is not None
        try:
            return (await ring.exchanges(key_of(record), bodies=True))[::-1]
        finally:
            await ring.close()
            await backend.close()

    give_up = time.monotonic() + 60
    while len(found := asyncio.run(read())) < 10:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    return found


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("replay FILE --to ftp://x", 2, "ftp://x is no http or https URL."),
        ("replay FILE --to http://127.0.0.1:9/stores/x", 1, "http://127.0.0.1:9/stores/x could not be asked"),
        ("replay FILE --to http://127.0.0.1:9 --keep", 2, "--keep needs --ledger."),
        ("replay OTHER --to http://127.0.0.1:9", 1, "This is no HTTP Archive"),
        ("replay FILE --to http://127.0.0.1:9 --ledger OTHER", 1, "Line 1 of "),
        ("record --to x --output FILE", 2, "x is no http or https URL."),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, line: str, code: int, message: str) -> None:
    file, other = tmp_path / "run.har", tmp_path / "other"
    one = Recorded("GET", "http://a/stores/b/v3/catalog/products", [], None, 200, [], b"{}")
    file.write_bytes(msgspec.json.encode(archive([one])))
    other.write_text("{}")
    words = [word.replace("FILE", str(file)).replace("OTHER", str(other)) for word in shlex.split(line)]
    told = CliRunner().invoke(main, ["parity", *words])
    assert told.exit_code == code
    assert told.output.startswith(message)


# Parts


def test_an_archive_is_read_as_it_was_written() -> None:
    picture = Recorded(
        "POST", "http://h/a?b=1", [("content-type", "image/png")], b"\xff\x00", 200, [("x", "y")], b"\xfe"
    )
    none = Recorded("GET", "http://h/", [], None, 304, [], None)
    long = Recorded("GET", "http://h/", [], None, 200, [], b"{", answer_size=70_000)
    read = read_archive(msgspec.json.encode(archive([picture, none, long])))
    assert [(one.method, one.url, one.body, one.status, one.answer_body) for one in read] == [
        (one.method, one.url, one.body, one.status, one.answer_body) for one in (picture, none, long)
    ]
    assert [one.cut for one in read] == [False, False, True]
    for bad in (b"", b"{}", b'{"log":{"entries":[1]}}', b'{"log":{"entries":[{"request":{}}]}}', b"[]"):
        with pytest.raises(NoArchive):
            read_archive(bad)


def test_ids_are_followed_wherever_they_stand() -> None:
    ids = Ids()
    ids.learn("/v3/catalog/products", {"data": {"id": 5, "brand_id": 2, "variants": [{"id": 9}]}},
              {"data": {"id": 105, "brand_id": 102, "variants": [{"id": 109}]}})  # fmt: skip
    ids.learn("/v3/catalog/categories", {"data": [{"id": 3}]}, {"data": [{"id": 103}]})
    assert ids.path("/v3/catalog/products/5/variants/9") == "/v3/catalog/products/105/variants/109"
    assert ids.path("/v3/catalog/brands/2/metafields/5") == "/v3/catalog/brands/102/metafields/5"
    assert ids.query("/v3/catalog/products", "id:in=5,6&brand_id=2&limit=5") == "id:in=105,6&brand_id=102&limit=5"
    body = {"id": 5, "categories": [3, 4], "variants": [{"id": 9, "product_id": 5}], "brand_id": 2, "weight": 5}
    assert ids.body("/v3/catalog/products", body) == {
        "id": 105, "categories": [103, 4], "variants": [{"id": 109, "product_id": 105}], "brand_id": 102, "weight": 5,
    }  # fmt: skip
    assert [singular(word) for word in ("categories", "addresses", "taxes", "status", "products")] == [
        "category", "address", "tax", "status", "product",
    ]  # fmt: skip
    assert kind_of("/v2/orders/5/shipping_addresses.json") == "shipping_address"
    assert shape_of_path("/stores/abc/v2/orders/5/products?x=1") == "/v2/orders/{id}/products"


def test_dates_addresses_and_hashes_only_have_to_look_alike() -> None:
    def reply(body: Any) -> Recorded:
        json_type = [("content-type", "application/json; charset=utf-8")]
        return Recorded("GET", "http://h/v2/x/1", [], None, 200, json_type, msgspec.json.encode(body))

    one = {"a": "2020-01-01T00:00:00Z", "b": "http://one/x", "c": "0" * 40, "d": "Thu, 01 Jan 2026 10:00:00 +0000"}
    other = {"a": "2026-01-01T00:00:00Z", "b": "https://two/y", "c": "f" * 40, "d": "Fri, 02 Jan 2026 10:00:00 +0000"}
    assert list(differences(reply(one), reply(other), Ids())) == []
    [found] = differences(reply(one), reply(other | {"a": "soon"}), Ids())
    assert (found.kind, found.where, found.recorded, found.replayed) == ("value", "a", "2020-01-01T00:00:00Z", "soon")
    [shorter] = differences(reply([one, one]), reply([one]), Ids())
    assert shorter.where == ".length"


def test_a_ledger_with_a_broken_line_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "known.tsv"
    assert read_ledger(file) == []
    file.write_text(f"{HEAD}\n# a note\nGET\t/v3/x\tvalue\tdata.a\twhy\n")
    assert len(read_ledger(file)) == 1
    file.write_text("GET\t/v3/x\n")
    with pytest.raises(BadLedger, match="Line 1"):
        read_ledger(file)
