"""Links of a V2 product lead somewhere (contract/clients.md: connectors follow them)."""

from __future__ import annotations

import json

from shop import Shop

UNDOCUMENTED = {"downloads"}


def test_every_link_of_a_product_is_served(shop: Shop) -> None:
    """An empty list is 204 (rule 7); nothing is 404 but what no document describes."""
    shop.brand()
    shop.post("/v2/option_sets", {"name": "Sizes"})
    made = shop.product(brand_id=1, tax_class_id=1)
    shop.put(f"/v2/products/{made}", {"option_set_id": 1})
    shown = shop.get(f"/v2/products/{made}").json
    links = {
        name: value["resource"] for name, value in shown.items() if isinstance(value, dict) and "resource" in value
    }
    assert len(links) > 10, json.dumps(shown)
    answers = {name: shop.get(f"/v2{path}").status for name, path in links.items()}
    assert {name for name, status in answers.items() if status not in (200, 204)} == UNDOCUMENTED
