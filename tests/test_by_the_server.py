"""Commands beside a running server with a lab are carried out by it, and say the same as without one."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bodega.cli import main
from served import Served, serving


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a lab."""
    with serving(tmp_path_factory.mktemp("by-the-server"), "--insecure-http", "--lab") as served:
        yield served


LINES = (
    "store create HASH --plan pro", "store show HASH", "account create HASH app --scope store_v2_products",
    "account create HASH user --basic --requests-per-hour 9", "account list HASH",
    "store set HASH name=Shop journal=full",
    "store get HASH name", "store limit HASH products=7", "store plan HASH standard --limit products=9",
    "store maintenance HASH on", "store maintenance HASH off", "store snapshot HASH a", "seed HASH --products 3",
    "store restore HASH a", "store snapshot HASH a --delete", "store fork HASH HASH-f --token t", "store reset HASH",
    "state apply HASH order-paid-incomplete", "fault add HASH --status 503 --path /none", "fault list HASH",
    "fault clear HASH",
    "account revoke HASH HASH-none", "store delete HASH-f --yes", "store delete HASH --yes", "store show HASH",
)  # fmt: skip


def run(line: str, place: tuple[str, ...], name: str) -> Result:
    return CliRunner().invoke(main, [*line.replace("HASH", name).split(), "--json", *place])


def shape(value: Any) -> Any:
    """The members and their types."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in sorted(value.items())}
    return sorted({repr(shape(one)) for one in value}) if isinstance(value, list) else type(value).__name__


def test_they_say_the_same(house: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = http.client.HTTPConnection.request

    def counted(self: Any, method: str, path: str, *more: Any, **rest: Any) -> None:
        asked.append(path)
        ask(self, method, path, *more, **rest)

    monkeypatch.setattr(http.client.HTTPConnection, "request", counted)
    alone = ("--data", str(tmp_path / "alone"))
    for line in LINES:
        before = len(asked)
        ours, theirs = run(line, alone, "one"), run(line, house.place, "one")
        assert (line, theirs.exit_code) == (line, ours.exit_code), theirs.output + ours.output
        if ours.exit_code == 0:
            assert shape(json.loads(theirs.stdout)) == shape(json.loads(ours.stdout)), line
        assert len(asked) > before or line.startswith(("fault add", "fault clear")), line


def test_the_journal_is_as_new_as_the_last_request(house: Served) -> None:
    store = house.store()
    token = store.account()["token"]
    connection = http.client.HTTPConnection(house.http.removeprefix("http://"), timeout=60)
    connection.request("GET", f"/stores/{store.hash}/v3/catalog/brands", headers={"x-auth-token": token})
    connection.getresponse().read()
    connection.close()
    assert [one["path"] for one in store.run("logs HASH")] == [f"/stores/{store.hash}/v3/catalog/brands"]


def test_a_request_is_undone_by_the_command(house: Served) -> None:
    store = house.store()
    token = store.account()["token"]
    connection = http.client.HTTPConnection(house.http.removeprefix("http://"), timeout=60)
    headers = {"x-auth-token": token, "content-type": "application/json"}
    connection.request("POST", f"/stores/{store.hash}/v3/catalog/brands", json.dumps({"name": "Gone"}), headers)
    reply = connection.getresponse()
    made = json.loads(reply.read())["data"]["id"]
    undone = store.run(f"undo HASH {reply.headers['x-request-id']}")
    assert undone["rows"] == [{"resource": "brands", "id": made, "change": "created"}]
    connection.request("GET", f"/stores/{store.hash}/v3/catalog/brands/{made}", headers=headers)
    assert connection.getresponse().status == 404
    connection.close()
    again = CliRunner().invoke(main, ["undo", store.hash, reply.headers["x-request-id"], *house.place])
    assert again.exit_code == 1
    assert "was undone already" in again.output
