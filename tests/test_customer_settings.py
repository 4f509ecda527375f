"""Settings of customers, their consent, and the payment instruments that nobody has."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

STORE = "/v3/customers/settings"
CHANNEL = "/v3/customers/settings/channels/1"
JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


@pytest.fixture
def groups(shop: Shop) -> Shop:
    """Two customer groups; the first is the default one."""
    shop.post("/v2/customer_groups", {"name": "First", "is_default": True})
    shop.post("/v2/customer_groups", {"name": "Second"})
    return shop


def test_settings_of_the_store_begin_empty_and_change_by_member(shop: Shop) -> None:
    """Rule 19: what a PUT does not name stays."""
    begin = {
        "privacy_settings": {"ask_shopper_for_tracking_consent": False, "policy_url": ""},
        "customer_group_settings": {"guest_customer_group_id": 0, "default_customer_group_id": 0},
    }
    assert shop.get(STORE).json == {"data": begin, "meta": {}}
    changed = shop.put(STORE, {"privacy_settings": {"policy_url": "https://example.com/policy"}})
    assert changed.status == 200
    shop.put(STORE, {"privacy_settings": {"ask_shopper_for_tracking_consent": True}})
    begin["privacy_settings"] = {
        "ask_shopper_for_tracking_consent": True,
        "policy_url": "https://example.com/policy",
    }
    assert shop.get(STORE).data == begin


def test_the_groups_of_the_settings_are_those_that_the_groups_tell(groups: Shop) -> None:
    """Rule 103: one fact, shown and changed in two places."""
    assert groups.get(STORE).data["customer_group_settings"]["default_customer_group_id"] == 1
    changed = groups.put(
        STORE, {"customer_group_settings": {"default_customer_group_id": 2, "guest_customer_group_id": 1}}
    )
    assert changed.status == 200, changed.body
    shown = groups.get("/v2/customer_groups").json
    assert [(one["is_default"], one["is_group_for_guests"]) for one in shown] == [(False, True), (True, False)]
    groups.put("/v2/customer_groups/1", {"is_default": True})
    assert groups.get(STORE).data["customer_group_settings"]["default_customer_group_id"] == 1
    groups.put(STORE, {"customer_group_settings": {"default_customer_group_id": 0}})
    assert groups.get("/v2/customer_groups?is_default=true").status == 204
    groups.delete("/v2/customer_groups/1")
    assert groups.get(STORE).data["customer_group_settings"]["guest_customer_group_id"] == 0


def test_a_channel_overrides_the_store_until_it_is_told_null(groups: Shop) -> None:
    """customers.v3: null is inherited; customers of the channel join its own default group."""
    nothing = {
        "privacy_settings": {"ask_shopper_for_tracking_consent": None, "policy_url": None},
        "customer_group_settings": {"guest_customer_group_id": None, "default_customer_group_id": None},
        "allow_global_logins": True,
    }
    assert groups.get(CHANNEL).data == nothing
    own = {
        "privacy_settings": {"ask_shopper_for_tracking_consent": True, "policy_url": "https://example.com"},
        "customer_group_settings": {"guest_customer_group_id": 0, "default_customer_group_id": 2},
        "allow_global_logins": False,
    }
    assert groups.put(CHANNEL, own).data == own
    (jane,) = groups.post("/v3/customers", [JANE]).data
    assert (jane["customer_group_id"], jane["channel_ids"]) == (2, [1])
    groups.delete("/v2/customer_groups/2")
    assert groups.get(CHANNEL).data["customer_group_settings"]["default_customer_group_id"] is None
    groups.put(CHANNEL, {"privacy_settings": {"policy_url": None}, "allow_global_logins": None})
    shown = groups.get(CHANNEL).data
    assert (shown["privacy_settings"]["policy_url"], shown["allow_global_logins"]) == (None, True)
    (john,) = groups.post("/v3/customers", [{**JANE, "email": "john@example.com"}]).data
    assert (john["customer_group_id"], john["channel_ids"]) == (1, None)


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("PUT", STORE, {"customer_group_settings": {"default_customer_group_id": 9}}, 422, "FIELD_INVALID"),
    ("PUT", CHANNEL, {"customer_group_settings": {"guest_customer_group_id": 9}}, 422, "FIELD_INVALID"),
    ("PUT", STORE, {"privacy_settings": {"policy_url": 7}}, 422, "FIELD_INVALID"),
    ("PUT", STORE, {"privacy_settings": {"policy_url": None}}, 422, "FIELD_INVALID"),
    ("PUT", STORE, {"customer_group_settings": {"guest_customer_group_id": None}}, 422, "FIELD_INVALID"),
    ("PUT", STORE, [], 400, "MALFORMED_BODY"),
    ("GET", "/v3/customers/settings/channels/9", None, 404, "NO_SUCH_ENTITY"),
    ("PUT", "/v3/customers/settings/channels/9", {}, 404, "NO_SUCH_ENTITY"),
    ("POST", STORE, {}, 405, "METHOD_NOT_ALLOWED"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_bad_settings_are_refused_and_change_nothing(
    groups: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    before = [groups.get(path).body for path in (STORE, CHANNEL)]
    reply = groups.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert [groups.get(path).body for path in (STORE, CHANNEL)] == before


def test_a_lost_update_of_settings_is_refused(shop: Shop) -> None:
    """RFC 9110 13.1.1."""
    etag = shop.get(STORE).headers["etag"]
    assert shop.put(STORE, {"privacy_settings": {"policy_url": "a"}}, headers={"If-Match": etag}).status == 200
    assert shop.put(STORE, {"privacy_settings": {"policy_url": "b"}}, headers={"If-Match": etag}).status == 412


# Consent


def test_consent_is_what_was_last_declared(shop: Shop) -> None:
    """customers.v3: without `data` around it; a category is allowed or denied, never both."""
    shop.freeze(1_400_000_000)
    shop.post("/v3/customers", [JANE])
    path = "/v3/customers/1/consent"
    assert shop.get(path).json == {"allow": [], "deny": [], "updated_at": "2014-05-13T16:53:20Z"}
    shop.freeze(1_400_000_100)
    declared = shop.put(path, {"allow": ["essential", "analytics"], "deny": ["targeting"]})
    assert declared.status == 200
    assert declared.json["updated_at"] == "2014-05-13T16:55:00+00:00"
    moved = shop.put(path, {"deny": ["targeting", "analytics"]})
    assert (moved.json["allow"], moved.json["deny"]) == (["essential"], ["targeting", "analytics"])
    assert shop.get(path).json == moved.json
    for body in (
        {"allow": ["all"]},
        {"allow": ["essential", "essential"]},
        {"allow": ["essential"], "deny": ["essential"]},
    ):
        assert shop.put(path, body).status == 422
    assert shop.get(path).json == moved.json
    assert shop.get("/v3/customers/9/consent").status == 404


def test_nobody_has_a_stored_instrument_and_a_scope_of_its_own_opens_the_list(shop: Shop) -> None:
    """customers.v3: no operation makes one."""
    shop.post("/v3/customers", [JANE])
    path = "/v3/customers/1/stored-instruments"
    assert (shop.get(path).status, shop.get(path).json) == (200, [])
    assert shop.get(path, token=shop.account("store_v2_customers")).status == 403
    assert shop.get(path, token=shop.account("store_stored_payment_instruments_read_only")).status == 200
    assert shop.get("/v3/customers/9/stored-instruments").status == 404
