"""Every reason to refuse and every outcome, produced by its real mechanism, in V2 JSON, V2 XML and V3 JSON."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, NamedTuple
from xml.etree import ElementTree

import msgspec
import pytest

import zips
from bodega.http.router import by_version
from bodega.imaging.worker import Full, Lost
from bodega.kit.images import UploadImage
from bodega.kit.route import route
from bodega.law.reasons import Reason, Step
from bodega.rendering.renderer import WAITING_OF_ONE, turns
from bodega.resources import ROUTES
from bodega.resources.catalog import brands
from bodega.resources.themes import theme
from bodega.storage import migrate
from bodega.storage.creating import create_store
from bodega.storage.registry import digest
from bodega.storage.sqlite import rows as sqlite_rows
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.sqlite.engine import open_file
from bodega.storage.sqlite.file import LOOK_SECONDS
from bodega.storage.unit import Unit
from bodega.turns import Turns
from forms import (
    FORMS,
    QUOTA_HEADERS,
    V2,
    V3,
    XML,
    Crowd,
    Desk,
    Form,
    basic,
    element,
    look_like_a_refusal,
    path_to,
    rows,
    strict,
)
from pictures import picture
from shop import Reply, Server, Shop

Send = Callable[[], Reply]


class Case(NamedTuple):
    """`before_validate` sets a shop up and returns the request that is then refused for `reason`."""

    reason: Reason
    forms: Sequence[Form]
    cites: str
    before_validate: Callable[[Desk], Send]


CASES: list[Case] = []


def refused(reason: Reason, cites: str, forms: Sequence[Form] = FORMS) -> Callable[[Callable[[Desk], Send]], Any]:
    """Adds a row to the table."""

    def add(before_validate: Callable[[Desk], Send]) -> Callable[[Desk], Send]:
        CASES.append(Case(reason, forms, cites, before_validate))
        return before_validate

    return add


# 1 require_tls


@refused(Reason.INSECURE, "RFC 9110 15.4.2")
def a_read_in_the_clear(desk: Desk) -> Send:
    door = Desk(strict(desk.shop), desk.form)
    return lambda: door.ask("GET", door.path("brands") + "?page=2&name=%C3%A9", scheme="http")


@refused(Reason.INSECURE, "RFC 9110 15.4.2: no credential is asked for")
def a_read_in_the_clear_by_nobody(desk: Desk) -> Send:
    door = Desk(strict(desk.shop), desk.form)
    return lambda: door.ask("HEAD", door.path("brands"), scheme="http", token="") or Reply(0)


@refused(Reason.INSECURE_WRITE, "RFC 9110 15.4.9")
def a_write_in_the_clear(desk: Desk) -> Send:
    door = Desk(strict(desk.shop), desk.form)
    return lambda: door.ask("POST", door.path("brands"), {"name": "Acme"}, scheme="http")


# 2 current_version


@refused(Reason.DEPRECATED_VERSION, "RFC 9110 15.4.3", [V2])
def a_read_of_version_1(desk: Desk) -> Send:
    return lambda: desk.ask("GET", "/v1/brands.json?page=2&name=a%20b")


@refused(Reason.DEPRECATED_VERSION_WRITE, "RFC 9110 15.4.8", [V2])
def a_write_to_version_1(desk: Desk) -> Send:
    return lambda: desk.ask("POST", "/v1/brands", {"name": "Acme"})


# 3 open_store


@refused(Reason.UPGRADING, "RFC 9110 15.6.4")
def a_store_whose_schema_is_old(desk: Desk) -> Send:
    server = desk.shop.server
    name = desk.shop.name + "-old"
    record = server.run(create_store(server.backend, name, "sandbox", {}, int(time.time())))
    # What the last step made is there, so that the step cannot be made again.
    number = migrate.newest()
    if isinstance(server.backend, SqliteBackend):
        with closing(open_file(server.backend.path(record))) as made:
            made.execute("DELETE FROM migrations WHERE number = ?", (number,))
    else:
        schema = server.backend.schema(record)
        server.run(server.backend.registry.tx.run(f"DELETE FROM {schema}.migrations WHERE number = $1", number))
    old = Desk(Shop(server, name), desk.form)
    old.shop.token = old.shop.account()
    return lambda: old.ask("GET", old.path("brands"))


@refused(Reason.STORE_DAMAGED, "RFC 9110 15.6.4")
def a_store_whose_database_vanished(desk: Desk) -> Send:
    server = desk.shop.server
    desk.shop.brand()
    server.run(server.backend.drop(server.run(server.backend.registry.store(desk.shop.name))))
    time.sleep(LOOK_SECONDS)
    return lambda: desk.ask("GET", desk.path("brands"))


@refused(Reason.SUSPENDED, "RFC 9110 15.6.4")
def a_suspended_store(desk: Desk) -> Send:
    desk.shop.change(settings={"suspended": True})
    return lambda: desk.ask("GET", desk.path("brands"))


@refused(Reason.MAINTENANCE, "RFC 9110 15.6.4")
def a_store_in_maintenance(desk: Desk) -> Send:
    desk.shop.change(maintenance=True, settings={"maintenance.retry_after": 77})
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme"})


# 4 known_method


@refused(Reason.UNKNOWN_METHOD, "RFC 9110 15.6.2")
def patch(desk: Desk) -> Send:
    return lambda: desk.ask("PATCH", desk.path("brands/1"), {"name": "Acme"})


@refused(Reason.UNKNOWN_METHOD, "RFC 9110 9.3.8")
def trace(desk: Desk) -> Send:
    return lambda: desk.ask("TRACE", desk.path("brands"), headers={"cookie": "echo-of-a-secret"})


@refused(Reason.UNKNOWN_METHOD, "RFC 9110 9.1")
def a_method_nobody_knows(desk: Desk) -> Send:
    return lambda: desk.ask("BREW", desk.path("brands"))


# 5 authenticate


@refused(Reason.CREDENTIALS_MISSING, "RFC 9110 15.5.2")
def a_stranger(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands"), token="")


@refused(Reason.CREDENTIALS_MISSING, "RFC 9110 11.6.1: no scheme but Basic is known")
def a_bearer_of_something(desk: Desk) -> Send:
    return lambda: desk.ask(
        "GET", desk.path("brands"), token="", headers={"authorization": f"Bearer {desk.shop.token}"}
    )


@refused(Reason.CREDENTIALS_WRONG, "RFC 9110 15.5.2")
def a_wrong_token(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands"), token="guessed")


@refused(Reason.CREDENTIALS_WRONG, "RFC 9110 15.5.2")
def a_wrong_password(desk: Desk) -> Send:
    desk.account(kind="basic")
    return lambda: desk.ask("GET", desk.path("brands"), token="", headers={"authorization": basic("user", "guessed")})


@refused(Reason.CREDENTIALS_WRONG, "RFC 7617 2: what is no base64 is no credential")
def a_broken_password(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands"), token="", headers={"authorization": "Basic *"})


@refused(Reason.CREDENTIALS_WRONG, "design 1, step 5: strangers learn nothing")
def a_store_that_is_not_there(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands"), base="/stores/nowhere")


@refused(Reason.CREDENTIALS_WRONG, "RFC 9110 15.5.2")
def a_disabled_account(desk: Desk) -> Send:
    token = desk.account()
    registry = desk.shop.server.backend.registry
    account = next(
        a for a in desk.shop.server.run(registry.accounts(desk.shop.name)) if a.token_digest == digest(token)
    )
    desk.shop.server.run(registry.save_account(msgspec.structs.replace(account, disabled=True)))
    desk.known(lambda store: store.by_client[account.client_id].disabled)
    return lambda: desk.ask("GET", desk.path("brands"), token=token)


# 6 spend_quota


@refused(Reason.HOURLY_QUOTA_SPENT, "rule 9")
def a_basic_account_that_asked_its_last(desk: Desk) -> Send:
    headers = {"authorization": basic("user", desk.account(kind="basic", per_hour=1))}
    assert desk.ask("GET", "/v2/time", token="", headers=headers).headers["x-bc-apilimit-remaining"] == "0"
    return lambda: desk.ask("GET", desk.path("brands"), token="", headers=headers)


@refused(Reason.WINDOW_QUOTA_SPENT, "rule 11, RFC 6585 4")
def an_oauth_account_that_asked_its_last(desk: Desk) -> Send:
    token = desk.account(per_window=1)
    assert desk.ask("GET", "/v2/time", token=token).headers["x-rate-limit-requests-left"] == "0"
    return lambda: desk.ask("GET", desk.path("brands"), token=token)


# 7 find_route


@refused(Reason.NO_SUCH_RESOURCE, "RFC 9110 15.5.5")
def a_path_that_nothing_serves(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("bicycles"))


@refused(Reason.NO_SUCH_RESOURCE, "RFC 9110 15.5.5: an id is a number")
def a_name_where_an_id_belongs(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands/acme"))


@refused(Reason.NO_SUCH_RESOURCE, "rule 14: suffixes belong to V2", [V3])
def a_suffix_in_v3(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands.json"))


@refused(Reason.MOVED_ROUTE, "RFC 9110 15.4.2", [V2, XML])
def a_read_at_an_old_path(desk: Desk) -> Send:
    return lambda: desk.ask("GET", "/v2/store_information?a=b")


@refused(Reason.MOVED_ROUTE_WRITE, "RFC 9110 15.4.9", [V2, XML])
def a_write_at_an_old_path(desk: Desk) -> Send:
    return lambda: desk.ask("PUT", "/v2/store_information?a=b", {"name": "x"})


# 8 allowed_action


@refused(Reason.METHOD_NOT_ALLOWED, "RFC 9110 15.5.6")
def post_to_one_brand(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands/1"), {"name": "Acme"})


# 9 require_scope


@refused(Reason.SCOPE_MISSING, "RFC 9110 15.5.4")
def reading_without_the_scope(desk: Desk) -> Send:
    token = desk.account("store_v2_orders")
    return lambda: desk.ask("GET", desk.path("brands"), token=token)


@refused(Reason.SCOPE_MISSING, "contract/wire.md 5: a read-only twin lets one only read")
def writing_with_the_scope_to_read(desk: Desk) -> Send:
    token = desk.account("store_v2_products_read_only")
    return lambda: desk.ask("DELETE", desk.path("brands/1"), token=token)


# 10 acceptable


@refused(Reason.NOT_ACCEPTABLE, "RFC 9110 12.5.1", [V2, V3])
def a_picture_please(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands"), headers={"accept": "image/png"})


@refused(Reason.NOT_ACCEPTABLE, "rule 15: V3 never speaks XML", [V3])
def xml_of_v3(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands"), headers={"accept": "application/xml, application/json;q=0"})


# 11 readable


@refused(Reason.CONTENT_TYPE_UNSUPPORTED, "RFC 9110 15.5.16")
def a_body_of_plain_text(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"content-type": "text/plain"})


@refused(Reason.CONTENT_TYPE_UNSUPPORTED, "rule 8")
def a_body_of_no_type(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"content-type": ""})


@refused(Reason.CONTENT_TYPE_UNSUPPORTED, "rule 15: V3 never reads XML", [V3])
def xml_for_v3(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), b"<a/>", headers={"content-type": "application/xml"})


@refused(Reason.CONTENT_CODING_UNSUPPORTED, "RFC 9110 15.5.16")
def a_zipped_body(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"content-encoding": "gzip"})


@refused(Reason.BODY_TOO_LARGE, "RFC 9110 15.5.14: told before a byte is read")
def a_length_over_the_maximum(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"content-length": "99999999"})


@refused(Reason.BODY_TOO_LARGE, "RFC 9110 15.5.14: without a length, told while reading")
def more_bytes_than_the_maximum(desk: Desk) -> Send:
    door = Desk(strict(desk.shop, max_body=5), desk.form)
    chunked = {"transfer-encoding": "chunked", "content-length": "0"}
    return lambda: door.ask("POST", door.path("brands"), {"name": "Acme"}, headers=chunked)


# 12 parse_query


@refused(Reason.FILTER_REFUSED, "rules 2 and 20")
def a_known_field_with_an_operator_it_does_not_have(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands") + "?name:between=1")


@refused(Reason.FILTER_REFUSED, "rules 2 and 20: a delete passes nothing over")
def an_unknown_filter_of_a_bulk_delete(desk: Desk) -> Send:
    desk.shop.brand()
    return lambda: desk.ask("DELETE", desk.path("brands") + "?nmae=Acme")


@refused(Reason.QUERY_INVALID, "rules 4 and 21")
def a_page_before_the_first(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands") + "?page=-1")


@refused(Reason.LIMIT_OVER_MAXIMUM, "RFC 9110 15.5.14, contract/wire.md 2")
def more_rows_than_a_page_holds(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands") + "?limit=251")


@refused(Reason.FILTER_REQUIRED, "rule 22", [V3])
def a_bulk_delete_of_everything(desk: Desk) -> Send:
    desk.shop.brand()
    return lambda: desk.ask("DELETE", desk.path("brands"))


# 13 find_entity


@refused(Reason.NO_SUCH_ENTITY, "RFC 9110 15.5.5, rule 6")
def a_brand_that_is_not_there(desk: Desk) -> Send:
    return lambda: desk.ask("GET", desk.path("brands/4711"))


@refused(Reason.NO_SUCH_ENTITY, "RFC 9110 15.5.5")
def an_id_that_no_row_can_have(desk: Desk) -> Send:
    return lambda: desk.ask("DELETE", desk.path("brands/99999999999999999999"))


@refused(Reason.TOO_MANY_AT_ONCE, "rule 31", [V3])
def one_read_of_categories_too_many(desk: Desk) -> Send:
    store = desk.shop.server.run(desk.shop.server.app.stores.get(desk.shop.name))

    def send() -> Reply:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(store, "under_way", Crowd())
            return desk.ask("GET", "/v3/catalog/categories")

    return send


@refused(Reason.KEY_INVALID, "the draft of Idempotency-Key, 2.1")
def a_key_with_a_space(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"idempotency-key": "a b"})


@refused(Reason.KEY_IN_USE, "the draft of Idempotency-Key, 2.6")
def a_retry_of_what_is_being_carried_out(desk: Desk) -> Send:
    store = desk.shop.server.run(desk.shop.server.app.stores.get(desk.shop.name))

    def send() -> Reply:
        names = {(client, "same") for client in store.by_client}
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(store, "at_work", names)
            return desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"idempotency-key": "same"})

    return send


@refused(Reason.KEY_REUSED, "the draft of Idempotency-Key, 2.6")
def a_key_for_another_brand(desk: Desk) -> Send:
    key = {"idempotency-key": "same"}
    desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers=key)
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Best"}, headers=key)


# 14 preconditions


@refused(Reason.PRECONDITION_FAILED, "RFC 9110 13.1.1")
def a_change_of_an_old_copy(desk: Desk) -> Send:
    brand = desk.shop.brand()
    return lambda: desk.ask("PUT", desk.path(f"brands/{brand}"), {"name": "Best"}, headers={"if-match": '"0"'})


@refused(Reason.PRECONDITION_FAILED, "RFC 9110 13.1.1")
def a_bulk_delete_of_an_old_list(desk: Desk) -> Send:
    desk.shop.brand()
    return lambda: desk.ask("DELETE", desk.path("brands") + "?name=Acme", headers={"if-match": '"0"'})


@refused(Reason.NOT_MODIFIED, "RFC 9110 15.4.5")
def a_copy_that_is_current(desk: Desk) -> Send:
    path = desk.path(f"brands/{desk.shop.brand()}")
    etag = desk.ask("GET", path).headers["etag"]
    return lambda: desk.ask("GET", path, headers={"if-none-match": etag})


# 15 read_draft


@refused(Reason.MALFORMED_BODY, "RFC 9110 15.5.1")
def a_body_that_breaks_off(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), b'<brand><name>"' if desk.form is XML else b'{"name": "')


@refused(Reason.TOO_MANY_ITEMS, "rule 25", [V3])
def eleven_products_at_once(desk: Desk) -> Send:
    return lambda: desk.ask("PUT", desk.path("products"), [{"id": number} for number in range(1, 12)])


@refused(Reason.FIELD_UNKNOWN, "rule 2", [V2, XML])
def a_field_nobody_knows(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme", "colour": "red"})


@refused(Reason.FIELD_READ_ONLY, "rule 1", [V2, XML])
def a_field_the_store_writes(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Acme", "id": 3})


@refused(Reason.FIELD_MISSING, "rules 3 and 21")
def a_brand_without_a_name(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"page_title": "Acme"})


@refused(Reason.FIELD_MISSING, "rules 3 and 21: no body is an empty one")
def a_brand_without_a_body(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"))


@refused(Reason.FIELD_INVALID, "rules 4 and 21")
def a_name_that_is_too_long(desk: Desk) -> Send:
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "n" * 256})


# 16 perform


BUYER = {"zip": "78701", "country_iso2": "US"}


@refused(Reason.VERSION_CONFLICT, "rule 30", [V3])
def a_cart_that_was_changed_meanwhile(desk: Desk) -> Send:
    one = desk.shop.product()
    items = {"line_items": [{"product_id": one, "quantity": 1}]}
    path = f"/v3/carts/{desk.ask('POST', '/v3/carts', items).data['id']}/items"
    desk.ask("POST", path, items)
    return lambda: desk.ask("POST", path, {**items, "version": 1})


@refused(Reason.OUT_OF_STOCK, "rule 79", [V2])
def an_order_of_more_than_there_is(desk: Desk) -> Send:
    one = desk.shop.product(inventory_tracking="product", inventory_level=1)
    order = {"billing_address": BUYER, "products": [{"product_id": one, "quantity": 2}]}
    return lambda: desk.ask("POST", "/v2/orders", order)


@refused(Reason.QUANTITY_OUT_OF_BOUNDS, "rule 79", [V2])
def an_order_of_less_than_the_least(desk: Desk) -> Send:
    one = desk.shop.product(order_quantity_minimum=2)
    order = {"billing_address": BUYER, "products": [{"product_id": one, "quantity": 1}]}
    return lambda: desk.ask("POST", "/v2/orders", order)


@refused(Reason.OPTIONS_REFUSED, "rule 79", [V2])
def an_order_that_answers_what_nobody_asked(desk: Desk) -> Send:
    answered = {"product_id": desk.shop.product(), "quantity": 1, "product_options": [{"id": 9, "value": "1"}]}
    return lambda: desk.ask("POST", "/v2/orders", {"billing_address": BUYER, "products": [answered]})


@refused(Reason.CHECKOUT_PLACED, "rule 30: a cart that became an order", [V3])
def a_checkout_that_became_an_order(desk: Desk) -> Send:
    digital = desk.shop.product("Song", type="digital", weight=0)
    made = desk.shop.post("/v3/carts", {"line_items": [{"product_id": digital, "quantity": 1}]}).data["id"]
    path = f"/v3/checkouts/{made}"
    desk.shop.post(f"{path}/billing-address", {"email": "jane@example.com", "country_code": "US"})
    assert desk.shop.post(f"{path}/orders", {}).status == 200
    return lambda: desk.ask("PUT", path, {"customer_message": "Late"})


@refused(Reason.DEPLOYMENT_UNDERWAY, "a project has one deployment at a time", [V3])
def a_second_deployment(desk: Desk) -> Send:
    home = "/v3/infrastructure"
    desk.shop.freeze(2_000_000_000)
    project = desk.shop.post(f"{home}/projects", {"name": "North"}).data["uuid"]
    upload = desk.shop.post(f"{home}/deployments/uploads", {}).data["upload_uuid"]
    body = {"project_uuid": project, "upload_uuid": upload}
    assert desk.shop.post(f"{home}/deployments", body).status == 200
    return lambda: desk.ask("POST", f"{home}/deployments", body)


UNPAID = {
    "billing_address": BUYER,
    "products": [{"name": "Work", "quantity": 1, "price_ex_tax": 1, "price_inc_tax": 1}],
}


def a_card(number: str) -> dict[str, Any]:
    """A payment by card."""
    card = {"type": "card", "cardholder_name": "J", "number": number, "expiry_month": 1, "expiry_year": 2050}
    return {"payment": {"instrument": card, "payment_method_id": "testgateway.card"}}


@refused(Reason.PAYMENT_DECLINED, "the published 422 of payments", [V3])
def a_card_that_is_declined(desk: Desk) -> Send:
    order = desk.shop.post("/v2/orders", UNPAID).json["id"]
    token = desk.shop.post("/v3/payments/access_tokens", {"order": {"id": order}}).data["id"]
    headers = {"Authorization": f"PAT {token}"}
    return lambda: desk.ask("POST", "/payments", a_card("4000000000000002"), headers=headers)


@refused(Reason.PAYMENT_STATE, "rule 87", [V3])
def a_capture_of_what_nobody_authorised(desk: Desk) -> Send:
    line = {"name": "Work", "quantity": 1, "price_ex_tax": 1, "price_inc_tax": 1}
    made = desk.shop.post("/v2/orders", {"billing_address": BUYER, "products": [line]}).json
    return lambda: desk.ask("POST", f"/v3/orders/{made['id']}/payment_actions/capture", {})


def fetching(desk: Desk) -> Desk:
    """The same store behind a door that takes the image of a brand by its URL, too."""
    by_url = route("catalog/brands/{id}/picture", 3, POST=UploadImage(brands.V3, by_url=True))
    return Desk(strict(desk.shop, routes=by_version((*ROUTES, by_url))), desk.form)


@refused(Reason.IMAGE_UNREACHABLE, "rule 68", [V3])
def an_image_on_a_host_that_is_not_there(desk: Desk) -> Send:
    door, path = fetching(desk), desk.path(f"brands/{desk.shop.brand()}/picture")
    return lambda: door.ask("POST", path, {"image_url": "https://nowhere.invalid/a.png"})


@refused(Reason.IMAGE_UNREACHABLE, "rule 68: nobody is led to what the machine alone can reach", [V3])
def an_image_on_this_machine(desk: Desk) -> Send:
    door, path = fetching(desk), desk.path(f"brands/{desk.shop.brand()}/picture")
    return lambda: door.ask("POST", path, {"image_url": "http://127.0.0.1:9/a.png"})


@refused(Reason.IMAGE_INVALID, "rule 39", [V3])
def an_image_that_is_a_page(desk: Desk) -> Send:
    path = desk.path(f"brands/{desk.shop.brand()}/image")
    part = ("image_file", "logo.png", "image/png", b"<html><script>alert(1)</script></html>")
    return lambda: desk.shop.upload(path, part, headers={"bodega-trace": "1"})


class Unable:
    """In the place of the process that decodes images."""

    def __init__(self, why: Exception) -> None:
        self.why = why

    async def develop(self, *_: object, **__: object) -> None:
        raise self.why


def undecoded(desk: Desk, why: Exception) -> Send:
    """The upload of an image that is not decoded."""
    door = strict(desk.shop, pictures=Unable(why))
    path = desk.path(f"brands/{desk.shop.brand()}/image")
    part = ("image_file", "logo.png", "image/png", picture())
    return lambda: door.upload(path, part, headers={"bodega-trace": "1"})


@refused(Reason.IMAGES_WAITING, "RFC 9110 15.6.4", [V3])
def an_image_after_too_many_others(desk: Desk) -> Send:
    return undecoded(desk, Full())


@refused(Reason.IMAGE_LOST, "RFC 9110 15.6.4", [V3])
def an_image_whose_process_ends(desk: Desk) -> Send:
    return undecoded(desk, Lost())


def renderings(shop: Shop) -> Turns:
    """The turns at rendering, of the shop's server."""

    async def found() -> Turns:
        return turns()

    return shop.server.run(found())


@refused(Reason.TEMPLATES_WAITING, "RFC 9110 15.6.4", [V3])
def a_preview_after_too_many_others(desk: Desk) -> Send:
    shop = desk.shop
    made = shop.post("/v3/content/widget-templates", {"name": "Note", "template": "Hi"}).data["uuid"]
    queue = renderings(shop)

    def asked() -> Reply:
        tasks = shop.server.run(wait_for_a_turn(queue, shop.name))
        try:
            return desk.ask("POST", f"/v3/content/widget-templates/{made}/preview", {"widget_configuration": {}})
        finally:
            shop.server.run(leave(queue, shop.name, tasks))

    return asked


async def wait_for_a_turn(queue: Turns, store: str) -> list[asyncio.Task[None]]:
    """One has the store's turn, and as many as may wait for theirs."""
    tasks = [asyncio.create_task(queue.take(store)) for _ in range(1 + WAITING_OF_ONE)]
    await asyncio.sleep(0)
    return tasks


async def leave(queue: Turns, store: str, tasks: list[asyncio.Task[None]]) -> None:
    """The turns are the whole session's: who took one gives it back."""
    for task in tasks[1:]:
        task.cancel()
    await asyncio.wait(tasks)
    queue.give_back(store)
    assert not queue.waiting


@refused(Reason.DUPLICATE, "RFC 9110 15.5.10, rule 32")
def a_second_brand_of_the_name(desk: Desk) -> Send:
    desk.shop.brand("Acme")
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "ACME"})


@refused(Reason.DANGLING_REFERENCE, "rule 44")
def a_product_of_a_brand_that_is_not_there(desk: Desk) -> Send:
    draft = desk.product(name="Hammer", brand_id=4711)
    return lambda: desk.ask("POST", desk.path("products"), draft)


@refused(Reason.LIST_REFUSED, "rule 97", [V3])
def a_list_with_a_customer_who_is_known(desk: Desk) -> Send:
    known = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
    assert desk.shop.post("/v3/customers", [known]).status == 200
    return lambda: desk.ask("POST", "/v3/customers", [{**known, "email": "john@example.com"}, known])


@refused(Reason.PASSWORD_GUESSED, "RFC 6585 4", [V3])
def one_password_too_many(desk: Desk) -> Send:
    guess = {"email": "jane@example.com", "password": "sesame1"}
    for _ in range(10):
        assert desk.shop.post("/v3/customers/validate-credentials", guess).status == 200
    return lambda: desk.ask("POST", "/v3/customers/validate-credentials", guess)


@refused(Reason.NOT_THE_OWNER, "rule 71", [V3])
def a_metafield_that_others_may_only_read(desk: Desk) -> Send:
    desk.shop.brand()
    field = {"namespace": "erp", "key": "code", "value": "7", "permission_set": "read"}
    made = desk.shop.post("/v3/catalog/brands/1/metafields", field)
    assert made.status == 200
    other = desk.account()
    return lambda: desk.ask("PUT", "/v3/catalog/brands/1/metafields/1", {"value": "8"}, token=other)


@refused(Reason.CIRCULAR_TREE, "rule 35")
def a_category_below_itself(desk: Desk) -> Send:
    parent = desk.shop.category("Tools")
    child = desk.shop.category("Saws", parent_id=parent)
    return lambda: desk.ask("PUT", desk.path(f"categories/{parent}"), {"parent_id": child})


@refused(Reason.ORPHANED_PRODUCTS, "rules 5 and 36")
def the_last_category_of_a_product(desk: Desk) -> Send:
    category = desk.shop.category()
    desk.shop.product(categories=[category])
    return lambda: desk.ask("DELETE", desk.path(f"categories/{category}"))


@refused(Reason.BASE_VARIANT_STAYS, "rule 57", [V3])
def the_base_variant_of_a_product(desk: Desk) -> Send:
    product = desk.shop.product()
    return lambda: desk.ask("DELETE", f"/v3/catalog/products/{product}/variants/1")


def coupon_promotion(desk: Desk, **more: Any) -> int:
    rules = [{"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}}]
    made = desk.shop.post("/v3/promotions", {"redemption_type": "COUPON", "name": "Ten", "rules": rules, **more})
    assert made.status == 201
    return int(made.data["id"])


@refused(Reason.CODES_ATTACHED, "rule 115", [V3])
def a_promotion_that_still_has_codes(desk: Desk) -> Send:
    promotion = coupon_promotion(desk, codes={"code": "TEN"})
    return lambda: desk.ask("DELETE", f"/v3/promotions/{promotion}")


@refused(Reason.PROPERTY_IN_USE, "rule 112", [V3])
def a_tax_property_that_a_product_has(desk: Desk) -> Send:
    desk.shop.post("/v3/tax/properties", [{"code": "A", "display_name": "A", "type": "PRODUCT"}])
    product = desk.shop.product()
    made = desk.ask("PUT", "/v3/tax/products/properties", [{"product_id": product, "tax_properties": {"A": "1"}}])
    assert made.status == 200
    return lambda: desk.ask("DELETE", "/v3/tax/properties?id:in=1")


@refused(Reason.CLASSES_REFUSED, "rule 111", [V3])
def a_tax_class_that_is_not_there(desk: Desk) -> Send:
    return lambda: desk.ask("DELETE", "/v3/tax/classes?id:in=9")


@refused(Reason.THEMES_FULL, "rule 32", [V3])
def a_theme_more_than_a_store_holds(desk: Desk) -> Send:
    part = ("file", "theme.zip", "application/zip", zips.theme())
    desk.shop.upload("/v3/themes", part)
    desk.shop.settle(1)

    def send() -> Reply:
        restore = desk.shop.redeclare(theme.TABLE, cap=2)
        try:
            return desk.shop.upload("/v3/themes", part, headers={"bodega-trace": "1"})
        finally:
            restore()

    return send


@refused(Reason.CODES_NOT_GENERATED, "rule 115", [V3])
def codes_by_the_batch_for_a_promotion_of_one(desk: Desk) -> Send:
    promotion = coupon_promotion(desk)
    return lambda: desk.ask("POST", f"/v3/promotions/{promotion}/codegen", {"batch_size": 2})


@refused(Reason.TASK_ENDED, "RFC 9110 15.5.10")
def a_cancellation_that_comes_too_late(desk: Desk) -> Send:
    task = desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"prefer": "respond-async"})
    place = task.headers["location"].partition(desk.shop.name)[2]
    desk.shop.settle(int(place.rpartition("/")[2]))
    return lambda: desk.ask("DELETE", place)


@refused(Reason.PLAN_LIMIT_REACHED, "RFC 4918 11.5")
def one_brand_more_than_the_plan_holds(desk: Desk) -> Send:
    desk.shop.brand()
    desk.shop.change(limits={"brands": 1})
    return lambda: desk.ask("POST", desk.path("brands"), {"name": "Best"})


@refused(Reason.PLATFORM_CAP_REACHED, "rule 32")
def one_brand_more_than_a_store_holds(desk: Desk) -> Send:
    desk.shop.brand()

    def send() -> Reply:
        restore = desk.shop.redeclare(brands.TABLE, cap=1)
        try:
            return desk.ask("POST", desk.path("brands"), {"name": "Best"})
        finally:
            restore()

    return send


@refused(Reason.TREE_TOO_DEEP, "rule 35")
def an_eighth_ancestor(desk: Desk) -> Send:
    parent = 0
    for depth in range(8):
        parent = desk.shop.category(f"Level {depth}", parent_id=parent)
    return lambda: desk.ask("POST", desk.path("categories"), {"name": "Level 8", "parent_id": parent})


# 17 catch-all


@refused(Reason.INTERNAL_ERROR, "RFC 9110 15.6.1")
def a_row_that_something_else_damaged(desk: Desk) -> Send:
    brand = desk.shop.brand()

    async def damage(unit: Unit) -> None:
        await unit.tx.run("UPDATE brands SET doc = $1 WHERE id = $2", b"{", brand)

    store = desk.shop.server.run(desk.shop.server.app.stores.get(desk.shop.name))
    desk.shop.server.run(store.write(damage))
    return lambda: desk.ask("PUT", desk.path(f"brands/{brand}"), {"name": "Best"})


ALONE = (Step.OPEN_STORE, Step.SPEND_QUOTA)
"""Steps whose rows change the store's record or its accounts: each has a store of its own. The others share one."""


ROWS = [
    pytest.param(case, form, id=f"{form.name}-{case.reason.name}-{case.before_validate.__name__}")
    for case in CASES
    for form in case.forms
]


@pytest.mark.parametrize(("case", "form"), ROWS)
def test_a_refusal_has_its_status_reason_path_headers_and_body_and_changes_nothing(
    server: Server, room: Shop, case: Case, form: Form
) -> None:
    """The row cites its section or rule; design section 1 for the path."""
    shop = server.shop() if case.reason.step in ALONE or case.reason is Reason.PLAN_LIMIT_REACHED else room
    desk = Desk(shop, form)
    send = case.before_validate(desk)
    before = rows(shop) if case.reason.step is not Step.OPEN_STORE else {}
    reply = send()
    path, _, ending = reply.headers["bodega-path"].rpartition(" > ")
    assert ending == f"{case.reason.status(form.version)} {case.reason.name}", reply.body
    if case.reason.step is Step.CATCH_ALL:
        assert path_to(Step.PERFORM, "").startswith(path)
    else:
        assert reply.headers["bodega-path"] == path_to(case.reason.step, ending)
    if reply.body or case.reason is Reason.NOT_MODIFIED:
        look_like_a_refusal(reply, form, case.reason)
    if case.reason.step > Step.SPEND_QUOTA:
        assert [name for name in reply.headers if name.startswith("x-rate-limit")] == list(QUOTA_HEADERS)
    if case.reason in MUST:
        MUST[case.reason](desk, reply)
    assert not before or rows(shop) == before


def test_every_reason_has_a_row_in_the_table() -> None:
    """What cannot be produced is not a law. UNREACHABLE has a test of its own, below; every documented operation is
    served today, so tests/test_documented.py takes each away in turn for NOT_SERVED_HERE."""
    assert {case.reason for case in CASES} == set(Reason) - {Reason.UNREACHABLE, Reason.NOT_SERVED_HERE}


# What an answer must carry (design section 1, contract/http.md).


def details(desk: Desk, reply: Reply) -> dict[str, Any]:
    """The details of a refusal; in XML every value is text."""
    if desk.form is XML:
        found = ElementTree.fromstring(reply.body).find("error/details")
        assert found is not None
        return dict(element(found))
    body = reply.json[0] if desk.form.version == 2 else reply.json
    return dict(body["details"])


def to_https(desk: Desk, reply: Reply) -> None:
    place = reply.headers["location"]
    assert re.fullmatch(rf"https://localhost:8443/stores/{desk.shop.name}/v[23]/(catalog/)?brands(\?.*)?", place), place
    assert "page" not in place or place.endswith("brands?page=2&name=%C3%A9")


def to_version_2(desk: Desk, reply: Reply) -> None:
    place = reply.headers["location"]
    stem = f"https://localhost:8443/stores/{desk.shop.name}/v2/brands"
    assert place in (f"{stem}.json?page=2&name=a%20b", stem)
    assert re.fullmatch(r"@\d+", reply.headers["deprecation"])  # RFC 9745 2.1
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", reply.headers["sunset"])  # RFC 8594 3
    assert f'<{place}>; rel="successor-version"' in reply.headers["link"].split("\n")  # RFC 5829 3.2


def to_where_it_moved(desk: Desk, reply: Reply) -> None:
    assert reply.headers["location"] == f"https://localhost:8443/stores/{desk.shop.name}/v2/store?a=b"


def come_back(_desk: Desk, reply: Reply) -> None:
    assert int(reply.headers["retry-after"]) >= 1  # RFC 9110 10.2.3
    assert reply.headers["cache-control"] == "no-store"


def wait_a_little(_desk: Desk, reply: Reply) -> None:
    assert reply.headers["retry-after"] == "5"


def in_77_seconds(_desk: Desk, reply: Reply) -> None:
    assert reply.headers["retry-after"] == "77"


def challenge(_desk: Desk, reply: Reply) -> None:
    assert reply.headers["www-authenticate"].startswith("Basic realm=")  # RFC 9110 11.6.1
    assert "x-rate-limit-requests-left" not in reply.headers


def echo_nothing(_desk: Desk, reply: Reply) -> None:
    assert b"secret" not in reply.body  # RFC 9110 9.3.8


def wait_for_the_hour(desk: Desk, reply: Reply) -> None:
    come_back(desk, reply)
    assert reply.headers["x-retry-after"] == reply.headers["retry-after"]
    assert reply.headers["x-bc-apilimit-remaining"] == "0"


def wait_for_the_window(desk: Desk, reply: Reply) -> None:
    come_back(desk, reply)
    assert 1 <= int(reply.headers["x-retry-after"]) <= 30
    left, quota, reset, window = (int(reply.headers[name]) for name in QUOTA_HEADERS)
    assert (left, quota, window) == (0, 1, 30_000)
    assert 0 < reset <= 30_000


def allow_nothing(_desk: Desk, reply: Reply) -> None:
    assert reply.headers["allow"] == "OPTIONS"  # this promotion has no method here, others have


def allow(_desk: Desk, reply: Reply) -> None:
    assert reply.headers["allow"] == "GET, PUT, DELETE, HEAD, OPTIONS"  # RFC 9110 10.2.1


def name_the_scope(desk: Desk, reply: Reply) -> None:
    told = details(desk, reply)
    assert told["missing_scope"] in ("store_v2_products_read_only", "store_v2_products")
    assert told["client_id"]


def offer_types(desk: Desk, reply: Reply) -> None:
    offered = ["application/json", "application/xml"] if desk.form.version == 2 else ["application/json"]
    assert details(desk, reply)["supported_types"] == offered


def accept(desk: Desk, reply: Reply) -> None:
    types = "application/json, application/xml" if desk.form.version == 2 else "application/json"
    assert reply.headers["accept"] == types  # RFC 9110 12.5.1


def accept_identity(_desk: Desk, reply: Reply) -> None:
    assert reply.headers["accept-encoding"] == "identity"  # RFC 9110 12.5.3


def name_the_bytes(desk: Desk, reply: Reply) -> None:
    assert int(details(desk, reply)["max_bytes"]) in (5, 10 * 1024 * 1024)
    assert reply.headers["connection"] == "close"


def detail(name: str, *values: Any) -> Callable[[Desk, Reply], None]:
    """One member of the details, as one of these values."""

    def check(desk: Desk, reply: Reply) -> None:
        found = details(desk, reply)[name]
        assert str(found) in map(str, values) if values else found

    return check


def tell_the_state(desk: Desk, reply: Reply) -> None:
    assert re.fullmatch(r'"\d+(-x)?"', reply.headers["etag"])
    assert reply.headers["etag"].endswith('-x"') is (desk.form is XML)
    assert reply.headers["last-modified"].endswith("GMT")


def as_on_the_200(desk: Desk, reply: Reply) -> None:
    tell_the_state(desk, reply)
    whole = desk.ask("GET", desk.path("brands/1"))
    assert all(
        reply.headers[name] == whole.headers[name] for name in ("etag", "last-modified", "vary", "cache-control")
    )


def conflict(desk: Desk, reply: Reply) -> None:
    told = details(desk, reply)
    assert told["conflict_reason"]  # rule 5
    assert told["resolution"]  # RFC 9110 15.5.10


def duplicate(desk: Desk, reply: Reply) -> None:
    conflict(desk, reply)
    assert details(desk, reply)["conflicting_field"] == "name"
    assert str(details(desk, reply)["conflicting_id"]) == "1"


def orphans(desk: Desk, reply: Reply) -> None:
    conflict(desk, reply)
    assert details(desk, reply)["orphaned_products"] == ["1"]  # strings, rule 5


def limit_of_brands(desk: Desk, reply: Reply) -> None:
    told = {name: str(value) for name, value in details(desk, reply).items()}
    assert told == {"resource": "brands", "limit": "1", "used": "1"}


def no_internals(desk: Desk, reply: Reply) -> None:
    assert details(desk, reply) == {"request_id": reply.headers["x-request-id"]}
    assert b"Traceback" not in reply.body
    assert b"msgspec" not in reply.body


def tell_what_became_of_it(_desk: Desk, reply: Reply) -> None:
    assert reply.json["errors"]["invalid_reason"].startswith("image_url ")  # rule 68


def every_fault(*names: str) -> Callable[[Desk, Reply], None]:
    """The members that a V3 refusal names."""

    def check(desk: Desk, reply: Reply) -> None:
        if desk.form is V3:
            assert set(reply.json["errors"]) == set(names)

    return check


MUST: dict[Reason, Callable[[Desk, Reply], None]] = {
    Reason.INSECURE: to_https,
    Reason.INSECURE_WRITE: to_https,
    Reason.DEPRECATED_VERSION: to_version_2,
    Reason.DEPRECATED_VERSION_WRITE: to_version_2,
    Reason.UPGRADING: come_back,
    Reason.STORE_DAMAGED: come_back,
    Reason.SUSPENDED: come_back,
    Reason.MAINTENANCE: in_77_seconds,
    Reason.UNKNOWN_METHOD: echo_nothing,
    Reason.CREDENTIALS_MISSING: challenge,
    Reason.CREDENTIALS_WRONG: challenge,
    Reason.HOURLY_QUOTA_SPENT: wait_for_the_hour,
    Reason.WINDOW_QUOTA_SPENT: wait_for_the_window,
    Reason.MOVED_ROUTE: to_where_it_moved,
    Reason.MOVED_ROUTE_WRITE: to_where_it_moved,
    Reason.METHOD_NOT_ALLOWED: allow,
    Reason.SCOPE_MISSING: name_the_scope,
    Reason.NOT_ACCEPTABLE: offer_types,
    Reason.CONTENT_TYPE_UNSUPPORTED: accept,
    Reason.CONTENT_CODING_UNSUPPORTED: accept_identity,
    Reason.BODY_TOO_LARGE: name_the_bytes,
    Reason.LIMIT_OVER_MAXIMUM: detail("max_limit", 250),
    Reason.FILTER_REQUIRED: detail("supported_filters"),
    Reason.KEY_INVALID: detail("max_length", 255),
    Reason.TOO_MANY_AT_ONCE: detail("max_concurrent", 40),
    Reason.KEY_IN_USE: come_back,
    Reason.PRECONDITION_FAILED: tell_the_state,
    Reason.NOT_MODIFIED: as_on_the_200,
    Reason.TOO_MANY_ITEMS: detail("max_items", 10),
    Reason.FIELD_MISSING: every_fault("name"),
    Reason.FIELD_INVALID: every_fault("name"),
    Reason.IMAGE_UNREACHABLE: tell_what_became_of_it,
    Reason.IMAGE_INVALID: every_fault("image_file"),
    Reason.IMAGES_WAITING: wait_a_little,
    Reason.IMAGE_LOST: wait_a_little,
    Reason.TEMPLATES_WAITING: wait_a_little,
    Reason.DUPLICATE: duplicate,
    Reason.DANGLING_REFERENCE: conflict,
    Reason.NOT_THE_OWNER: detail("permission_set", "read"),
    Reason.CIRCULAR_TREE: conflict,
    Reason.ORPHANED_PRODUCTS: orphans,
    Reason.BASE_VARIANT_STAYS: detail("product_id", 1),
    Reason.CODES_ATTACHED: detail("promotion_ids", [1]),
    Reason.PROPERTY_IN_USE: detail("property_ids", [1]),
    Reason.CLASSES_REFUSED: detail("missing_ids", [9]),
    Reason.CODES_NOT_GENERATED: allow_nothing,
    Reason.THEMES_FULL: detail("limit", 2),
    Reason.TASK_ENDED: detail("state", "done"),
    Reason.PLAN_LIMIT_REACHED: limit_of_brands,
    Reason.PLATFORM_CAP_REACHED: limit_of_brands,
    Reason.TREE_TOO_DEEP: detail("max_ancestors", 7),
    Reason.INTERNAL_ERROR: no_internals,
}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_database_that_another_process_keeps_locked_is_503(
    embedded: Server, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110 15.6.4"""
    monkeypatch.setattr(sqlite_rows, "PATIENCE_SECONDS", 0.0)
    desk = Desk(embedded.shop(), form)
    desk.shop.brand()
    record = embedded.run(embedded.backend.registry.store(desk.shop.name))
    other = open_file(embedded.backend.path(record))  # type: ignore[attr-defined]
    try:
        other.execute("BEGIN IMMEDIATE")
        reply = desk.ask("POST", desk.path("brands"), {"name": "Best"})
        assert desk.ask("GET", desk.path("brands/1")).status == 200  # reads go on
    finally:
        other.close()
    look_like_a_refusal(reply, form, Reason.UNREACHABLE)
    assert reply.headers["retry-after"] == "5"
    assert desk.shop.rows("brands") == 1
