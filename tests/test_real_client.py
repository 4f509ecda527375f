"""Public clients, unmodified, against a started server over HTTPS: we take what they send, they read what we answer."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import bigc
import bigc.exceptions
import pytest
import requests
from bigcommerce.api import BigcommerceApi
from bigcommerce.exception import ClientRequestException, RateLimitingException, RedirectionException, ServerException

from bodega.server.tls import ensure_certificate
from image_host import serve
from served import Served, Store, resolve_localhost, serving, tunnel

PRODUCTS = 260
"""More than the page of 250 that the client walks with."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on each database; on PostgreSQL it has two workers."""
    data = tmp_path_factory.mktemp("served")
    ensure_certificate(data, "127.0.0.1", "api.bigcommerce.com")  # the host that some clients have built in
    on_postgres = request.param == "postgres"
    options = ("--workers", "2") if on_postgres else ()
    database = request.getfixturevalue("postgres_url") if on_postgres else None
    with serving(data, *options, database=database) as running, pytest.MonkeyPatch.context() as patch:
        resolve_localhost(patch)
        patch.setenv("REQUESTS_CA_BUNDLE", running.ca)
        patch.setenv("BC_API_ENDPOINT", running.api)
        patch.setenv("NO_PROXY", "*")
        yield running


@pytest.fixture(scope="module")
def shared(served: Served) -> Store:
    """One store for the tests that change nothing but its rows: open stores hold connections to PostgreSQL."""
    return served.store()


@pytest.fixture
def store(shared: Store) -> Store:
    """A store without rows."""
    shared.run("store reset HASH")
    return shared


@pytest.fixture(scope="module")
def filled(served: Served) -> Store:
    """A store with more products than a page holds, only to be read."""
    made = served.store()
    made.run(f"seed HASH --products {PRODUCTS}")
    return made


@pytest.fixture
def image_host() -> Iterator[str]:
    """A host of images on this machine."""
    yield from serve("127.0.0.1")


def connect(store: Store, kind: str, options: str = "") -> BigcommerceApi:
    """The official client with a new account, as an app (oauth) or as a store's own script of old (basic)."""
    if kind == "basic":
        account = store.account(f"--basic {options}")
        return BigcommerceApi(host=store.host, basic_auth=(account["username"], account["token"]))
    account = store.account(options)
    return BigcommerceApi(client_id=account["client_id"], store_hash=store.hash, access_token=account["token"])


@pytest.fixture(params=["oauth", "basic"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of connection that the client knows."""
    return str(request.param)


@pytest.fixture
def api(store: Store, kind: str) -> Iterator[BigcommerceApi]:
    """A client of a fresh store."""
    client = connect(store, kind)
    with closing(client.connection._session):
        yield client


@pytest.fixture
def reader(filled: Store, kind: str) -> Iterator[BigcommerceApi]:
    """A client of the filled store."""
    client = connect(filled, kind)
    with closing(client.connection._session):
        yield client


def product(api: BigcommerceApi, name: str = "Hammer", **more: Any) -> Any:
    """A new product in a new category."""
    category = api.Categories.create(name=f"Home of {name}")
    needed = {"type": "physical", "price": "10.00", "weight": 1, "availability": "available"}
    return api.Products.create(name=name, categories=[category.id], **needed, **more)


# What the official client does with a catalogue


@pytest.mark.parametrize(
    ("resource", "first", "second"),
    [
        ("Categories", {"name": "Tools"}, {"name": "Garden tools", "description": "<p>Spades &amp; rakes</p>"}),
        ("Brands", {"name": "Acme"}, {"name": "Ácme & Söhne", "page_title": "日本"}),
    ],
)
def test_a_resource_is_created_read_updated_counted_listed_and_deleted(
    api: BigcommerceApi, resource: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    kind = getattr(api, resource)
    assert kind.count() == 0
    made = kind.create(**first)
    assert kind.get(made.id) == made
    changed = made.update(**second)
    assert {**made, **second} == changed
    assert [kind.count(), kind.all(), list(kind.iterall())] == [1, [changed], [changed]]
    assert kind.all(name=second["name"]) == [changed]
    assert changed.delete() == {}
    with pytest.raises(ClientRequestException, match=r"^404 "):
        kind.get(made.id)
    assert set(kind.all()) == {"_connection"}, "204 is an empty object to this client"
    assert list(kind.iterall()) == []


def test_a_product_is_created_read_updated_counted_listed_and_deleted(api: BigcommerceApi) -> None:
    made = product(api, sku="HAM-1", brand_id=api.Brands.create(name="Acme").id)
    assert (made.price, made.weight, made.sku) == ("10.0000", "1.0000", "HAM-1")
    assert api.Products.get(made.id) == made
    changed = made.update(price=12.5, is_visible=True, description='<p lang="de">Größe</p>')
    assert (changed.price, changed.is_visible, changed.description) == ("12.5000", True, '<p lang="de">Größe</p>')
    assert api.Products.all(sku="ham-1")[0].id == api.Products.all(name="Hammer", is_visible=True)[0].id == made.id
    assert (api.Products.count(), api.Products.count(is_visible="false")) == (1, 0)
    assert changed.delete() == {}
    assert api.Products.count() == 0


def test_dates_are_what_mail_writes(api: BigcommerceApi) -> None:
    """RFC 2822 section 3.3; `contract/clients.md`: connectors parse nothing else."""
    made = product(api)
    assert parsedate_to_datetime(made.date_created).tzinfo is not None
    assert made.date_created.endswith(" +0000")
    assert api.Products.all(min_date_created=made.date_created)[0].id == made.id
    assert list(api.Products.iterall(max_date_modified=datetime(2020, 1, 1))) == []


def test_links_lead_back_to_the_base_that_was_asked(api: BigcommerceApi, kind: str) -> None:
    """Connectors follow `url` as it is; in the store host form it ends in .json."""
    made = product(api, brand_id=api.Brands.create(name="Acme").id)
    assert api.connection.make_request("GET", made.brand["url"])["name"] == "Acme"
    assert api.connection.make_request("GET", made.brand["resource"])["name"] == "Acme"
    assert made.brand["url"].endswith(".json") is (kind == "basic")


def test_images_of_a_product_are_fetched_read_updated_counted_and_deleted(
    api: BigcommerceApi, store: Store, image_host: str
) -> None:
    """Rule 68; `contract/clients.md`: this client's image_file is a URL, and its counts are of the whole store."""
    store.run("store set HASH images.allow_private=true")
    made = product(api)
    image = api.ProductImages.create(made.id, image_file=f"http://{image_host}/colour/red/Front.jpg")
    assert (image.product_id, image.is_thumbnail, image.image_file.rpartition("/")[2]) == (made.id, True, "Front.jpg")
    shown = requests.get(image.zoom_url, timeout=60)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    second = api.ProductImages.create(made.id, image_file=f"http://{image_host}/b.png", description="Back")
    assert api.ProductImages.get(made.id, second.id) == second
    assert [one.id for one in api.Products.get(made.id).images()] == [image.id, second.id]
    assert second.update(is_thumbnail=True).is_thumbnail is True
    assert api.Products.get(made.id).primary_image["tiny_url"] == second.tiny_url
    assert api.ProductImages.count() == 2
    with pytest.raises(ClientRequestException, match=r"^400 ") as caught:
        api.ProductImages.create(made.id, image_file=f"http://{image_host}/status/404")
    assert "The field 'image_file' is invalid." in json.loads(caught.value.content)[0]["message"]
    assert second.delete() == {}
    assert api.ProductImages.delete_all(made.id) == {}
    assert api.ProductImages.count() == 0


def test_all_of_a_kind_are_deleted_at_once(api: BigcommerceApi) -> None:
    for name in ("Hammer", "Saw", "Nail"):
        product(api, name)
    assert api.Products.delete_all() == {}
    assert api.Categories.delete_all() == {}
    assert (api.Products.count(), api.Categories.count()) == (0, 0)


def test_paging_goes_on_until_a_page_is_empty(reader: BigcommerceApi) -> None:
    found = [one.id for one in reader.Products.iterall()]
    assert len(found) == len(set(found)) == reader.Products.count() == PRODUCTS
    assert [one.id for one in reader.Products.iterall(limit=3, page=2)] == sorted(found)[3:6]
    assert len(reader.Products.all()) == 50
    assert list(reader.Products.iterall(min_id=max(found) + 1)) == []


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({"min_id": 11, "max_id": 13}, lambda one: 11 <= one["id"] <= 13),
        ({"min_price": 50, "limit": 20}, lambda one: float(one["price"]) >= 50),
        ({"is_visible": False}, lambda one: one["is_visible"] is False),
        ({"is_featured": "true"}, lambda one: one["is_featured"] is True),
        ({"category": 7}, lambda one: 7 in one["categories"]),
        ({"min_inventory_level": 1, "condition": "New"}, lambda one: one["inventory_level"] >= 1),
        ({"sort": "id", "channel": 3, "min_id": 250}, lambda one: one["id"] >= 250),
    ],
)
def test_filters_reach_the_list(
    reader: BigcommerceApi, filters: dict[str, Any], fits: Callable[[dict[str, Any]], bool]
) -> None:
    """Python's True and False come capitalised; what no filter is called is ignored."""
    found = reader.connection.get("products", **filters)
    assert found
    assert all(fits(one) for one in found)
    assert reader.Products.count(**filters) >= len(found)


def test_a_path_may_begin_with_a_slash_and_end_in_json(reader: BigcommerceApi) -> None:
    paths = ("/products", "products/", "products")
    one = [reader.connection.get(path, 1) for path in paths] + [reader.connection.get("products/1.json")]
    assert all(found == one[0] for found in one)


def test_store_and_time_are_told(api: BigcommerceApi, store: Store) -> None:
    told = api.Store.all()
    assert (told.id, told.domain) == (store.hash, f"store-{store.hash}.localhost")
    assert isinstance(api.Time.all().time, int)


def test_each_host_name_is_a_store_of_its_own(served: Served) -> None:
    """The store host form takes the store from the first label; its certificate is verified in that name."""
    one, other = served.store(), served.store()
    for store in (one, other):
        client = connect(store, "basic")
        with closing(client.connection._session):
            assert client.Store.all().id == store.hash
            client.connection.host = (other if store is one else one).host
            with pytest.raises(ClientRequestException, match=r"^401 "):
                client.Store.all()


# What goes wrong


@pytest.mark.parametrize(
    ("ask", "status", "message"),
    [
        (lambda api: api.Products.get(999), 404, "The requested resource was not found."),
        (lambda api: api.Categories.create(name="Taken"), 409, "The category name is a duplicate."),
        (lambda api: api.Categories.get(1).delete(), 409, "Deleting these categories"),
        (lambda api: api.Categories.create(nome="X"), 400, "The field 'nome' is not supported by this resource."),
        (lambda api: api.Products.get(1).update(price="dear"), 400, "The field 'price' is invalid."),
        (lambda api: api.Products.get(1).update(id=9), 400, "The field 'id' cannot be written to."),
        (lambda api: api.connection.post("time", {"time": 1}), 405, "The resource does not support this method."),
        (lambda api: api.Products.all(limit=251), 413, "The limit must be at most 250."),
        (
            lambda api: api.connection.make_request("POST", "brands", "<", headers={"Content-Type": "text/css"}),
            415,
            "The media type",
        ),
    ],
)
def test_a_fault_of_the_caller_is_an_exception_with_the_message_of_the_first_error(
    api: BigcommerceApi, ask: Callable[[BigcommerceApi], Any], status: int, message: str
) -> None:
    product(api)
    api.Categories.create(name="Taken")
    with pytest.raises(ClientRequestException) as caught:
        ask(api)
    first = json.loads(caught.value.content)[0]
    assert (caught.value.status_code, first["status"]) == (status, status)
    assert first["message"].startswith(message)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("store plan HASH trial --limit brands=0", 507),
        ("store maintenance HASH on", 503),
        ("store set HASH suspended=true", 503),
    ],
)
def test_a_state_of_the_store_is_a_server_exception(served: Served, kind: str, command: str, status: int) -> None:
    store = served.store()
    store.run(command)
    client = connect(store, kind)
    with closing(client.connection._session), pytest.raises(ServerException) as caught:
        client.Brands.create(name="Acme")
    assert (caught.value.status_code, json.loads(caught.value.content)[0]["status"]) == (status, status)
    assert ("Retry-After" in caught.value.headers) is (status == 503)


def test_a_method_that_nobody_serves_is_a_server_exception(api: BigcommerceApi) -> None:
    with pytest.raises(ServerException, match=r"^501 "):
        api.connection.make_request("PATCH", "products/1", {"price": 1})


def test_nothing_new_since_the_last_time_is_a_redirection_to_this_client(api: BigcommerceApi) -> None:
    """RFC 9110 section 13.1.3: If-Modified-Since as connectors send it on every poll."""
    product(api)
    api.Products.all()
    since = {"If-Modified-Since": api.connection._last_response.headers["Last-Modified"]}
    with pytest.raises(RedirectionException, match=r"^304 "):
        api.connection.make_request("GET", "products", headers=since)


def test_wrong_credentials_are_a_client_exception(store: Store, kind: str) -> None:
    client = connect(store, kind)
    with closing(client.connection._session):
        client.connection._session.headers["X-Auth-Token"] = "wrong"
        with pytest.raises(ClientRequestException, match=r"^401 "):
            client.Store.all()


# Quotas (rules 10 and 11)


def test_an_app_that_has_spent_its_window_is_told_when_it_ends(store: Store) -> None:
    client = connect(store, "oauth", "--requests-per-window 3")
    with closing(client.connection._session):
        for left in (2, 1, 0):
            client.Time.all()
            limit = client.connection.rate_limit
            assert (limit["requests_remaining"], limit["requests_quota"], limit["window_size_ms"]) == (left, 3, 30_000)
            assert 0 < limit["ms_until_reset"] <= 30_000
        with pytest.raises(RateLimitingException) as caught:
            client.Time.all()
        assert 0 < int(caught.value.retry_after) <= 30_000
        assert 0 < int(caught.value.headers["X-Retry-After"]) <= 30


def test_a_script_that_has_spent_its_hour_gets_509(store: Store) -> None:
    client = connect(store, "basic", "--requests-per-hour 2")
    with closing(client.connection._session):
        for left in ("1", "0"):
            client.Time.all()
            assert client.connection._last_response.headers["X-BC-ApiLimit-Remaining"] == left
        with pytest.raises(ServerException) as caught:
            client.Time.all()
    assert caught.value.status_code == 509
    assert 0 < int(caught.value.headers["X-Retry-After"]) <= 3600


def test_the_client_s_own_rate_limiting_is_driven_by_our_headers(store: Store) -> None:
    account = store.account("--requests-per-window 5")
    calls: list[str] = []
    client = BigcommerceApi(
        client_id=account["client_id"],
        store_hash=store.hash,
        access_token=account["token"],
        rate_limiting_management={
            "min_requests_remaining": 3,
            "wait": False,
            "callback_function": calls.append,
            "callback_args": "few",
        },
    )
    with closing(client.connection._session):
        for _ in range(3):
            client.Time.all()
    assert calls == ["few", "few"]


# Several connections


def test_what_one_connection_writes_every_other_reads(store: Store) -> None:
    """Also when another worker answers it: the id of a request begins with its process."""
    account = store.account("--requests-per-window 1000")
    workers = 2 if "--database" in store.served.place else 1
    processes, left, clients = set(), [], []
    for _ in range(24):
        client = BigcommerceApi(client_id=account["client_id"], store_hash=store.hash, access_token=account["token"])
        clients.append(client)
        name = f"Brand {len(clients)}"
        client.Brands.create(name=name)
        assert {name} <= {one.name for reader in clients for one in reader.Brands.all(name=name)}
        assert [reader.Brands.count() for reader in clients] == [len(clients)] * len(clients)
        processes.add(client.connection._last_response.headers["X-Request-Id"][:12])
        left.append(client.connection.rate_limit["requests_remaining"])
        if len(processes) == workers and len(clients) > 3:
            break
    for client in clients:
        client.connection._session.close()
    assert len(processes) == workers
    assert all(0 < one < 1000 for one in left)


# A second client: bigc, which has the host of the service built in, so a proxy leads it here


@pytest.fixture
def second(served: Served, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[bigc.BigCommerceAPI]:
    """It speaks V3 (and lists of V2), sends no X-Auth-Client, and a Content-Type with every request."""
    with tunnel(served.api) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.delenv("NO_PROXY")
        client = bigc.BigCommerceAPI(store.hash, store.account()["token"], timeout=60)
        with closing(client.api_v3._session):
            yield client


def test_a_second_client_does_its_round_in_both_versions(second: bigc.BigCommerceAPI) -> None:
    category = second.categories_v3.create({"name": "Tools", "parent_id": 0})
    assert second.categories_v3.update(category["id"], {"description": "Sharp"})["description"] == "Sharp"
    draft = {"name": "Hammer", "type": "physical", "price": 10, "weight": 1, "categories": [category["id"]]}
    made = [second.products_v3.create(draft | {"name": f"Hammer {number}"})["id"] for number in range(5)]
    assert second.products_v3.update(made[0], {"price": 12.5})["price"] == 12.5
    assert len(second.products_v3.get(made[0], params={"include": ["variants"]})["variants"]) == 1
    assert [one["id"] for one in second.api_v3.get_many("/catalog/products", page_size=2)] == made
    assert [one["id"] for one in second.api_v2.get_many("/products", page_size=5)] == made
    assert [one["id"] for one in second.products_v3.all(params={"id:in": made[:2]})] == made[:2]
    for one in made:
        assert second.products_v3.delete(one) is None
    assert second.categories_v3.delete(category["id"]) is None
    assert list(second.categories_v3.all()) == list(second.api_v2.get_many("/products")) == []


def test_a_second_client_sees_its_own_exceptions(second: bigc.BigCommerceAPI, store: Store) -> None:
    faults = bigc.exceptions
    with pytest.raises(faults.DoesNotExistError, match="not found"):
        second.products_v3.get(999)
    with pytest.raises(faults.DoesNotExistError, match="not found"):
        second.api_v2.get("/products/999")
    with pytest.raises(faults.InvalidDataError) as invalid:
        second.products_v3.create({"name": "Hammer"})
    assert set(invalid.value.errors) == {"type", "price", "weight"}
    second.categories_v3.create({"name": "Tools", "parent_id": 0})
    with pytest.raises(faults.ConflictError, match="is a duplicate"):
        second.categories_v3.create({"name": "Tools", "parent_id": 0})
    with pytest.raises(faults.EntityTooLargeError, match="at most"):
        second.products_v3.get("", params={"limit": 251})
    store.run("store maintenance HASH on")
    try:
        with pytest.raises(faults.ServiceUnavailableError, match="maintenance"):
            second.products_v3.get(1)
    finally:
        store.run("store maintenance HASH off")


def test_the_authority_is_what_makes_clients_trust_the_server(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = ensure_certificate(tmp_path, "127.0.0.1")
    url = f"{served.https}/time"
    assert requests.get(url, timeout=60).status_code == 200
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.ca))
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=60)
