"""`bodega fault` and `bodega state`, their pages in the docs, and the same over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bodega.cli import main
from bodega.lab.faults.reading import PARTS, effect_of
from bodega.lab.states import LEFT_OUT, STATES
from bodega.storage.creating import create_store
from bodega.storage.opening import open_backend
from shop import Reply, Shop

PAGE = (Path(__file__).parent.parent / "docs" / "faults.md").read_text("utf-8")
LINES = [
    line
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if not kind
]
COMMANDS = [line for line in LINES if line.startswith("bodega fault")]
HEADERS = [line.partition(": ")[2] for line in LINES if line.startswith("Bodega-Fault")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a store called demo, which no server has open."""
    folder = tmp_path_factory.mktemp("commands")

    async def make() -> None:
        backend = await open_backend(folder, None)
        await create_store(backend, "demo", "sandbox", {}, 0)
        await backend.close()

    asyncio.run(make())
    return folder


def run(place: Path, *words: str) -> Result:
    """A command at that place."""
    return CliRunner().invoke(main, [*words, "--data", str(place)])


def said(place: Path, *words: str) -> Any:
    """What it prints as JSON."""
    found = run(place, *words, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


# The page on faults


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_works(place: Path, line: str) -> None:
    words = shlex.split(line)[1:]
    assert run(place, *words).exit_code == 0, run(place, *words).output
    run(place, "fault", "clear", "demo")


def test_the_page_has_a_command_for_every_member() -> None:
    options = {
        word.lstrip("-").replace("-", "_") for line in COMMANDS for word in shlex.split(line) if word[:2] == "--"
    }
    named = {"header": "headers"}
    assert {named.get(option, option) for option in options} == {name for part in PARTS.values() for name in part}
    for kind in ("dropped", "doubled", "delayed", "reordered", "unsigned", "badly-signed"):
        assert any(f"--webhook {kind}" in line for line in COMMANDS), kind
    for chaos in ("service", "region", "operation", "probability", "error.statusCode", "error.code", "latency"):
        assert re.search(rf"^\| .*`{chaos}`.* \|", PAGE.partition("LocalStack")[2], re.MULTILINE), chaos


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_of_the_page_is_understood(header: str) -> None:
    effect_of(header)


def test_the_page_explains_every_member() -> None:
    assert [name for part in PARTS.values() for name in part if f"`{name}`" not in PAGE] == []


# The command


def test_rules_are_added_listed_and_cleared_while_no_server_runs(place: Path) -> None:
    first = said(place, "fault", "add", "demo", "--method", "POST", "--status", "503", "--count", "3")
    second = said(place, "fault", "add", "demo", "--body", "items.0.quantity=2", "--broken", "--header", "a=b*")
    assert second["match"] == {"headers": {"a": "b*"}, "body": {"items.0.quantity": 2}}
    assert [one["id"] for one in said(place, "fault", "list", "demo")] == [first["id"], second["id"]]
    assert "method POST" in run(place, "fault", "list", "demo").output
    assert said(place, "fault", "clear", "demo", first["id"])["cleared"] == [first["id"]]
    assert run(place, "fault", "clear", "demo", first["id"]).exit_code == 1
    assert run(place, "fault", "clear", "demo").output == "1 rule of store demo deleted.\n"
    assert run(place, "fault", "list", "demo").output == "Store demo has no rules.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--status", "418"], "--status must be one that the law knows"),
        (["--reason", "duplicat"], "Did you mean DUPLICATE?"),
        (["--latency", "9-2"], "--latency must name the least first."),
        (["--header", "x", "--status", "500"], "write x=VALUE"),
        (["--operation", "GET /v3/catalog/product", "--status", "500"], "Did you mean GET /v3/catalog/products?"),
        ([], "effect must say what is done"),
    ],
)
def test_a_mistake_is_a_usage_error(place: Path, words: list[str], told: str) -> None:
    found = run(place, "fault", "add", "demo", *words)
    assert found.exit_code == 2
    assert told in found.stderr


def test_a_store_has_to_be_there(place: Path) -> None:
    for words in (["fault", "list", "none"], ["fault", "add", "none", "--broken"], ["state", "apply", "none", "twins"]):
        assert run(place, *words).exit_code in (1, 2)
    assert run(place, "state", "apply", "none", "customer-twins").exit_code == 1


def test_a_state_is_made_by_a_command(place: Path) -> None:
    made = said(place, "state", "apply", "demo", "overselling-race")
    assert set(made) == {"state", "title", "ids", "look", "client"}
    assert made["look"][0]["request"] == f"GET /v3/catalog/products/{made['ids']['product_id']}"
    assert "product id" in run(place, "state", "apply", "demo", "overselling-race").output
    mistyped = run(place, "state", "apply", "demo", "overselling")
    assert (mistyped.exit_code, "Did you mean overselling-race" in mistyped.stderr) == (2, True)


def test_states_are_listed_with_what_a_client_should_do() -> None:
    found = json.loads(CliRunner().invoke(main, ["state", "list", "--json"]).stdout)
    assert [one["name"] for one in found] == list(STATES)
    assert all(one["client"] and one["happens"] for one in found)
    only = CliRunner().invoke(main, ["state", "list", "--theme", "money"])
    assert "refunded-twice" in only.output
    assert "overselling-race" not in only.output
    assert CliRunner().invoke(main, ["state", "list", "--theme", "fun"]).exit_code == 2


def test_what_has_no_state_is_said() -> None:
    page = (Path(__file__).parent.parent / "docs" / "states.md").read_text("utf-8")
    assert len(STATES) > 60
    assert all(theme in page for theme in LEFT_OUT)


# The control API


def lab(shop: Shop, method: str, path: str, body: Any = None) -> Reply:
    """A request of the lab, from this machine."""
    sent: list[Any] = []
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"host": "localhost", **({"content-type": "application/json"} if content else {})}
    scope = {
        "type": "http", "method": method, "scheme": "http", "path": f"/_bodega/lab{path}", "query_string": b"",
        "client": ("127.0.0.1", 40_000), "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    shop.server.run(shop.server.app(scope, receive, send))
    shop.server.hear()
    return Reply(sent[0]["status"], {}, b"".join(message.get("body", b"") for message in sent[1:]))


def test_rules_over_http(shop: Shop) -> None:
    path = f"/stores/{shop.name}/faults"
    rule = {
        "match": {"method": "GET", "operation": "GET /v2/brands"},
        "schedule": {"count": 1},
        "effect": {"status": 409},
    }
    made = lab(shop, "POST", path, rule)
    assert (made.status, made.json["match"]["method"]) == (201, ["GET"])
    assert [shop.get("/v2/brands").status for _ in range(2)] == [409, 204]
    listed = lab(shop, "GET", path).json
    assert [(one["id"], one["seen"], one["struck"], one["over"]) for one in listed] == [(made.json["id"], 1, 1, True)]
    assert lab(shop, "DELETE", f"{path}/none").status == 404
    assert lab(shop, "DELETE", f"{path}/{made.json['id']}").status == 204
    lab(shop, "POST", path, {"effect": {"status": 500}})
    assert shop.get("/v2/brands").status == 500
    assert lab(shop, "DELETE", path).status == 204
    assert lab(shop, "GET", path).json == []
    assert shop.get("/v2/brands").status == 204


def test_a_bad_rule_is_422_with_every_mistake(shop: Shop) -> None:
    path = f"/stores/{shop.name}/faults"
    wrong = lab(shop, "POST", path, {"match": {"methd": "GET"}, "effect": {"status": 418}})
    assert wrong.status == 422
    assert set(wrong.json["errors"]) == {"match.methd", "effect.status"}
    assert "Did you mean method?" in wrong.json["errors"]["match.methd"]
    operation = {"match": {"operation": "GET /v2/brand"}, "effect": {"status": 500}}
    assert "GET /v2/brands?" in lab(shop, "POST", path, operation).json["errors"]["match.operation"]
    assert lab(shop, "GET", "/stores/none/faults").status == 404


def test_states_over_http(shop: Shop) -> None:
    listed = lab(shop, "GET", "/states").json
    assert [one["name"] for one in listed] == list(STATES)
    made = lab(shop, "POST", f"/stores/{shop.name}/states/quota-spent")
    assert made.status == 201
    assert shop.get("/v3/catalog/brands", token=made.json["ids"]["token"]).status == 429
    mistyped = lab(shop, "POST", f"/stores/{shop.name}/states/quota-spend")
    assert (mistyped.status, "quota-spent" in mistyped.json["title"]) == (404, True)


def test_a_state_that_cannot_be_made_is_409(shop: Shop) -> None:
    lab(shop, "PUT", f"/stores/{shop.name}/limits", {"limits": {"products": 0}})
    refused = lab(shop, "POST", f"/stores/{shop.name}/states/overselling-race")
    assert refused.status == 409
    assert "at most 0 products" in refused.json["title"]
