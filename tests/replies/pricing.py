"""Prices of products: a calculation by POST."""

from replies import Differs, Row

WHO = {"channel_id": 1, "currency_code": "USD"}

ROWS = [
    Row("POST", "/v3/pricing/products", {**WHO, "items": [{"product_id": "{hammer}"}]}),
    Row("POST", "/v3/pricing/products", {**WHO, "items": [{"product_id": "{drill}"}], "country_code": "US"}),
]

DIFFERS: list[Differs] = []
