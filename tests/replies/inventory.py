"""Locations and what they hold (rules 117 and 118)."""

from replies import Differs, Row
from replies.catalog_metafields import CURSOR

ADDRESS = {
    "address1": "1 Main St",
    "city": "Austin",
    "state": "TX",
    "zip": "78701",
    "email": "austin@example.com",
    "geo_coordinates": {"latitude": 30.2672, "longitude": -97.7431},
    "country_code": "US",
}
AUSTIN = {
    "code": "AUSTIN",
    "label": "Austin",
    "managed_by_external_source": False,
    "type_id": "PHYSICAL",
    "time_zone": "America/Chicago",
    "address": ADDRESS,
    "special_hours": [{"label": "Thanksgiving", "date": "2026-11-26", "open": False}],
}
LOCATIONS = "/v3/inventory/locations"
FIELD = {"namespace": "erp", "key": "code", "value": "7", "permission_set": "write", "description": "Theirs"}
OTHER = {**FIELD, "key": "other", "resource_id": "{austin}"}
COUNTED = {"location_id": "{austin}", "product_id": "{hammer}", "quantity": 5}
SETTINGS = {"settings": [{"identity": {"product_id": "{hammer}"}, "safety_stock": 1, "bin_picking_number": "A1"}]}

ROWS = [
    Row("POST", LOCATIONS, [AUSTIN]),
    Row("POST", LOCATIONS, [AUSTIN], status=422),
    Row("GET", f"{LOCATIONS}?location_code:in=AUSTIN", name="austin"),
    Row("PUT", LOCATIONS, [{"id": "{austin}", "description": "Our first"}]),
    Row("PUT", LOCATIONS, [{"label": "Nobody"}], status=422),
    Row("POST", LOCATIONS, [{**AUSTIN, "code": "GONE"}]),
    Row("GET", f"{LOCATIONS}?location_code:in=GONE", name="closed"),
    Row("DELETE", f"{LOCATIONS}?location_id:in={{closed}}"),
    Row("DELETE", f"{LOCATIONS}?location_id:in={{closed}}", status=404),
    Row("DELETE", f"{LOCATIONS}?location_id:in=1", status=422),
    Row("POST", f"{LOCATIONS}/{{austin}}/metafields", FIELD, name="location_code"),
    Row("POST", f"{LOCATIONS}/{{austin}}/metafields", FIELD, status=409),
    Row("POST", f"{LOCATIONS}/{{austin}}/metafields", {}, status=422),
    Row("PUT", f"{LOCATIONS}/{{austin}}/metafields/{{location_code}}", {"value": "8"}),
    Row("POST", f"{LOCATIONS}/metafields", [OTHER], name="location_other"),
    Row("PUT", f"{LOCATIONS}/metafields", [{"id": "{location_other}", "value": "9"}]),
    Row("DELETE", f"{LOCATIONS}/metafields", ["{location_other}"]),
    Row("PUT", "/v3/inventory/adjustments/absolute", {"reason": "Counted", "items": [COUNTED]}),
    Row("PUT", "/v3/inventory/adjustments/absolute", {"items": [{**COUNTED, "quantity": -1}]}, status=422),
    Row("POST", "/v3/inventory/adjustments/relative", {"items": [{**COUNTED, "quantity": -1}]}),
    Row("POST", "/v3/inventory/adjustments/relative", {"items": [{**COUNTED, "quantity": -9}]}, status=422),
    Row("PUT", f"{LOCATIONS}/{{austin}}/items", SETTINGS),
    Row("PUT", f"{LOCATIONS}/{{austin}}/items", {"settings": [{"identity": {}}]}, status=422),
]
ONE = "/v3/inventory/locations/{location_id}/metafields"
BLANK = "the member has a blank in the list of what can be asked for, and an underline everywhere else"

DIFFERS = [
    Differs("GET /v3/inventory/locations", "data.address.email", "format", "the default location has no address yet"),
    Differs("GET /v3/inventory/items", "data.identity.sku_id", "type", "null of a base variant, as its text says"),
    Differs(f"GET {ONE}", "meta.cursor_pagination", "extra", CURSOR),
    Differs(f"POST {ONE}", "*", "body", "a copy of the schema for a new metafield says that these are required"),
    Differs("GET /v3/inventory/locations*/metafields", "date modified", "member", BLANK),
]
