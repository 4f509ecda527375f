"""The sample providers in `examples/`: real processes, asked by a store as their README says; both databases."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shop import Shop
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, items_of
from test_shipping_options import zone

EXAMPLES = Path(__file__).parent.parent / "examples"


@contextmanager
def running(name: str, *options: str) -> Iterator[str]:
    """A sample provider in a process of its own; its address."""
    command = [sys.executable, str(EXAMPLES / name / "provider.py"), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(30)


def documents(url: str) -> Any:
    """What the tax provider has committed."""
    with urllib.request.urlopen(f"{url}/documents", timeout=30) as reply:
        return json.load(reply)


def test_a_sale_with_both_samples(shop: Shop) -> None:
    """Connected, quoted, sold, paid, cancelled: each amount is what the samples compute."""
    with running("tax_provider") as tax, running("shipping_provider") as shipping:
        shop.change(settings={
            "providers": f"tax:sample={tax},shipping:sample={shipping}", "providers.allow_private": True,
        })  # fmt: skip
        wrong = {"carrier_id": "sample", "connection": {"api_key": "guessed"}}
        assert shop.post("/v2/shipping/carrier/connection", wrong).status == 400
        right = {"carrier_id": "sample", "connection": {"api_key": "secret"}}
        assert shop.post("/v2/shipping/carrier/connection", right).status == 204
        account = {"username": "shop", "password": "secret"}
        assert shop.put("/v3/tax/providers/sample/connection", account).data["configured"]

        shop.product(price=10, weight=2)
        zone(shop, {"name": "Sample", "type": "sample"})
        made = cart(shop, (1, 2))
        at = f"{PATH}/{made['id']}"
        done(shop.post(f"{at}/billing-address", ADDRESS))
        data = done(shop.post(f"{at}/consignments{INCLUDE}", [{"address": ADDRESS, "line_items": items_of(made)}]))
        (one,) = data["consignments"]
        offered = {each["description"]: each for each in one["available_shipping_options"]}
        assert {name: each["cost"] for name, each in offered.items()} == {
            "Sample (Ground)": 7.2, "Sample (Express)": 21.6,
        }  # fmt: skip
        option = offered["Sample (Ground)"]["id"]
        data = done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": option}))
        assert {each["name"]: each["amount"] for each in data["taxes"]} == {"State tax": 1.7, "City tax": 0.54}
        assert data["grand_total"] == 29.44

        order = done(shop.post(f"{at}/orders"))["id"]
        names = {
            (each["name"], each["line_item_type"]) for each in shop.get(f"/v2/orders/{order}/taxes?details=true").json
        }
        assert names == {(name, kind) for name in ("State tax", "City tax") for kind in ("item", "shipping")}
        assert documents(tax) == {}
        shop.put(f"/v2/orders/{order}", {"status_id": 11})
        shop.wait_for(lambda: list(documents(tax)) == [f"{shop.name}/{order}"])
        shop.put(f"/v2/orders/{order}", {"status_id": 5})
        shop.wait_for(lambda: documents(tax) == {})


def test_a_sample_that_is_gone_is_fallen_back_from(shop: Shop) -> None:
    with running("tax_provider") as tax:
        shop.change(settings={"providers": f"tax:sample={tax}", "providers.allow_private": True})
        shop.put("/v3/tax/providers/sample/connection", {"username": "shop", "password": "secret"})
    shop.product(price=10, weight=2)
    zone(shop, {"name": "Flat", "type": "perorder", "settings": {"rate": 5}})
    made = cart(shop, (1, 1))
    to = [{"address": ADDRESS, "line_items": items_of(made)}]
    assert done(shop.post(f"{PATH}/{made['id']}/consignments", to))["tax_total"] == 1, "the fixed 10 per cent"
