"""Products that can be ordered before they are there (rule 52)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from bodega.resources import SWEEPS
from bodega.tasks.sweep import sweep
from shop import Shop

START = 1_800_000_000
SOON = datetime.datetime.fromtimestamp(START + 3600, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pass_time(shop: Shop, seconds: int) -> None:
    """Moves the store's clock, and does what is due."""
    shop.freeze(START + seconds)
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(sweep(store, SWEEPS))


ROWS: list[tuple[dict[str, Any], str]] = [
    # what the product says, what it is after its release date
    ({"is_preorder_only": True, "preorder_release_date": SOON}, "available"),
    ({"is_preorder_only": False, "preorder_release_date": SOON}, "preorder"),
    ({"is_preorder_only": True}, "preorder"),
]


@pytest.mark.parametrize(("more", "after"), ROWS)
def test_only_what_is_for_preorder_only_becomes_available(shop: Shop, more: dict[str, Any], after: str) -> None:
    """Rule 52, by the store's clock."""
    shop.freeze(START)
    made = shop.product(availability="preorder", preorder_message="Here on %%DATE%%", **more)
    path = f"/v3/catalog/products/{made}"
    etag = shop.get(path).headers["etag"]
    pass_time(shop, 3599)
    assert shop.get(path, headers={"if-none-match": etag}).status == 304
    pass_time(shop, 3600)
    shown = shop.get(path)
    assert (shown.data["availability"], shown.data["preorder_message"]) == (after, "Here on %%DATE%%")
    assert (shown.headers["etag"] != etag) == (after == "available")
    assert shop.get(f"/v2/products/{made}").json["availability"] == after


def test_a_date_that_moves_moves_the_release(shop: Shop) -> None:
    """Rule 52: what was said last counts."""
    shop.freeze(START)
    made = shop.product(availability="preorder", is_preorder_only=True, preorder_release_date=SOON)
    shop.put(f"/v3/catalog/products/{made}", {"preorder_release_date": None})
    pass_time(shop, 7200)
    assert shop.get(f"/v3/catalog/products/{made}").data["availability"] == "preorder"
    shop.put(f"/v3/catalog/products/{made}", {"preorder_release_date": SOON})
    pass_time(shop, 7201)
    assert shop.get(f"/v3/catalog/products/{made}").data["availability"] == "available"
