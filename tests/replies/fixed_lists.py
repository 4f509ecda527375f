"""Countries, their states, order statuses and payment methods: the same in every store."""

from replies import Differs

NEWER = "the newer description has it, the older table not"

DIFFERS = [
    Differs("GET /v2/order_statuses*", "order", "extra", "the older table has it, and the examples of the newer"),
]
V2_TABLES = {
    "countries_states": "country_state",
    "order_statuses": "order_status",
    "orderstatuses": "order_status",
    "payments_methods": "payment_method",
}
V2_DIFFERS = {("order_status", name, "name"): NEWER for name in ("custom_label", "system_label", "system_description")}
