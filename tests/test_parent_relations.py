"""Products that are choices of others: `include=parent_relations`."""

from __future__ import annotations

from shop import Shop


def test_a_product_tells_whose_choice_it_is(shop: Shop) -> None:
    """As published: of an option or a modifier whose value stands for it; one question for the page."""
    lamp, bulb, shade = (shop.product(name) for name in ("Lamp", "Bulb", "Shade"))
    shop.product("Kit")
    home = f"/v3/catalog/products/{lamp}"
    value = {"label": "Bulb", "sort_order": 0, "value_data": {"product_id": bulb}}
    modifier = {"display_name": "With", "type": "product_list", "required": False, "option_values": [value]}
    assert shop.post(f"{home}/modifiers", modifier).status == 200
    values = [{"label": "Shade", "sort_order": 0, "value_data": {"product_id": shade}}]
    option = {"display_name": "Over it", "type": "product_list", "option_values": values}
    made = shop.post(f"{home}/options", option)
    assert made.status == 200, made.body

    listed = shop.get("/v3/catalog/products?include=parent_relations")
    assert [one["parent_relations"] for one in listed.data] == [
        [],
        [{"type": "modifier", "product_id": lamp, "attribute_id": 1}],
        [{"type": "variant_option", "product_id": lamp, "attribute_id": 2}],
        [],
    ]
    path = f"/v3/catalog/products/{shade}?include=parent_relations"
    etag = shop.get(path).headers["etag"]
    assert shop.delete(f"{home}/options/2").status == 204
    changed = shop.get(path, headers={"if-none-match": etag})
    assert (changed.status, changed.data["parent_relations"]) == (200, [])
