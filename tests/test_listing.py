"""Lists: every filter, sort, include and choice of members, by what comes back of a small fixed catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from shop import Reply, Server, Shop

DAY = 86_400
START = 1_600_000_000  # 2020-09-13T12:26:40Z

CATEGORIES = [
    {"name": "Garden", "parent_id": 0, "sort_order": 3, "page_title": "All for the garden", "search_keywords": "lawn"},
    {"name": "tools", "parent_id": 0, "sort_order": 1, "is_visible": False},
    {"name": "Spades", "parent_id": 1, "sort_order": 2, "page_title": "Dig"},
    {"name": "Straße", "parent_id": 1, "sort_order": 0, "description": "lawn"},
]
BRANDS = [
    {"name": "acme", "page_title": "Acme 100%"},
    {"name": "Bolt"},
    {"name": "ACME Pro", "page_title": "Pro"},
    {"name": "zeta_1"},
]
PRODUCTS: list[dict[str, Any]] = [
    {
        "name": "anvil", "sku": "A-1", "price": 50, "weight": 20, "categories": [1], "brand_id": 1, "condition": "New",
        "description": "falls on coyotes", "inventory_level": 3, "inventory_warning_level": 5, "is_featured": True,
        "upc": "111", "mpn": "M1", "date_last_imported": "2020-01-01T00:00:00Z", "inventory_tracking": "product",
    },
    {
        "name": "Bucket", "sku": "B-2", "price": 4.5, "weight": 1, "categories": [2, 3], "brand_id": 2,
        "condition": "Used", "inventory_level": 10, "total_sold": 7, "is_visible": False, "type": "physical",
        "product_tax_code": "T1", "date_last_imported": "2021-01-01T00:00:00Z",
    },
    {
        "name": "Anvil stand", "sku": "A-2", "price": 80, "sale_price": 4, "weight": 5, "categories": [1, 2],
        "availability": "disabled", "total_sold": 3, "is_free_shipping": True, "mpn": "m1",
        "inventory_tracking": "product",
    },
    {"name": "Straße", "sku": "50%", "price": 1, "weight": 0, "type": "digital", "availability": "preorder"},
]  # fmt: skip


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Shop]:
    """The catalogue; product n was made n days after the start."""
    made = server.shop()
    for category in CATEGORIES:
        made.category(**category)
    for brand in BRANDS:
        made.brand(**brand)
    for day, product in enumerate(PRODUCTS):
        made.freeze(START + day * DAY)
        made.product(**product)
    yield made
    made.close()


def ids(reply: Reply) -> list[int]:
    """The ids listed, in order."""
    if reply.status == 204:
        return []
    assert reply.status == 200, reply.body
    return [row["id"] for row in (reply.json["data"] if isinstance(reply.json, dict) else reply.json)]


V3_CATEGORIES = {
    "": [1, 2, 3, 4],
    "id=2": [2],
    "id:in=1,3,99": [1, 3],
    "id:not_in=1,3": [2, 4],
    "id:min=3": [3, 4],
    "id:max=2": [1, 2],
    "id:greater=3": [4],
    "id:less=2": [1],
    "id:in=": [],
    "name=GARDEN": [1],
    "name=strasse": [4],
    "name:like=AD": [3],
    "parent_id=1": [3, 4],
    "parent_id:in=0,7": [1, 2],
    "parent_id:min=1": [3, 4],
    "parent_id:max=0": [1, 2],
    "parent_id:greater=0": [3, 4],
    "parent_id:less=1": [1, 2],
    "page_title=Dig": [3],
    "page_title:like=garden": [1],
    "keyword=LAWN": [1],
    "keyword=dig": [3],
    "is_visible=false": [2],
    "is_visible=1": [1, 3, 4],
    "sort=name": [1, 3, 4, 2],
    "sort=name&direction=desc": [2, 4, 3, 1],
    "sort=id&direction=desc": [4, 3, 2, 1],
    "sort=parent_id": [1, 2, 3, 4],
    "sort=sort_order": [4, 2, 3, 1],
    "is_visible=true&parent_id=1&id:greater=3": [4],
    "limit=2": [1, 2],
    "limit=2&page=2": [3, 4],
    "limit=2&page=3": [],
    "page=2147483647": [],
}
V3_BRANDS = {
    "": [1, 2, 3, 4],
    "id=3": [3],
    "id:in=4,1": [1, 4],
    "id:not_in=4,1": [2, 3],
    "id:min=2": [2, 3, 4],
    "id:max=2": [1, 2],
    "id:greater=2": [3, 4],
    "id:less=2": [1],
    "name=Acme": [1],
    "name:like=acme": [1, 3],
    "name:like=_": [4],
    "page_title=Pro": [3],
    "page_title=Acme 100%25": [1],
    "sort=name": [1, 3, 2, 4],
    "sort=name&direction=desc": [4, 2, 3, 1],
    "sort=name&limit=2&page=2": [2, 4],
}
V3_PRODUCTS = {
    "": [1, 2, 3, 4],
    "id=2": [2],
    "id:in=1,2": [1, 2],
    "id:not_in=1,2": [3, 4],
    "id:min=3": [3, 4],
    "id:max=1": [1],
    "id:greater=3": [4],
    "id:less=2": [1],
    "channel_id:in=1": [1, 2, 3, 4],
    "channel_id:in=2,3": [],
    "categories=1": [1, 3],
    "categories:in=2,3": [2, 3],
    "categories:in=": [],
    "categories=99": [],
    "name=ANVIL": [1],
    "name=STRASSE": [4],
    "name:like=anvil": [1, 3],
    "name:like=%25": [],
    "mpn=M1": [1],
    "upc=111": [1],
    "price=4.5": [2],
    "price=80.0000": [3],
    "weight=20": [1],
    "condition=Used": [2],
    "brand_id=1": [1],
    "date_modified=2020-09-14T12:26:40Z": [2],
    "date_modified:min=2020-09-15": [3, 4],
    "date_modified:max=2020-09-15": [1, 2, 3],
    "date_modified:min=1600086400&date_modified:max=1600172800": [2, 3],
    "date_last_imported=2020-01-01T00:00:00+00:00": [1],
    "date_last_imported:not=2020-01-01T00:00:00Z": [2, 3, 4],
    "date_last_imported:min=2020-06-01": [2],
    "date_last_imported:max=2020-06-01": [1],
    "is_visible=false": [2],
    "is_featured=true": [1],
    "is_free_shipping=true": [3],
    "inventory_level=10": [2],
    "inventory_level:in=3,10": [1, 2],
    "inventory_level:not_in=3,10": [3, 4],
    "inventory_level:min=3": [1, 2],
    "inventory_level:max=3": [1, 3, 4],
    "inventory_level:greater=3": [2],
    "inventory_level:less=3": [3, 4],
    "inventory_low=true": [1],
    "inventory_low=false": [2, 3, 4],
    "out_of_stock=1": [3],  # what is not tracked cannot run out (rule 47)
    "total_sold=7": [2],
    "type=digital": [4],
    "availability=disabled": [3],
    "sku=A-1": [1],
    "sku:in=A-1,A-2": [1, 3],
    "sku:in=,": [],
    "sku=50%25": [4],
    "keyword=anvil": [1, 3],
    "keyword=COYOTE": [1],
    "keyword=b-2": [2],
    "keyword=50%25&keyword_context=shopper": [4],
    "keyword_context=merchant": [1, 2, 3, 4],
    "sort=id&direction=desc": [4, 3, 2, 1],
    "direction=desc": [4, 3, 2, 1],
    "direction=DESC": [4, 3, 2, 1],
    "sort=name": [1, 3, 2, 4],
    "sort=sku": [4, 1, 3, 2],
    "sort=price": [4, 2, 1, 3],
    "sort=price&direction=desc": [3, 1, 2, 4],
    "sort=calculated_price": [4, 3, 2, 1],
    "sort=date_modified&direction=desc": [4, 3, 2, 1],
    "sort=date_last_imported": [3, 4, 1, 2],
    "sort=inventory_level": [3, 4, 1, 2],
    "sort=is_visible": [2, 1, 3, 4],
    "sort=total_sold": [1, 4, 3, 2],
    "categories=1&sort=price&direction=desc": [3, 1],
}
V2_CATEGORIES = {
    "": [1, 2, 3, 4],
    "parent_id=1": [3, 4],
    "parent_id=0&name=Tools": [2],
    "name=spades": [3],
    "is_visible=false": [2],
    "min_id=3": [3, 4],
    "max_id=1": [1],
    "limit=1&page=2": [2],
    "page=3&limit=2": [],
    "colour=red": [1, 2, 3, 4],
}
V2_BRANDS = {"name=ACME": [1], "min_id=3": [3, 4], "max_id=2": [1, 2], "min_id=5": []}
V2_PRODUCTS = {
    "min_id=2&max_id=3": [2, 3],
    "name=anvil": [1],
    "keyword_filter=coyotes": [1],
    "description=falls on coyotes": [1],
    "description=coyotes": [],
    "sku=B-2": [2],
    "include_sku=B-2": [2],
    "condition=Used": [2],
    "availability=preorder": [4],
    "brand_id=2": [2],
    "min_date_created=2020-09-15": [3, 4],
    "max_date_created=Mon, 14 Sep 2020 12:26:40 GMT": [1, 2],
    "min_date_created=Tue, 15 Sep 2020 12:26:40 %2B0000": [3, 4],
    "min_date_created=Tue, 15 Sep 2020 12:26:40 +0000": [3, 4],
    "min_date_created=2020-09-15T14:26:40+02:00": [3, 4],
    "min_date_created=2020": [1, 2, 3, 4],
    "max_date_created=2020-09": [1, 2, 3, 4],
    "min_date_modified=1600172800": [3, 4],
    "max_date_modified=2020-09-14": [1, 2],
    "min_date_last_imported=2020-12": [2],
    "max_date_last_imported=2020-12": [1],
    "min_price=50": [1, 3],
    "max_price=4.5": [2, 4],
    "min_number_sold=3": [2, 3],
    "max_number_sold=0": [1, 4],
    "is_visible=false": [2],
    "is_featured=1": [1],
    "min_inventory_level=4": [2],
    "max_inventory_level=3": [1, 3, 4],
    "category=2": [2, 3],
    "product_tax_code=T1": [2],
    "unheard_of=1": [1, 2, 3, 4],
}
LISTS = {
    "/v3/catalog/categories": V3_CATEGORIES,
    "/v3/catalog/brands": V3_BRANDS,
    "/v3/catalog/products": V3_PRODUCTS,
    "/v2/categories": V2_CATEGORIES,
    "/v2/brands": V2_BRANDS,
    "/v2/products": V2_PRODUCTS,
}
ROWS = [(path, query, rows) for path, queries in LISTS.items() for query, rows in queries.items()]


@pytest.mark.parametrize(("path", "query", "rows"), ROWS, ids=[f"{path}?{query}" for path, query, _ in ROWS])
def test_a_query_lists(store: Shop, path: str, query: str, rows: list[int]) -> None:
    """contract/filters.tsv; rules 16, 18 and 20; a parameter nobody knows is passed over."""
    assert ids(store.get(f"{path}?{query}")) == rows


@pytest.mark.parametrize(
    ("path", "query", "rows"), [row for row in ROWS if row[0].startswith("/v2") and "limit" not in row[1]]
)
def test_a_v2_count_counts_what_the_list_lists(store: Shop, path: str, query: str, rows: list[int]) -> None:
    """Clients loop until the two agree."""
    reply = store.get(f"{path}/count?{query}")
    assert (reply.status, reply.json) == (200, {"count": len(rows)})


def test_a_parameter_can_be_percent_encoded(store: Shop) -> None:
    """Clients encode the colon, or do not."""
    for query in ("id%3Ain=1%2C2", "id:in=1,2", "id%3ain=1,2&include_fields=name"):
        assert ids(store.get(f"/v3/catalog/products?{query}")) == [1, 2]


def test_an_empty_list_is_204_in_v2_and_an_empty_array_in_v3(store: Shop) -> None:
    """Rule 7; a page past the end is no error."""
    for path in ("/v2/products", "/v2/categories", "/v2/brands"):
        reply = store.get(f"{path}?min_id=100")
        assert (reply.status, reply.body) == (204, b"")
        assert store.get(f"{path}?page=50").status == 204
    reply = store.get("/v3/catalog/brands?id=100")
    assert (reply.status, reply.data) == (200, [])
    assert reply.json["meta"]["pagination"]["total"] == 0
    assert store.get("/v3/catalog/brands?page=50").data == []


def test_v3_tells_where_in_the_list_a_page_stands(store: Shop) -> None:
    """meta.pagination; its links keep the other parameters."""
    reply = store.get("/v3/catalog/products?limit=1&page=2&name:like=anvil&sort=price")
    assert reply.json["meta"]["pagination"] == {
        "total": 2, "count": 1, "per_page": 1, "current_page": 2, "total_pages": 2,
        "links": {
            "previous": "?page=1&limit=1&name:like=anvil&sort=price",
            "current": "?page=2&limit=1&name:like=anvil&sort=price",
        },
    }  # fmt: skip
    first = store.get("/v3/catalog/products").json["meta"]["pagination"]
    assert (first["per_page"], first["total_pages"], first["links"]) == (50, 1, {"current": "?page=1&limit=50"})


@pytest.mark.parametrize("limit", ["251", "1000", "99999999999999999999999999"])
@pytest.mark.parametrize("path", LISTS)
def test_a_limit_over_250_is_too_large(store: Shop, path: str, limit: str) -> None:
    """413: contract/wire.md, lists."""
    reply = store.get(f"{path}?limit={limit}")
    assert (reply.status, reply.reason) == (413, "LIMIT_OVER_MAXIMUM")
    details = reply.json[0]["details"] if path.startswith("/v2") else reply.json["details"]
    assert details == {"max_limit": 250}
    assert store.get(f"{path}?limit=250").status == 200


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=ten", "limit"), ("page=0", "page"), ("page=1.5", "page"),
        ("page=%C2%B2", "page"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", LISTS)
def test_a_page_or_limit_that_is_no_number_is_refused(store: Shop, path: str, query: str, name: str) -> None:
    """Rules 4 and 21."""
    reply = store.get(f"{path}?{query}")
    assert (reply.status, reply.reason) == (400 if path.startswith("/v2") else 422, "QUERY_INVALID")
    message = f"{name} must be a whole number from 1 to {250 if name == 'limit' else 2_147_483_647}."
    if path.startswith("/v2"):
        assert reply.json[0]["message"] == f"The field '{name}' is invalid."
        assert reply.json[0]["details"] == {"field": name, "invalid_reason": message}
    else:
        assert reply.json["errors"] == {name: message}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v3/catalog/products", "id:in=1,x"),
        ("/v3/catalog/products", "id=99999999999999999999"),
        ("/v3/catalog/products", "id=1_0"),
        ("/v3/catalog/products", "price=cheap"),
        ("/v3/catalog/products", "price=NaN"),
        ("/v3/catalog/products", "price=-1"),
        ("/v3/catalog/products", "price=" + "9" * 5000),
        ("/v3/catalog/products", "is_visible=perhaps"),
        ("/v3/catalog/products", "date_modified:min=soon"),
        ("/v3/catalog/products", "date_modified:min="),
        ("/v3/catalog/products", "name=a%00b"),
        ("/v3/catalog/products", "keyword=%00"),
        ("/v3/catalog/products", "sort=colour"),
        ("/v3/catalog/products", "sort=name&direction=up"),
        ("/v3/catalog/products", "direction=up"),
        ("/v3/catalog/products", "include=pictures"),
        ("/v3/catalog/products", "keyword_context=nobody"),
        ("/v3/catalog/products", "channel_id:in=one"),
        ("/v3/catalog/products", "id:in=" + ",".join(["1"] * 1001)),
        ("/v3/catalog/brands", "sort=page_title"),
        ("/v3/catalog/categories", "parent_id=root"),
        ("/v2/products", "min_price=x"),
        ("/v2/products", "min_date_created=2013-13"),
        ("/v2/products", "is_visible=maybe"),
        ("/v2/products", "category=Tools"),
        ("/v2/categories", "parent_id=x"),
        ("/v2/brands", "min_id=x"),
    ],
)
def test_a_value_that_a_filter_cannot_have_is_refused(store: Shop, path: str, query: str) -> None:
    """Rules 4 and 21."""
    reply = store.get(f"{path}?{query}")
    assert (reply.status, reply.reason) == (400 if path.startswith("/v2") else 422, "QUERY_INVALID")


@pytest.mark.parametrize(
    ("query", "refused"),
    [("name:min=a", "name:min"), ("price:like=1&type:like=p", "price:like, type:like"), ("colour=red", "colour")],
)
def test_v3_refuses_a_filter_that_a_field_does_not_have(store: Shop, query: str, refused: str) -> None:
    """Rule 20: passing it over would list too much."""
    reply = store.get(f"/v3/catalog/products?{query}")
    assert (reply.status, reply.reason) == (422, "FILTER_REFUSED")
    assert reply.json["title"] == f"The filter(s): {refused} are not valid filter parameter(s)."


# Which members are shown.


@pytest.mark.parametrize(
    ("path", "query", "members"),
    [
        ("/v3/catalog/products", "include_fields=name,price", {"id", "name", "price"}),
        ("/v3/catalog/products", "include_fields=name, id,", {"id", "name"}),
        ("/v3/catalog/products", "include_fields=name&exclude_fields=colour", {"id", "name"}),
        ("/v3/catalog/products", "include_fields=name,price&exclude_fields=price,id", {"id", "name"}),
        ("/v3/catalog/products", "include_fields=name&include=channels", {"id", "name", "channels"}),
        ("/v3/catalog/brands", "include_fields=page_title", {"id", "page_title"}),
        ("/v3/catalog/categories", "include_fields=name,parent_id", {"id", "name", "parent_id"}),
        ("/v2/products", "include=sku", {"id", "name", "date_modified", "primary_image", "metadata", "sku"}),
        ("/v2/products", "include=@summary", {
            "id", "name", "date_modified", "primary_image", "metadata", "availability", "calculated_price", "sku",
            "inventory_tracking", "inventory_level", "inventory_warning_level", "is_visible", "is_featured",
        }),
        ("/v2/products", "include=@summary,price&exclude=sku,is_visible,is_featured,id", {
            "id", "name", "date_modified", "primary_image", "metadata", "availability", "calculated_price", "price",
            "inventory_tracking", "inventory_level", "inventory_warning_level",
        }),
    ],
)  # fmt: skip
def test_only_the_members_asked_for_are_shown(store: Shop, path: str, query: str, members: set[str]) -> None:
    """Rules 27 and 28; an item as in a list."""
    listed = store.get(f"{path}?{query}").json
    assert {frozenset(row) for row in (listed["data"] if isinstance(listed, dict) else listed)} == {frozenset(members)}
    shown = store.get(f"{path}/1?{query}").json
    assert set(shown.get("data", shown)) == members


@pytest.mark.parametrize(
    ("path", "query", "gone"),
    [
        ("/v3/catalog/products", "exclude_fields=id,name,description", {"name", "description"}),
        ("/v3/catalog/categories", "exclude_fields=custom_url", {"custom_url"}),
        ("/v3/catalog/brands", "exclude_fields=id", set()),
        ("/v2/products", "exclude=id,name,primary_image,date_modified,sku,images", {"sku", "images"}),
    ],
)
def test_members_can_be_left_out_but_never_the_id(store: Shop, path: str, query: str, gone: set[str]) -> None:
    """Rules 27 and 28."""
    whole = store.get(f"{path}/1").json
    rest = store.get(f"{path}/1?{query}").json
    whole, rest = whole.get("data", whole), rest.get("data", rest)
    assert rest == {
        **{name: value for name, value in whole.items() if name not in gone},
        **({"metadata": []} if path.startswith("/v2") else {}),
    }


def test_a_write_answers_with_the_members_asked_for(store: Shop) -> None:
    """Rule 27."""
    reply = store.put("/v3/catalog/brands/4?include_fields=name", {"page_title": ""})
    assert reply.data == {"id": 4, "name": "zeta_1"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bulk_pricing_rules", []), ("channels", [1]), ("custom_fields", []), ("images", []), ("modifiers", []),
        ("options", []), ("parent_relations", []), ("primary_image", None), ("reviews", []), ("videos", []),
    ],
)  # fmt: skip
def test_an_include_adds_its_member(store: Shop, name: str, value: Any) -> None:
    """contract/filters.tsv."""
    assert name not in store.get("/v3/catalog/products/4").data
    assert store.get(f"/v3/catalog/products/4?include={name}").data[name] == value
    assert [row[name] for row in store.get(f"/v3/catalog/products?include={name}").data] == [value] * 4


def test_variants_are_included_with_the_product(store: Shop) -> None:
    """Rules 56 and 57: the base variant shows what it inherits."""
    rows = store.get("/v3/catalog/products?include=variants,channels").data
    assert [[variant["sku"] for variant in row["variants"]] for row in rows] == [["A-1"], ["B-2"], ["A-2"], ["50%"]]
    assert rows[0]["variants"][0] | {"price": None, "calculated_price": 50, "product_id": 1} == rows[0]["variants"][0]


def test_options_and_modifiers_cap_the_page_at_ten(shop: Shop) -> None:
    """Rule 26."""
    for number in range(12):
        shop.product(f"P {number}")
    for include, shown, per_page in (("options", 10, 10), ("images,modifiers", 10, 10), ("variants", 12, 20)):
        reply = shop.get(f"/v3/catalog/products?limit=20&include={include}")
        pagination = reply.json["meta"]["pagination"]
        assert len(reply.data) == shown
        assert (pagination["count"], pagination["per_page"], pagination["total"]) == (shown, per_page, 12)
    assert len(shop.get("/v3/catalog/products?limit=20&page=2&include=options").data) == 2


# Dates.


@pytest.mark.parametrize(
    ("since", "status", "rows"),
    [
        ("Sun, 13 Sep 2020 12:26:39 GMT", 200, [1, 2, 3, 4]),
        ("Mon, 14 Sep 2020 12:26:40 GMT", 200, [3, 4]),
        ("Wed, 16 Sep 2020 12:26:40 GMT", 304, []),
        ("not a date", 200, [1, 2, 3, 4]),
    ],
)
def test_a_v2_list_shows_what_changed_since_a_date(store: Shop, since: str, status: int, rows: list[int]) -> None:
    """Rule 12: a filter, and 304 when nothing is left."""
    reply = store.get("/v2/products", headers={"if-modified-since": since})
    assert reply.status == status
    assert status == 304 or ids(reply) == rows


def test_any_text_may_be_looked_for(store: Shop) -> None:
    """What means something to a database means itself."""
    for text in ("'", '"', "%", "_", "!", "\\", "'); DROP TABLE products; --", "\U0001f600", "é"):
        for name in ("name", "name:like", "keyword", "sku"):
            reply = store.get(f"/v3/catalog/products?{quote(name)}={quote(text)}")
            assert reply.status == 200
            assert ids(reply) == ([4] if (text, name) == ("%", "keyword") else [])
