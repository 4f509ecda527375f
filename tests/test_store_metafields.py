"""Metafields of the store as a whole (rule 71)."""

from __future__ import annotations

from shop import Shop

PATH = "/v3/store/metafields"
FIELD = {"namespace": "erp", "key": "code", "value": "7", "permission_set": "read"}


def test_metafields_of_the_store_are_written_read_changed_and_deleted(shop: Shop) -> None:
    shop.watch()
    made = shop.post(PATH, [FIELD, {**FIELD, "key": "place", "permission_set": "write"}])
    assert (made.status, [one["id"] for one in made.data]) == (200, [1, 2])
    assert made.data[0] | FIELD == made.data[0]
    assert (made.data[0]["resource_type"], made.data[0]["resource_id"]) == ("store", "0")
    assert shop.get(f"{PATH}/1").data == made.data[0]
    assert shop.put(f"{PATH}/1", {"value": "8"}).data["value"] == "8"
    assert shop.put(PATH, [{"id": 2, "value": "9"}]).data[0]["value"] == "9"
    assert [one["id"] for one in shop.get(f"{PATH}?key=place").data] == [2]
    assert [one["id"] for one in shop.get(f"{PATH}?namespace:in=erp,other&direction=desc").data] == [2, 1]
    assert shop.delete(f"{PATH}/1").status == 204
    assert shop.request("DELETE", PATH, [2]).data == [2]
    assert shop.get(PATH).data == []
    assert shop.get(f"{PATH}/1").status == 404
    told = [(scope.rpartition("/")[2], data["resource_type"], data["metafield_id"]) for scope, data in shop.events()]
    assert told == [(word, "store", one) for word, one in [
        ("created", 1), ("created", 2), ("updated", 1), ("updated", 2), ("deleted", 1), ("deleted", 2)
    ]]  # fmt: skip


def test_an_account_has_each_key_of_a_namespace_once_and_250_in_all(shop: Shop) -> None:
    assert shop.post(PATH, [FIELD]).status == 200
    again = shop.post(PATH, [FIELD])
    assert again.json["errors"][0]["status"] == 409 or again.status == 409
    other = shop.account("store_v2_information")
    assert shop.post(PATH, [FIELD], token=other).status == 200
    rest = [{**FIELD, "key": str(number)} for number in range(249)]
    assert shop.post(PATH, rest).status == 200
    assert shop.post(PATH, [{**FIELD, "key": "more"}]).status in (207, 422)
    assert len(shop.get(f"{PATH}?limit=250", token=other).data) == 250
    assert shop.post(PATH, [{**FIELD, "key": "more"}], token=other).status == 200


def test_others_change_what_they_may_write_and_see_what_is_shared(shop: Shop) -> None:
    shop.post(PATH, [{**FIELD, "permission_set": "app_only"}, {**FIELD, "key": "a"}])
    shop.post(PATH, [{**FIELD, "key": "b", "permission_set": "write"}])
    other = shop.account("store_v2_information")
    assert [one["id"] for one in shop.get(PATH, token=other).data] == [2, 3]
    assert shop.get(f"{PATH}/1", token=other).status == 404
    assert shop.put(f"{PATH}/2", {"value": "x"}, token=other).status == 403
    assert shop.put(f"{PATH}/3", {"value": "x"}, token=other).data["value"] == "x"
    assert shop.put(f"{PATH}/3", {"key": "c"}, token=other).status == 403


def test_reading_and_writing_have_their_scopes(shop: Shop) -> None:
    reader = shop.account("store_v2_information_read_only")
    assert shop.get(PATH, token=reader).status == 200
    assert shop.post(PATH, [FIELD], token=reader).status == 403
    assert shop.get(PATH, token=shop.account("store_v2_content")).status == 403
