"""V2 `GET /requestlogs`: what the journal has of a store, for its clients."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest

from shop import Shop

PATH = "/v2/requestlogs"


def test_requests_are_listed_newest_first(shop: Shop) -> None:
    """A request is in the list once it was answered."""
    shop.get("/v2/time?token=very-secret", headers={"user-agent": "tap/1.1"})
    shop.get("/v3/catalog/brands/7")
    newest, oldest = shop.get(PATH).json
    assert list(newest) == ["id", "method", "url", "status", "reason", "client_id", "user_agent", "duration",
                            "date_created"]  # fmt: skip
    assert (newest["method"], newest["status"], newest["reason"]) == ("GET", 404, "NO_SUCH_ENTITY")
    assert newest["url"] == f"/stores/{shop.name}/v3/catalog/brands/7"
    assert (oldest["status"], oldest["reason"], oldest["user_agent"]) == (200, "", "tap/1.1")
    assert parsedate_to_datetime(oldest["date_created"])
    assert re.fullmatch(r"[0-9a-f]{20}", oldest["id"])
    assert oldest["duration"] > 0
    assert "very-secret" not in shop.get(PATH).body.decode()
    assert shop.token not in shop.get(PATH).body.decode()


def test_pages_end_with_204(shop: Shop) -> None:
    """Rule 7; rule 6 for what is no page."""
    for number in range(1, 8):
        shop.get(f"/v2/time?n={number}")
    urls = [one["url"][-1] for one in shop.get(f"{PATH}?limit=3").json]
    assert urls == ["7", "6", "5"]
    pages = [shop.get(f"{PATH}?limit=250&page={page}") for page in (1, 2)]
    assert [page.status for page in pages] == [200, 204]
    assert shop.get(f"{PATH}?limit=251").status == 413
    assert shop.get(f"{PATH}?page=0").status == 400


def test_the_journal_of_a_store_is_empty_where_it_is_off(shop: Shop) -> None:
    """The setting `journal`."""
    shop.change(settings={"journal": "off"})
    assert shop.get(PATH).status == 204


def test_a_store_shows_its_own_requests_to_whoever_may_read_its_information(shop: Shop) -> None:
    """The scope of store information; XML as for every V2 resource."""
    other = shop.server.shop()
    other.get("/v2/time")
    reader = shop.account("store_v2_information_read_only")
    stranger = shop.account("store_v2_products")
    assert shop.get(PATH, token=reader).status == 204
    assert shop.get(PATH, token=stranger).status == 403
    tree = ElementTree.fromstring(shop.get(f"{PATH}.xml").body)
    assert (tree.tag, {item.tag for item in tree}) == ("requestlogs", {"requestlog"})
    assert len(tree) == 2


@pytest.mark.parametrize(("method", "status"), [("POST", 405), ("DELETE", 405), ("HEAD", 200), ("OPTIONS", 200)])
def test_nobody_writes_them(shop: Shop, method: str, status: int) -> None:
    """A journal is kept, not made."""
    shop.get("/v2/time")
    assert shop.request(method, PATH).status == status
