"""Every operation that shoppers' pages ask, asked in the flows of their tests: what is sent and answered."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import test_kit_operations as kit
import test_storefront_rest as flows
from bodega.storefront.rest.table import MOUNTS
from browsing import BASE, Page
from exchanges import Exchange
from shop import Reply, Server


def checkout_at_its_other_path(page: Page) -> None:
    """As the checkout kit asks it."""
    cart = flows.filled(page)
    path = f"/checkout/{cart['id']}"
    assert page.ask("GET", path)["id"] == cart["id"]
    assert page.ask("PUT", path, {"customerMessage": "At noon"})["customerMessage"] == "At noon"


def a_cart_is_dropped_and_an_account_made(page: Page) -> None:
    """What no test of its own asks in the way of a browser."""
    cart = flows.filled(page)
    assert page.ask("DELETE", f"/carts/{cart['id']}") is None
    said = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "password": "secret-77"}
    assert page.ask("POST", "/customer", said) is None


FLOWS = (
    a_cart_is_dropped_and_an_account_made,
    checkout_at_its_other_path,
    flows.test_a_cart_from_its_first_line_to_its_last,
    flows.test_another_version_is_a_conflict_in_its_published_form,
    flows.test_a_checkout_comes_to_what_the_admin_api_says,
    flows.test_a_wrong_code_is_refused,
    flows.test_gift_certificates_and_store_credit_pay,
    flows.test_a_currency_gives_the_cart_another_id,
    flows.test_an_account_is_made_and_signed_in,
    flows.test_consent_is_kept_in_the_browser_and_with_the_customer,
    flows.test_a_stranger_takes_no_consent_back,
    flows.test_forms_and_pickup,
    flows.test_an_order_is_its_shoppers,
    kit.test_an_order_is_made_once_and_paid_once,
    kit.test_a_declined_card_says_why,
    kit.test_a_checkout_that_is_not_whole_makes_no_order,
    kit.test_a_customer_signs_in_and_out,
    kit.test_passwords_are_not_guessed,
    kit.test_codes_of_gift_certificates_are_not_guessed,
    kit.test_where_the_test_gateway_is_off_no_card_pays,
    kit.test_a_guest_with_an_account_is_asked_to_sign_in_where_the_shop_wants_it,
    kit.test_settings_countries_and_ways_to_pay,
)


class SeenPage(Page):
    """A page that keeps what it asks and what is answered."""

    seen: list[Exchange]

    def send(
        self, method: str, path: str, json: Any = None, *, base: str = BASE, body: bytes | None = None, **headers: str
    ) -> Reply:
        """A request."""
        reply = super().send(method, path, json, base=base, body=body, **headers)
        below, _, query = path.partition("?")
        operation = operation_of(method, f"{base}{below}")
        if operation:
            media = reply.headers.get("content-type", "").partition(";")[0]
            message = reply.json if reply.body and media.endswith("json") else None
            names = tuple(name for name, _ in parse_qsl(query, keep_blank_values=True))
            self.seen.append(Exchange(operation, path, reply.status, message, json, names, reply.reason, media))
        return reply


def operation_of(method: str, path: str) -> str:
    """What a request asks, as `POST /api/storefront/carts/{cartId}/items`; empty where nothing is asked."""
    steps = path.strip("/").split("/")
    for prefix, operations in MOUNTS.values():
        for one in operations:
            names = f"{prefix}{one.path}".strip("/").split("/")
            if one.method == method and len(names) == len(steps) and all(map(_fits, names, steps)):
                return f"{method} {prefix}{one.path}"
    return ""


def _fits(name: str, step: str) -> bool:
    return name.startswith("{") or name == step


def shopped(server: Server) -> list[Exchange]:
    """What is exchanged in each flow, in a shop of its own."""
    seen: list[Exchange] = []
    for flow in FLOWS:
        page = SeenPage(flows.opened(server.shop()).shop)
        page.seen = seen
        flow(page)
    return seen
