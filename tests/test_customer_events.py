"""What writes of customers tell (contract: webhooks.tsv)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
HOME = {"first_name": "J", "last_name": "D", "address1": "1", "city": "A", "country_code": "US"}
WHOLE = {**HOME, "customer_id": 1, "state_or_province": "Texas", "postal_code": "1"}
ADDRESS = {"type": "customer", "id": 1, "address": {"customer_id": 1}}
V3 = "/v3/customers"

Events = list[tuple[str, Any]]


def customer(change: str, number: int = 1) -> tuple[str, Any]:
    """An event about a customer."""
    return (f"store/customer/{change}", {"type": "customer", "id": number})


FIRED: list[tuple[str, str, Any, Events]] = [
    ("POST", V3, [{**JANE, "email": "b@c.d", "form_fields": [{"name": "a", "value": "b"}]}], [customer("created", 2)]),
    ("POST", "/v2/customers", {**JANE, "email": "b@c.d"}, [customer("created", 2)]),
    ("PUT", "/v2/customers/1", {"company": "Acme"}, [customer("updated")]),
    ("PUT", V3, [{"id": 1}], []),  # nothing that is told
    (
        "PUT",
        V3,
        [{"id": 1, "channel_ids": [1]}],
        [
            customer("updated"),
            ("store/customer/channel/login/access/updated", {"type": "customer", "id": 1, "channel_ids": [1]}),
        ],
    ),
    ("POST", V3, [{**JANE, "email": "b@c.d"}, JANE], []),  # rule 97: refused as a whole
    (
        "DELETE",
        V3 + "?id:in=1",
        None,
        [("store/customer/address/deleted", ADDRESS), customer("deleted")],
    ),
    ("PUT", V3 + "/addresses", [{"id": 1, "city": "B"}], [("store/customer/address/updated", ADDRESS)]),
    ("POST", V3 + "/addresses", [WHOLE], []),  # rule 101: a duplicate
    ("DELETE", "/v2/customers/1/addresses/1", None, [("store/customer/address/deleted", ADDRESS)]),
    ("DELETE", "/v2/customer_groups/1", None, [customer("updated")]),
    ("POST", V3 + "/subscribers", {"email": "a@b.c"}, [("store/subscriber/created", {"type": "subscriber", "id": 1})]),
    (
        "POST",
        "/v3/customers/1/metafields",
        {"key": "k", "value": "v", "namespace": "n", "permission_set": "read"},
        [("store/metafield/created", {"metafield_id": 1, "resource_id": "1", "resource_type": "customer"})],
    ),
    (
        "PUT",
        V3 + "/settings/channels/1",
        {"privacy_settings": {"policy_url": "a"}},
        [("store/channel/1/settings/customerPrivacy/updated", {"channel_id": 1})],
    ),
    (
        "PUT",
        V3 + "/settings/channels/1",
        {"customer_group_settings": {"default_customer_group_id": 1}},
        [("store/channel/1/settings/defaultCustomerGroup/updated", {"channel_id": 1})],
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "events"), FIRED)
def test_a_write_fires_its_events_and_nothing_else(
    room: Shop, method: str, path: str, body: Any, events: Events
) -> None:
    """Rules 97, 101, 103, 129."""
    room.post("/v2/customer_groups", {"name": "Members", "is_default": True})
    assert room.post(V3, [JANE]).status == room.post(V3 + "/addresses", [WHOLE]).status == 200
    room.watch()
    room.request(method, path, body)
    assert room.events() == events
