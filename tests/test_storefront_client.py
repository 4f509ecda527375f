"""The vendor's own client of the storefront's GraphQL API, unmodified: what it sends is answered as it expects."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.storage.creating import create_store
from chromium import House, serving
from npm import installed, needs_npm

pytestmark = needs_npm
FOLDER = Path(__file__).parent / "node" / "storefront"
TOKEN = "client-" + "t" * 40


def ask(house: House, path: str, body: Any) -> Any:
    headers = {"X-Auth-Token": TOKEN, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{house.url}/stores/window{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())["data"]


@pytest.fixture(scope="module")
def met(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client met at a shop of two products."""
    client = installed(request, FOLDER) / "@bigcommerce" / "catalyst-client"
    with serving(tmp_path_factory.mktemp("window")) as house:
        stores = house.app.stores

        async def make() -> None:
            record = await create_store(stores.backend, "window", "sandbox", {"name": "Window"}, int(time.time()))
            await add_account(stores.registry, record, "client", TOKEN, ALL, client_id="client", per_window=100_000)

        house.run(make())
        for name in ("Hammer", "Saw"):
            ask(house, "/v3/catalog/products", {"name": name, "type": "physical", "weight": 1, "price": 10})
        token = ask(house, "/v3/storefront/api-token", {"channel_id": 1, "expires_at": int(time.time()) + 3_600})
        script = [str(FOLDER / "asks.mjs"), str(client), house.url.rpartition(":")[2], token["token"], "window"]
        done = subprocess.run(["node", *script], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2_000:]
        read: dict[str, Any] = json.loads(done.stdout)
        return read


def test_queries_mutations_and_maps_of_the_site_are_answered(met: dict[str, Any]) -> None:
    found = met["found"]
    products = [edge["node"] for edge in found["products"]["data"]["data"]["site"]["products"]["edges"]]
    assert products[0] == {"name": "Hammer", "prices": {"price": {"value": 10, "currencyCode": "USD"}}}
    assert [one["name"] for one in products] == ["Hammer", "Saw"]
    assert len(found["again"]["data"]["data"]["site"]["products"]["edges"]) == 1
    assert found["cart"]["data"]["data"]["cart"]["createCart"]["cart"]["lineItems"]["totalQuantity"] == 2
    assert "<sitemapindex" in found["sitemap"]["data"]
    assert met["sent"][0] == {
        "host": "store-window-1.localhost", "path": "/graphql?operation=ProductsQuery&type=query",
    }  # fmt: skip


def test_errors_are_of_the_classes_that_the_client_tells_apart(met: dict[str, Any]) -> None:
    found = met["found"]
    assert (found["broken"]["error"], found["broken"]["codes"]) == ("BigCommerceGQLError", ["BAD_USER_INPUT"])
    assert found["invalid"]["codes"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert (found["signedOut"]["error"], found["signedOut"]["codes"]) == (
        "InvalidCustomerAccessTokenError", ["INVALID_CUSTOMER_ACCESS_TOKEN"],
    )  # fmt: skip
    assert found["notChecked"]["data"] == {"data": {"customer": None}}
    assert (found["wrongToken"]["error"], found["wrongToken"]["status"]) == ("BigCommerceAPIError", 401)
    named = {"site": {"product": None, "settings": {"storeName": "Window"}}}
    assert found["all"]["data"]["data"] == found["ignored"]["data"]["data"] == named
    assert found["all"]["data"]["errors"][0]["path"] == ["site", "product"]
    assert ["InvalidCustomerAccessTokenError", "query"] in met["failed"]


def test_the_client_reads_the_complexity_of_what_was_answered(met: dict[str, Any]) -> None:
    """It logs it: 1 a field, and what stands below a page once for each of its items."""
    told = [re.sub(r"[\d.]+ms", "ms", line) for line in met["told"]]
    assert "[BigCommerce] query ProductsQuery - ms - complexity 16" in told, told
    assert "[BigCommerce] mutation CreateCart - ms - complexity 5" in told
    assert sum("complexity unknown" in line for line in told) == 1, "of a query that was never valid"
