from shop import Shop


def test_a_product_goes_in_and_comes_out(shop: Shop) -> None:
    category = shop.category()
    product = shop.product(categories=[category], sku="H-1")
    assert shop.get(f"/v3/catalog/products/{product}").data["sku"] == "H-1"
    assert shop.get(f"/v2/products/{product}").json["price"] == "10.0000"
    assert shop.get("/v3/catalog/products?include=variants").data[0]["variants"][0]["sku"] == "H-1"
    assert shop.put("/v3/catalog/products", [{"id": product, "name": "B"}, {"id": 99, "name": "C"}]).status == 207
    assert shop.post("/v3/catalog/products", {"name": "B", "type": "physical", "price": 1, "weight": 1}).status == 409
    accepted = shop.delete("/v2/products", headers={"Prefer": "respond-async"})
    assert accepted.status == 202
    assert shop.settle(accepted.json["id"])["response"]["status"] == 204
    assert shop.rows("products") == 0
