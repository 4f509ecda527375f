"""Price lists in the panel: the API's rules and words, through forms."""

from __future__ import annotations

from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import message, new_id


def test_a_price_list_is_made_filled_assigned_and_deleted(shop: Shop) -> None:
    shop.product(sku="H-1", price=10)
    shop.post("/v2/customer_groups", {"name": "Trade"})
    browser = signed_in(shop)
    assert "Other prices" in browser.get(f"{base(shop)}/price-lists").text
    form = browser.get(f"{base(shop)}/price-lists/new")
    assert browser.post(form, "/price-lists", name="").status == 422
    key = new_id(browser.post(form, "/price-lists", name="Wholesale", active="true"))
    here = f"/price-lists/{key}"
    page = browser.get(base(shop) + here)
    assert browser.post(page, here).header("location").endswith("done=unchanged")
    saved = browser.post(page, here, name="Trade prices")
    assert saved.header("location").endswith("done=saved"), message(saved)
    page = browser.get(base(shop) + here)
    wrong = browser.post(page, f"{here}/records", **{"record.sku": "no such", "record.currency": "USD"})
    assert wrong.status == 422
    price = {"record.sku": "H-1", "record.currency": "USD", "record.price": "8.50"}
    priced = browser.post(page, f"{here}/records", **price)
    assert priced.header("location").endswith("done=priced"), message(priced)
    assert [one["price"] for one in shop.get(f"/v3/pricelists/{key}/records").data] == [8.5]
    given = browser.post(page, f"{here}/targets", **{"target.customer_group_id": "1"})
    assert given.header("location").endswith("done=assigned"), message(given)
    assert browser.post(page, f"{here}/targets").status == 422
    page = browser.get(base(shop) + here)
    assert "8.5" in page.text
    assert "Trade" in page.text
    (target,) = shop.get("/v3/pricelists/assignments").data
    gone = browser.post(page, f"{here}/targets/{target['id']}/delete")
    assert gone.header("location").endswith("done=withdrawn"), message(gone)
    (one,) = shop.get(f"/v3/pricelists/{key}/records").data
    gone = browser.post(page, f"{here}/records/{one['variant_id']}/USD/delete")
    assert gone.header("location").endswith("done=unpriced"), message(gone)
    gone = browser.post(browser.get(base(shop) + here), f"{here}/delete")
    assert gone.header("location").endswith("/price-lists?done=deleted"), message(gone)
    assert shop.get("/v3/pricelists").data == []
