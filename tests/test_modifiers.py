"""V3's modifiers, what each value does, and V2's configurable fields (rules 60, 64 and 65)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from pictures import picture
from shop import Shop
from statistics_check import check_statistics

HOME = "/v3/catalog/products/1/modifiers"
NOTHING = {"price": {}, "weight": {}, "image_url": "", "purchasing_disabled": {"status": False, "message": ""}}


def insurance(shop: Shop, **more: Any) -> str:
    """A modifier with two values, the first of which costs 5; its path."""
    shop.product()
    values = [
        {"label": "Yes", "sort_order": 0, "adjusters": {"price": {"adjuster": "relative", "adjuster_value": 5}}},
        {"label": "No", "sort_order": 1},
    ]
    body = {"display_name": "Insurance", "type": "radio_buttons", "required": True, "option_values": values, **more}
    made = shop.post(HOME, body)
    assert made.status == 200, made.body
    return f"{HOME}/{made.data['id']}"


def test_a_modifier_is_made_with_values_and_what_they_do(shop: Shop) -> None:
    """Rules 64 and 65: each value names its modifier and its adjusters."""
    shop.freeze(1_700_000_000)
    path = insurance(shop)
    shown = shop.get(path).data
    price = {"adjuster": "relative", "adjuster_value": 5}
    assert shown == {
        "id": 1, "product_id": 1, "name": "Insurance1700000000-1", "display_name": "Insurance",
        "type": "radio_buttons", "sort_order": 0, "config": {}, "required": True,
        "option_values": [
            {"id": 1, "label": "Yes", "sort_order": 0, "value_data": None, "is_default": False, "option_id": 1,
             "adjusters": {**NOTHING, "price": price}},
            {"id": 2, "label": "No", "sort_order": 1, "value_data": None, "is_default": False, "option_id": 1,
             "adjusters": NOTHING},
        ],
    }  # fmt: skip
    assert shop.get(HOME).data == [shown]
    assert shop.get(f"{path}/values").data == shown["option_values"]
    assert shop.get(f"{path}/values/1").data == shown["option_values"][0]
    assert shop.get(f"{path}/values/1?include_fields=adjusters").data == {
        "id": 1, "adjusters": shown["option_values"][0]["adjusters"],
    }  # fmt: skip
    assert shop.get("/v3/catalog/products/1?include=modifiers").data["modifiers"] == [shown]
    assert shop.get("/v3/catalog/products/1/options").data == []
    assert shop.get("/v3/catalog/products/1/options/1").status == 404
    assert shop.get("/v2/products/1/options/1").json["is_required"] is True
    assert shop.put(path, {"required": False}).data["required"] is False
    assert shop.get("/v2/products/1/options/1").json["is_required"] is False
    check_statistics(shop)


def test_what_was_read_is_written_back_and_changes_nothing(shop: Shop) -> None:
    """Clients write whole objects back, with what is read-only and what is empty in them."""
    path = insurance(shop)
    shop.post(HOME, {"display_name": "Gift", "type": "checkbox", "required": False})
    shop.post(HOME, {"display_name": "With", "type": "product_list", "required": False, "option_values": [
        {"label": "Hammer", "sort_order": 0, "value_data": {"product_id": 1}}]})  # fmt: skip
    before = shop.get(HOME).data
    for shown in before:
        assert shop.put(f"{HOME}/{shown['id']}", shown).data == shown
        for value in shown["option_values"]:
            assert shop.put(f"{HOME}/{shown['id']}/values/{value['id']}", value).data == value
    assert shop.get(HOME).data == before
    assert (shop.rows("product_rules"), shop.get(path).data["option_values"][0]["id"]) == (1, 1)


def test_what_a_value_does_is_a_rule(shop: Shop) -> None:
    """Rule 65: written through V3 it is read through V2, and the other way about."""
    path = insurance(shop)
    condition = [{"product_option_id": 1, "option_value_id": 1, "sku_id": None}]
    assert shop.get("/v2/products/1/rules").json == [
        {"id": 1, "product_id": 1, "sort_order": 0, "is_enabled": True, "is_stop": False,
         "price_adjuster": {"adjuster": "relative", "adjuster_value": 5}, "weight_adjuster": None,
         "is_purchasing_disabled": False, "purchasing_disabled_message": "", "is_purchasing_hidden": False,
         "image_file": "", "conditions": condition}
    ]  # fmt: skip
    weight = {"adjuster": "percentage", "adjuster_value": -12.5}
    disabled = {"status": True, "message": "Not today"}
    tag = shop.get(path).headers["etag"]
    changed = shop.put(f"{path}/values/1", {"adjusters": {"weight": weight, "purchasing_disabled": disabled}})
    assert changed.data["adjusters"] == {
        "price": {"adjuster": "relative", "adjuster_value": 5}, "weight": weight, "image_url": "",
        "purchasing_disabled": disabled,
    }  # fmt: skip
    assert shop.get(path).headers["etag"] != tag
    rule = shop.get("/v2/products/1/rules/1").json
    assert (rule["weight_adjuster"], rule["purchasing_disabled_message"]) == (weight, "Not today")
    shop.put("/v2/products/1/rules/1", {"price_adjuster": None, "image_file": "yes.png"})
    adjusters = shop.get(f"{path}/values/1").data["adjusters"]
    assert (adjusters["price"], adjusters["image_url"]) == ({}, "yes.png")
    shop.post("/v2/products/1/rules", {
        "conditions": [{"product_option_id": 1, "option_value_id": 2}],
        "price_adjuster": {"adjuster": "percentage", "adjuster_value": 1},
    })  # fmt: skip
    values = shop.get(f"{path}/values").data
    assert values[1]["adjusters"]["price"] == {"adjuster": "percentage", "adjuster_value": 1}
    check_statistics(shop)


def test_a_value_that_does_nothing_any_more_has_no_rule(shop: Shop) -> None:
    """Rule 65: nor has one whose value or modifier went."""
    path = insurance(shop)
    reply = shop.put(f"{path}/values/1", {"adjusters": {"price": None}})
    assert (reply.data["adjusters"], shop.rows("product_rules")) == (NOTHING, 0)
    for body in ({"price": {"adjuster": "percentage", "adjuster_value": 1}}, {"image_url": "a.png"}):
        shop.put(path, {"option_values": [{"id": 1, "adjusters": body}]})
    assert shop.rows("product_rules") == 1
    assert shop.delete(f"{path}/values/1").status == 204
    assert (shop.rows("product_rules"), shop.rows("product_rule_values")) == (0, 0)
    shop.put(f"{path}/values/2", {"adjusters": {"image_url": "a.png"}})
    assert shop.delete(path).status == 204
    for table in ("product_rules", "product_rule_options", "options", "option_values", "product_options"):
        assert shop.rows(table) == 0, table
    check_statistics(shop)


@pytest.mark.parametrize("ticked", [True, False])
def test_a_checkbox_has_its_two_states(shop: Shop, ticked: bool) -> None:
    """Rule 60: they are there at once, and are then changed."""
    shop.product()
    config = {"checkbox_label": "Wrap it", "checked_by_default": ticked}
    shop.post(HOME, {"display_name": "Gift", "type": "checkbox", "required": False, "config": config})
    path = f"{HOME}/1"
    values = shop.get(path).data["option_values"]
    assert [(one["label"], one["value_data"], one["is_default"]) for one in values] == [
        ("Yes", {"checked_value": True}, ticked), ("No", {"checked_value": False}, not ticked),
    ]  # fmt: skip
    yes = {"label": "Wrapped", "sort_order": 0, "value_data": {"checked_value": True}}
    price = {"price": {"adjuster": "relative", "adjuster_value": 2}}
    changed = shop.put(path, {"option_values": [{**yes, "adjusters": price}]}).data["option_values"]
    assert [(one["id"], one["label"]) for one in changed] == [(1, "Wrapped"), (2, "No")]
    assert changed[0]["adjusters"]["price"] == price["price"]
    refused = shop.post(f"{path}/values", {**yes, "label": "Third"})
    assert (refused.status, refused.reason) == (422, "FIELD_INVALID")
    assert [one["value"] for one in shop.get("/v2/options/1/values").json] == ["1", "0"]
    check_statistics(shop)


CONFIGS: list[tuple[str, Any, Any]] = [
    ("text", {"default_value": "", "text_characters_limited": True, "text_min_length": 1, "text_max_length": 9}, None),
    ("text", {"text_min_length": 3, "text_max_length": 0}, None),
    ("text", {"text_min_length": 3, "text_max_lines": 4, "date_limited": True}, {"text_min_length": 3}),
    ("text", {"default_value": None}, {}),
    ("multi_line_text", {"text_lines_limited": True, "text_max_lines": 4}, None),
    ("numbers_only_text", {"default_value": "5", "number_limited": True, "number_limit_mode": "range",
                           "number_lowest_value": 1, "number_highest_value": 2.5, "number_integers_only": False}, None),
    ("date", {"default_value": "2026-05-04", "date_limited": True, "date_limit_mode": "range",
              "date_earliest_value": "2026-05-01T00:00:00+02:00", "date_latest_value": "2026-06-01"},
     {"default_value": "2026-05-04T00:00:00+00:00", "date_limited": True, "date_limit_mode": "range",
      "date_earliest_value": "2026-04-30T22:00:00+00:00", "date_latest_value": "2026-06-01T00:00:00+00:00"}),
    ("file", {"file_types_mode": "specific", "file_types_supported": ["images", "other"], "file_types_other": ["psd"],
              "file_max_size": 524288}, None),
    ("product_list", {"product_list_adjusts_inventory": True, "product_list_adjusts_pricing": False,
                      "product_list_shipping_calc": "package"}, None),
    ("dropdown", {"default_value": "x"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "config", "kept"), CONFIGS)
def test_each_type_has_settings_of_its_own(shop: Shop, kind: str, config: Any, kept: Any) -> None:
    """The published table of settings; those of other types are passed over, as clients send them all."""
    shop.product()
    made = shop.post(HOME, {"display_name": "Any", "type": kind, "required": False, "config": config})
    assert made.status == 200, made.body
    assert made.data["config"] == (config if kept is None else kept)
    assert shop.get(f"{HOME}/1").data == made.data


TEXT = {"display_name": "Text", "type": "text", "required": False}
REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", "", {**TEXT, "type": "slider"}, 422, "FIELD_INVALID", "type"),
    ("POST", "", {"display_name": "Text", "type": "text"}, 422, "FIELD_MISSING", "required"),
    ("POST", "", {**TEXT, "required": None}, 422, "FIELD_INVALID", "required"),
    ("POST", "", {**TEXT, "display_name": "INSURANCE"}, 409, "DUPLICATE", "display_name"),
    ("POST", "", {**TEXT, "config": {"text_min_length": -1}}, 422, "FIELD_INVALID", "config"),
    ("POST", "", {**TEXT, "config": {"text_min_length": 3, "text_max_length": 2}}, 422, "FIELD_INVALID", "config"),
    ("POST", "", {**TEXT, "config": []}, 422, "FIELD_INVALID", "config"),
    ("POST", "", {**TEXT, "type": "file", "config": {"file_max_size": 524289}}, 422, "FIELD_INVALID", "config"),
    ("POST", "", {**TEXT, "type": "date", "config": {"default_value": "soon"}}, 422, "FIELD_INVALID", "config"),
    ("POST", "", {**TEXT, "type": "date", "config": {"date_limit_mode": "never"}}, 422, "FIELD_INVALID", "config"),
    ("POST", "", {**TEXT, "type": "date", "config": {
        "date_earliest_value": "2026-02-01", "date_latest_value": "2026-01-01"}}, 422, "FIELD_INVALID", "config"),
    ("POST", "", {**TEXT, "type": "numbers_only_text", "config": {
        "number_limit_mode": "range", "number_lowest_value": 2, "number_highest_value": 1}}, 422, "FIELD_INVALID",
     "config"),
    ("POST", "", {**TEXT, "option_values": [{"label": "A", "sort_order": 0}]}, 422, "FIELD_INVALID",
     "option_values.0.type"),
    ("POST", "", {**TEXT, "type": "dropdown", "option_values": [{"label": "A", "sort_order": 0, "adjusters": {
        "price": {"adjuster": "absolute", "adjuster_value": 1}}}]}, 422, "FIELD_INVALID",
     "option_values.0.adjusters.price"),
    ("POST", "", {**TEXT, "type": "dropdown", "option_values": [{"label": "A", "sort_order": 0, "adjusters": 1}]}, 422,
     "FIELD_INVALID", "option_values.0.adjusters"),
    ("PUT", "/1", {"type": "text"}, 422, "FIELD_INVALID", "type"),  # its values would have no meaning
    ("PUT", "/1/values/1", {"adjusters": {"price": {"adjuster": "relative"}}}, 422, "FIELD_INVALID", "adjusters.price"),
    ("PUT", "/1/values/1", {"adjusters": {"price": {"adjuster_value": 3}}}, 422, "FIELD_INVALID", "adjusters.price"),
    ("PUT", "/1/values/1", {"adjusters": {"weight": {"adjuster": "relative", "adjuster_value": 1e300}}}, 422,
     "FIELD_INVALID", "adjusters.weight"),
    ("PUT", "/1/values/1", {"adjusters": {"image_url": 7}}, 422, "FIELD_INVALID", "adjusters.image_url"),
    ("PUT", "/1/values/1", {"label": "no"}, 409, "DUPLICATE", "label"),
    ("POST", "/1/values", {"label": "Maybe"}, 422, "FIELD_MISSING", "sort_order"),
    ("GET", "/2", None, 404, "NO_SUCH_ENTITY", ""),
    ("DELETE", "/1/values/9", None, 404, "NO_SUCH_ENTITY", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "field"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str, field: str
) -> None:
    """Rules 60, 64 and 65; the answer names what is wrong where it is."""
    insurance(shop)
    before = shop.get(HOME).body + shop.get("/v2/options").body
    reply = shop.request(method, HOME + path, body)
    assert (reply.status, reply.reason) == (status, reason)
    if field:
        assert list(reply.json["errors"]) == [field]
    assert shop.get(HOME).body + shop.get("/v2/options").body == before
    check_statistics(shop)


def test_a_type_can_change_while_nothing_loses_its_meaning(shop: Shop) -> None:
    """A choice may look otherwise; settings that the new type does not have go."""
    path = insurance(shop)
    assert shop.put(path, {"type": "dropdown"}).data["type"] == "dropdown"
    assert shop.get("/v2/options/1").json["type"] == "S"
    config = {"default_value": "Hi", "text_min_length": 1, "text_max_length": 5}
    made = shop.post(HOME, {**TEXT, "config": config})
    changed = shop.put(f"{HOME}/{made.data['id']}", {"type": "date", "config": {"date_limited": False}})
    assert (changed.data["type"], changed.data["config"]) == ("date", {"date_limited": False})


def test_a_modifier_of_an_option_set_is_copied_when_v3_edits_it(shop: Shop) -> None:
    """Rule 63: a checkbox as well, whose states the copy has once."""
    for n in (1, 2):
        shop.product(f"P{n}")
    shop.post("/v2/options", {"name": "Wrap", "type": "C"})
    shop.post("/v2/option_sets", {"name": "Set"})
    shop.post("/v2/option_sets/1/options", {"option_id": 1})
    for n in (1, 2):
        shop.put(f"/v2/products/{n}", {"option_set_id": 1})
    other = shop.get("/v3/catalog/products/2/modifiers").body
    price = {"price": {"adjuster": "relative", "adjuster_value": 2}}
    changed = shop.put(f"{HOME}/1/values/1", {"adjusters": price})
    assert (changed.status, changed.data["id"] > 2, changed.data["adjusters"]["price"]) == (200, True, price["price"])
    values = shop.get(f"{HOME}/1/values").data
    assert [one["label"] for one in values] == ["Yes", "No"]
    assert shop.get("/v3/catalog/products/2/modifiers").body == other
    check_statistics(shop)


def test_an_upload_becomes_the_image_of_a_value(shop: Shop) -> None:
    """Rule 65: the rule of the value names it, in both versions, and its file goes with it."""
    path = insurance(shop)
    tag = shop.get(f"{path}/values/2").headers["etag"]
    part = ("image_file", "Wrapped.png", "image/png", picture())
    reply = shop.upload(f"{path}/values/2/image", part, headers={"If-Match": tag})
    assert reply.status == 200, reply.body
    url = reply.data["image_url"]
    assert shop.get(f"{path}/values/2").data["adjusters"] == {**NOTHING, "image_url": url}
    assert shop.get(path).data["option_values"][1]["adjusters"]["image_url"] == url
    shown = shop.get("/v3/catalog/products/1?include=modifiers").data["modifiers"][0]
    assert shown["option_values"][1]["adjusters"]["image_url"] == url
    assert url.endswith(shop.get("/v2/products/1/rules/2").json["image_file"])
    assert shop.put(f"{path}/values/2", shop.get(f"{path}/values/2").data).data["adjusters"]["image_url"] == url
    assert shop.request("GET", urlsplit(url).path, base="", token="").body == picture()
    assert shop.upload(f"{path}/values/2/image", part, headers={"If-Match": tag}).status == 412
    assert shop.upload(f"{path}/values/9/image", part).status == 404
    assert shop.post(f"{path}/values/2/image", {"image_url": url}).reason == "CONTENT_TYPE_UNSUPPORTED"
    assert shop.put(f"{path}/values/2", {"adjusters": {"image_url": ""}}).data["adjusters"] == NOTHING
    assert (shop.rows("files"), shop.rows("product_rules")) == (0, 1)
    check_statistics(shop)


# V2's configurable fields.


def test_fields_without_choices_are_v2s_configurable_fields(shop: Shop) -> None:
    """They are seen and deleted there, and made through V3 only; those of an option set are options in V2."""
    shop.product()
    file = {"file_types_mode": "specific", "file_types_supported": ["images", "other"], "file_types_other": ["psd"],
            "file_max_size": 512}  # fmt: skip
    shop.post(HOME, {**TEXT, "required": True, "sort_order": 3})
    shop.post(HOME, {"display_name": "Picture", "type": "file", "required": False, "config": file})
    shop.post(HOME, {"display_name": "When", "type": "date", "required": False})
    shop.post("/v2/options", {"name": "Engraving", "type": "T"})
    shop.post("/v2/option_sets", {"name": "Set"})
    shop.post("/v2/option_sets/1/options", {"option_id": 4})
    shop.put("/v2/products/1", {"option_set_id": 1})
    fields = "/v2/products/1/configurable_fields"
    assert shop.get(fields).json == [
        {"id": 1, "product_id": 1, "name": "Text", "type": "T", "allowed_file_types": "", "max_size": 0,
         "select_options": "", "is_required": True, "sort_order": 3},
        {"id": 2, "product_id": 1, "name": "Picture", "type": "F", "allowed_file_types": "images,psd",
         "max_size": 512, "select_options": "", "is_required": False, "sort_order": 0},
    ]  # fmt: skip
    assert shop.get("/v2/products/1/configurablefields/2").body == shop.get(f"{fields}/2").body
    assert shop.get("/v2/products/configurable_fields/count").json == {"count": 2}
    assert shop.get(f"{fields}/3").status == 404
    assert shop.post(fields, {"name": "New"}).reason == "METHOD_NOT_ALLOWED"
    assert shop.put(f"{fields}/1", {"name": "New"}).reason == "METHOD_NOT_ALLOWED"
    assert shop.delete(f"{fields}/1").status == 204
    assert shop.get(f"{HOME}/1").status == 404
    assert shop.delete(fields).status == 204
    assert [one["display_name"] for one in shop.get(HOME).data] == ["When", "Engraving"]
    check_statistics(shop)
