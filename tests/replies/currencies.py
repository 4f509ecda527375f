"""Currencies and tax classes (rules 110, 111)."""

from replies import Differs, Row

EURO = {
    "currency_code": "EUR",
    "currency_exchange_rate": "0.849",
    "token_location": "left",
    "token": "€",
    "decimal_token": ".",
    "thousands_token": ",",
    "decimal_places": 2,
    "name": "Euro",
    "country_iso2": "EU",
}

ROWS = [
    Row("POST", "/v2/currencies", EURO, name="euro"),
    Row("PUT", "/v2/currencies/{euro}", {"currency_exchange_rate": 0.9}),
    Row("POST", "/v2/currencies", {}, status=400),
]

DIFFERS = [
    Differs("* /v2/currencies*", "last_updated", "format", "an example of it has the dates of V2 (rule 16)"),
]
V2_TABLES = {"currencies": "", "taxclasses": "tax_class"}
V2_DIFFERS = {
    ("tax_class", "id", "type"): "text in the newer description",
    ("tax_class", "created_at", "name"): "the newer description has it",
    ("tax_class", "updated_at", "name"): "the newer description has it",
}
