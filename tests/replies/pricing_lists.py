"""Price lists, their records and assignments."""

from replies import Differs, Row

LIST = "/v3/pricelists/{trade_list}"
TIERS = [{"quantity_min": 5, "quantity_max": 9, "type": "percent", "amount": 10}]
RECORD = {
    "price": 8,
    "sale_price": 7,
    "retail_price": 12,
    "map_price": 6,
    "bulk_pricing_tiers": TIERS,
    "currency": "USD",
}

ROWS = [
    Row("POST", "/v2/customer_groups", {"name": "Traders"}, name="traders"),
    Row("POST", "/v3/pricelists", {"name": "Trade", "active": True}, name="trade_list"),
    Row("POST", "/v3/pricelists", {"name": "trade"}, status=409),
    Row("PUT", LIST, {"name": "Trade prices"}),
    Row("PUT", f"{LIST}/records", [{**RECORD, "variant_id": "{gown_m}"}]),
    Row("POST", f"{LIST}/records", [{**RECORD, "variant_id": "{gown_m}"}], status=422),
    Row(
        "POST",
        "/v3/pricelists/records",
        [{**RECORD, "variant_id": "{gown_m}", "price_list_id": "{trade_list}"}],
        status=422,
    ),
    Row("PUT", "/v3/pricelists/records", [{**RECORD, "variant_id": "{gown_m}", "price_list_id": "{trade_list}"}]),
    Row("GET", f"{LIST}/records?include=bulk_pricing_tiers,sku"),
    Row("GET", f"{LIST}/records/{{gown_m}}?include=bulk_pricing_tiers,sku"),
    Row("GET", f"{LIST}/records/{{gown_m}}/USD?include=bulk_pricing_tiers,sku"),
    Row("PUT", f"{LIST}/records/{{gown_m}}/USD", RECORD),
    Row("POST", "/v3/pricelists/assignments", [{"price_list_id": "{trade_list}", "channel_id": 1}]),
    Row("PUT", f"{LIST}/assignments", {"customer_group_id": "{traders}", "channel_id": 1}),
]

PATHS = {
    "/v3/pricelists/{price_list_id}/records/{variant_id}": [f"{LIST}/records/{{gown_m}}"],
    "/v3/pricelists/{price_list_id}/records/{variant_id}/{currency_code:text}": [f"{LIST}/records/{{gown_m}}/USD"],
}

DIFFERS = [
    Differs("GET /v3/pricelists*", "meta.pagination.links", "extra", "every other list shows them"),
    Differs("* /v3/pricelists/records", "batch_errors", "extra", "as those of the records of one list are published"),
    Differs("GET /v3/pricelists/assignments", "data.customer_group_id", "type", "null: it is for everybody there"),
]
