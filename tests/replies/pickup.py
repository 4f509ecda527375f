"""Pickup methods and options, and pickups of orders."""

from replies import Differs, Row

METHOD = {"location_id": "{austin}", "display_name": "Counter", "collection_instructions": "Bring your ID"}
AREA = {
    "coordinates": {"latitude": 30.2, "longitude": -97.7},
    "radius": {"value": 40, "unit": "MI"},
}
READY = {
    "pickup_method_id": "{counter}",
    "order_id": "{order}",
    "ready_at": "2027-03-04T09:00:00Z",
    "pickup_items": [{"order_product_id": "{order_line}", "quantity": 1}],
}
SEARCH = {"search_area": AREA, "items": [{"variant_id": "{hammers}", "quantity": 1}]}

ROWS = [
    Row("POST", "/v3/pickup/methods", [METHOD], name="counter"),
    Row("PUT", "/v3/pickup/methods", [{"id": "{counter}", "collection_time_description": "9 to 5"}]),
    Row("POST", "/v3/pickup/methods", [{**METHOD, "display_name": "Back door"}], name="back_door"),
    Row("DELETE", "/v3/pickup/methods?id:in={back_door}"),
    Row("POST", "/v3/pickup/options", SEARCH),
    Row("POST", "/v3/orders/pickups", [READY], name="collected"),
    Row("POST", "/v3/orders/pickups", [{}], status=422),
    Row("PUT", "/v3/orders/pickups", [{"pickup_id": "{collected}", "collected_at": "2027-03-04T10:00:00Z"}]),
    Row("PUT", "/v3/orders/pickups", [{"ready_at": "2027-03-04T10:00:00Z"}], status=422),
    Row("GET", "/v3/orders/pickups?order_id:in={order}"),
    Row("DELETE", "/v3/orders/pickups?id:in={collected}"),
    Row("POST", "/v3/orders/pickups", [READY]),
]
DIFFERS = [
    Differs(
        "* /v3/pickup/methods", "data.location_identity", "absent", "an older name of location_id, taken in bodies"
    ),
    Differs("GET /v3/orders/pickups", "meta", "extra", "a list has pages, and tells of them"),
]
