"""`bodega mcp`: what it offers to programs that speak the Model Context Protocol, asked with its own client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mcp import ClientSession, StdioServerParameters, stdio_client

from bodega import __version__
from bodega.cli import main, mcp_tools
from bodega.testing import Lab
from served import environment, first_json, started

PATIENCE = 120
KEY = "a-key-of-the-lab"


def lab_server(folder: Path, *more: str) -> Any:
    ports = ("--http-port", "0", "--https-port", "0")
    return started("serve", "--insecure-http", "--data", str(folder), *ports, *more, "--json")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a lab."""
    with lab_server(tmp_path_factory.mktemp("data"), "--lab") as server:
        yield first_json(server)["http"]


class Asked:
    """A session; remembers which tools were called."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session
        self.called: set[str] = set()

    async def raw(self, tool: str, **arguments: Any) -> Any:
        self.called.add(tool)
        return await self.session.call_tool(tool, arguments)

    async def say(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers, as data."""
        result = await self.raw(tool, **arguments)
        assert not result.is_error, result.content[0].text
        told = result.structured_content
        return told["result"] if set(told) == {"result"} else told

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The words of a refusal."""
        result = await self.raw(tool, **arguments)
        assert result.is_error
        return str(result.content[0].text)


def talk(work: Callable[[Asked], Awaitable[None]], *options: str) -> Any:
    """What a session does with a `bodega mcp` of its own; returns what the server said of itself."""

    async def whole() -> Any:
        process = StdioServerParameters(
            command=sys.executable, args=["-m", "bodega.cli", "mcp", *options], env=environment()
        )
        async with stdio_client(process) as (read, write), ClientSession(read, write) as session:
            greeting = await session.initialize()
            await work(Asked(session))
            return greeting

    return asyncio.run(asyncio.wait_for(whole(), PATIENCE))


def test_every_tool_does_what_it_says(url: str) -> None:
    async def work(lab: Asked) -> None:
        offered = {tool.name: tool for tool in (await lab.session.list_tools()).tools}
        assert all(tool.description for tool in offered.values())
        assert offered["list_stores"].annotations.read_only_hint
        assert offered["delete_store"].annotations.destructive_hint

        made = await lab.say("create_store", hash="shop", plan="pro")
        assert made["url"] == f"{url}/stores/shop"
        added = await lab.say("seed_store", hash="shop", products=3, customers=1)
        assert added["added"]["products"] == 3
        fork = await lab.say("fork_store", source="shop", hash="copy")
        assert {one["hash"] for one in await lab.say("list_stores")} == {"shop", "copy"}

        client = Lab(url)
        store = client.create("caller")  # a client of the API, whose requests the tools tell of
        product = {"name": "Kettle", "type": "physical", "weight": 1, "price": 20, "description": "w" * 5_000}
        assert store.request("POST", "/v3/catalog/products", {"name": 1}).status == 422
        assert store.request("GET", "/v3/catalog/products").status == 200
        await lab.say("change_settings", hash="caller", settings={"journal": "full"})
        kettle = store.request("POST", "/v3/catalog/products", product).data

        newest, listed, wrong = await lab.say("read_journal", hash="caller")
        assert [newest["status"], listed["status"], wrong["status"]] == [200, 200, 422]
        assert len(newest["body"]) < 3_000
        assert "show_request has them" in newest["body"]
        whole = await lab.say("show_request", hash="caller", request_id=newest["id"])
        assert json.loads(whole["body"])["description"] == "w" * 5_000
        assert "explained" not in whole
        [found] = await lab.say("read_journal", hash="caller", status="4xx", limit=1)
        shown = await lab.say("show_request", hash="caller", request_id=found["id"])
        assert shown["explained"]["reason"] == shown["reason"] == found["reason"]

        for asked, remedy in (("503", "The header Bodega-Fault asked for this answer."), ("disconnect=after", "")):
            with contextlib.suppress(OSError, HTTPException):
                store.request("GET", "/v3/catalog/brands", headers={"Bodega-Fault": asked})
            [found] = await lab.say("read_journal", hash="caller", limit=1)
            shown = await lab.say("show_request", hash="caller", request_id=found["id"])
            assert shown["fault"] == "header"
            assert shown.get("explained", {}).get("remedy", "").startswith(remedy)

        told = await lab.say(
            "verify_requests", hash="caller", method="POST", path="/v3/catalog/products", body={"price": 20}, times=1
        )
        assert told["ok"], told["message"]
        told = await lab.say("verify_requests", hash="caller", method="DELETE", path=f"/v3/*/{kettle['id']}")
        assert not told["ok"]
        assert "never" in told["message"]
        assert told["nearest"]

        [needed] = (await lab.say("least_scopes", hash="caller"))["accounts"]
        assert needed["scopes"] == ["store_v2_products"]
        assert "findings" in await lab.say("report_card", hash="caller")

        account = await lab.say("create_account", hash="shop", name="reader", scopes=["store_v2_products_read_only"])
        assert account["token"]
        assert (await lab.say("explain", asked="409"))["reasons"]
        assert (await lab.say("explain", asked="duplicate"))["v3"] == 409
        operations = await lab.say("list_operations", text="catalog brands", version="3")
        assert {"version": 3, "method": "POST", "path": "/v3/catalog/brands", "table": "brands",
                "scope": "store_v2_products"} in operations["operations"]  # fmt: skip
        assert operations["count"] >= 5
        assert (await lab.say("list_operations", limit=1))["count"] > 300
        assert "store_v2_products" in await lab.say("list_scopes", text="product")

        rule = await lab.say("add_fault", hash="caller", effect={"status": 503}, match={"method": "GET"})
        assert store.request("GET", "/v3/catalog/products").status == 503
        assert [one["id"] for one in await lab.say("list_faults", hash="caller")] == [rule["id"]]
        await lab.say("clear_faults", hash="caller", rule_id=rule["id"])
        assert store.request("GET", "/v3/catalog/products").status == 200
        await lab.say("clear_faults", hash="caller")

        state = (await lab.say("list_states", text="product"))[0]
        assert (await lab.say("apply_state", hash="caller", name=state["name"]))["state"] == state["name"]
        assert "faults.md" in (await lab.say("read_page"))["text"]
        assert (await lab.say("read_page", name="faults.md"))["text"].startswith("# Faults")

        await lab.say("reset_store", hash="copy")
        assert client.call("GET", "/stores/copy")["hash"] == "copy"
        client.close()
        assert fork["token"] == "copy-token"
        for name in ("copy", "shop", "caller"):
            await lab.say("delete_store", hash=name)
        assert await lab.say("list_stores") == []
        assert lab.called == set(offered)

    greeting = talk(work, "--url", url)
    assert greeting.server_info.name == "bodega"
    assert greeting.server_info.version == __version__
    assert "X-Auth-Token" in greeting.instructions


def test_what_is_refused_is_told_in_a_sentence(url: str) -> None:
    async def work(lab: Asked) -> None:
        assert "There is no store nowhere" in await lab.refused("read_journal", hash="nowhere")
        assert "hash" in await lab.refused("create_store", hash="Not a hash")
        assert "did you mean" in (await lab.refused("explain", asked="duplicat")).lower()
        await lab.say("create_store", hash="there")
        assert "There is a store there already" in await lab.refused("create_store", hash="there")
        assert "Did you mean" in await lab.refused("create_account", hash="there", scopes=["store_v2_product"])
        assert "effect.statu" in await lab.refused("add_fault", hash="there", effect={"statu": 503})
        assert "Did you mean" in await lab.refused("change_settings", hash="there", settings={"journl": "full"})
        assert "There is no state nothing" in await lab.refused("apply_state", hash="there", name="nothing")
        await lab.say("delete_store", hash="there")
        assert "faults.md" in await lab.refused("read_page", name="../secrets.md")
        assert "Field required" in await lab.refused("explain")

    talk(work, "--url", url)


def test_a_key_a_server_without_a_lab_and_no_server(tmp_path: Path) -> None:
    async def without(lab: Asked) -> None:
        told = await lab.refused("list_stores")
        assert "asks for its key" in told
        assert "--key" in told

    async def with_it(lab: Asked) -> None:
        assert await lab.say("list_stores") == []

    async def no_lab(lab: Asked) -> None:
        assert "start it as bodega serve --lab" in await lab.refused("list_stores")

    async def nobody(lab: Asked) -> None:
        told = await lab.refused("list_stores")
        assert "bodega dev" in told
        assert "--url" in told
        assert (await lab.say("explain", asked="404"))["status"] == 404  # which needs no server

    with lab_server(tmp_path / "keyed", "--lab-key", KEY) as server:
        there = first_json(server)["http"]
        talk(without, "--url", there)
        talk(with_it, "--url", there, "--key", KEY)
    with lab_server(tmp_path / "plain") as server:
        talk(no_lab, "--url", first_json(server)["http"])
    talk(nobody, "--url", "http://127.0.0.1:9")


def test_without_the_extra_it_says_how_to_install_it() -> None:
    hidden = "import sys; sys.modules['mcp'] = None\nfrom bodega.cli import main\nmain(['mcp'])"
    done = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, timeout=PATIENCE, check=False,
        stdin=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install '.[mcp]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "ftp://host", "http://"])
def test_an_address_that_is_none_is_a_mistake_of_usage(address: str) -> None:
    done = CliRunner().invoke(main, ["mcp", "--url", address])
    assert done.exit_code == 2
    assert "is no http or https URL" in done.output


def test_the_page_names_every_tool_and_no_other() -> None:
    page = (Path(__file__).parent.parent / "docs" / "agents.md").read_text("utf-8")
    table = page.partition("| tools |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == {*mcp_tools.READS, *mcp_tools.ADDS, *mcp_tools.LOSES}
    told = json.loads(re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0])
    assert told["mcpServers"]["bodega"]["args"][0] == "mcp"
