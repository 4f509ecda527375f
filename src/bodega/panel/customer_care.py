"""What is done with a customer as a whole: two records of one person are merged, all that is known of them is exported,
and all that is personal is erased.

An erasure and a merge work through at most `AT_ONCE` orders in one request; for more they say so and are sent again.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import msgspec

from bodega.panel import api
from bodega.panel.customers import CUSTOMERS, ONE, VALUES
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()

AT_ONCE = 200
ORDERS = "/v2/orders"
SUBSCRIBERS = "/v3/customers/subscribers"
WISHLISTS = "/v3/wishlists"
ADDRESS_MEMBERS = ("first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip", "country",
                   "phone", "address_type")  # fmt: skip
ERASED = {"first_name": "Erased", "last_name": "Erased", "company": "", "street_1": "Erased", "street_2": "",
          "zip": "00000", "city": "Erased", "phone": "", "email": "erased@example.invalid"}  # fmt: skip
"""What stands in an order in place of a person; state and country stay, since taxes were due there."""

_LINKS = ("products", "shipping_addresses", "coupons", "fees", "consignments")
"""Members of an order that are addresses of others."""

_ID = re.compile(r"#?([0-9]{1,9})")


class Failed(Exception):
    """A request of several was refused; the message is a sentence."""


async def _must(request: PanelRequest, method: str, path: str, body: Any = None, **query: Any) -> Any:
    reply = await api.send_request(request, method, path, body, **query)
    if reply.refused:
        raise Failed(sentence_of(reply))
    return reply.data


async def the_customer(request: PanelRequest) -> dict[str, Any]:
    """The customer in the path. Raises PageError."""
    found: dict[str, Any] = (await api.read(request, f"{CUSTOMERS}/{api.number(request.ids['customer'])}")).data
    return found


async def _orders(request: PanelRequest, customer: int, maximum: int) -> list[dict[str, Any]]:
    return await api.whole(request, ORDERS, maximum, customer_id=customer)


async def _addresses(request: PanelRequest, customer: int) -> list[dict[str, Any]]:
    return await api.whole(request, f"{CUSTOMERS}/{customer}/addresses", 250)


# Export


@pages.get(ONE + "/export")
async def export(request: PanelRequest) -> Reply:
    """All that the store knows of a customer, as a file of JSON."""
    customer = await the_customer(request)
    key, email = customer["id"], customer["email"]
    orders = []
    for order in await _orders(request, key, 1_000):
        path = f"{ORDERS}/{order['id']}"
        orders.append({
            **{name: order[name] for name in order if name not in _LINKS},
            "products": await api.whole(request, f"{path}/products", 250),
            "shipping_addresses": await api.whole(request, f"{path}/shipping_addresses", 250),
        })  # fmt: skip
    known = {
        "customer": customer,
        "addresses": await _addresses(request, key),
        "attributes": await api.whole(request, VALUES, 250, **{"customer_id:in": key}),
        "newsletter": await api.whole(request, SUBSCRIBERS, 250, email=email),
        "wishlists": await api.whole(request, WISHLISTS, 250, customer_id=key),
        "orders": orders,
    }
    body = msgspec.json.format(msgspec.json.encode(known), indent=2)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-disposition", f'attachment; filename="customer-{key}.json"'.encode()),
        (b"cache-control", b"no-store"),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, body)


# Erasure


@pages.get(ONE + "/erase")
async def before_erasure(request: PanelRequest) -> Reply:
    """What an erasure would do."""
    return await _erasure(request)


async def _erasure(request: PanelRequest, message: str = "") -> Reply:
    customer = await the_customer(request)
    orders = await _orders(request, customer["id"], AT_ONCE + 1)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK
    return show(
        request, "customer_erase.html", status=status, customer=customer, orders=len(orders), most=AT_ONCE,
        addresses=len(await _addresses(request, customer["id"])), message=message,
    )  # fmt: skip


@pages.post(ONE + "/erase")
async def erase(request: PanelRequest) -> Reply:
    """Takes the person out of their orders, then deletes the customer and their subscription."""
    customer = await the_customer(request)
    if request.field("confirm") != customer["email"]:
        return await _erasure(request, "Enter the e-mail address of the customer to confirm.")
    orders = await _orders(request, customer["id"], AT_ONCE + 1)
    try:
        for order in orders[:AT_ONCE]:
            await _erase_order(request, order)
        if len(orders) > AT_ONCE:
            return await _erasure(request, f"{AT_ONCE} orders were erased, and there are more. Confirm again.")
        for one in await api.whole(request, SUBSCRIBERS, 250, email=customer["email"]):
            await _must(request, "DELETE", f"{SUBSCRIBERS}/{one['id']}")
        await _must(request, "DELETE", f"{CUSTOMERS}/{customer['id']}")
    except Failed as failed:
        return await _erasure(request, str(failed))
    return go(f"{request.base}/customers?done=erased", *SAFE)


async def _erase_order(request: PanelRequest, order: dict[str, Any]) -> None:
    path = f"{ORDERS}/{order['id']}"
    for one in await api.whole(request, f"{path}/shipping_addresses", 250):
        await _must(request, "PUT", f"{path}/shipping_addresses/{one['id']}", ERASED)
    body = {"billing_address": ERASED, "customer_message": "", "staff_notes": "", "customer_id": 0}
    await _must(request, "PUT", path, body)


# Merge


@pages.get(ONE + "/merge")
async def before_merge(request: PanelRequest) -> Reply:
    """Who is merged into this customer, and what that comes to."""
    return await _merge(request, request.query_value("with"))


async def _merge(request: PanelRequest, who: str, message: str = "") -> Reply:
    customer = await the_customer(request)
    other = await _other(request, who) if who else None
    if who and not message:
        if other is None:
            message = "There is no such customer."
        elif other["id"] == customer["id"]:
            message, other = "This is the same customer.", None
    counts = {}
    if other is not None:
        counts = {"orders": len(await _orders(request, other["id"], AT_ONCE + 1)),
                  "addresses": len(await _addresses(request, other["id"]))}  # fmt: skip
    return show(
        request, "customer_merge.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK,
        customer=customer, other=other, who=who, counts=counts, message=message, most=AT_ONCE,
    )  # fmt: skip


async def _other(request: PanelRequest, who: str) -> dict[str, Any] | None:
    number = _ID.fullmatch(who.strip())
    asks = {"id:in": number[1]} if number else {"email:in": who.strip()}
    reply = await api.send_request(request, "GET", "/v3/customers", limit=1, **asks)
    if not reply.data:
        return None
    found: dict[str, Any] = (await api.read(request, f"{CUSTOMERS}/{reply.data[0]['id']}")).data
    return found


@pages.post(ONE + "/merge")
async def merge(request: PanelRequest) -> Reply:
    """Gives this customer what the other one has, and deletes the other."""
    customer, who = await the_customer(request), request.field("with")
    other = await _other(request, who)
    if other is None or other["id"] == customer["id"]:
        return await _merge(request, who)
    orders = await _orders(request, other["id"], AT_ONCE + 1)
    try:
        for order in orders[:AT_ONCE]:
            await _must(request, "PUT", f"{ORDERS}/{order['id']}", {"customer_id": customer["id"]})
        if len(orders) > AT_ONCE:
            return await _merge(request, who, f"{AT_ONCE} orders were moved, and there are more. Merge again.")
        await _move_addresses(request, customer["id"], other["id"])
        await _move_attributes(request, customer["id"], other["id"])
        for one in await api.whole(request, WISHLISTS, 250, customer_id=other["id"]):
            items = [
                {name: item[name] for name in ("product_id", "variant_id") if item.get(name)} for item in one["items"]
            ]
            body = {"customer_id": customer["id"], "name": one["name"], "is_public": one["is_public"], "items": items}
            await _must(request, "POST", WISHLISTS, body)
            await _must(request, "DELETE", f"{WISHLISTS}/{one['id']}")
        changed = _filled(customer, other)
        if changed:
            await _must(request, "PUT", f"{CUSTOMERS}/{customer['id']}", changed)
        await _must(request, "DELETE", f"{CUSTOMERS}/{other['id']}")
    except Failed as failed:
        return await _merge(request, who, str(failed))
    return go(f"{request.base}/customers/{customer['id']}?done=merged", *SAFE)


def _filled(customer: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What the one gains from the other: what it lacks itself, the notes and the credit of both."""
    gained = {
        name: other[name] for name in ("company", "phone", "customer_group_id") if other[name] and not customer[name]
    }
    if other["notes"]:
        gained["notes"] = "\n".join(filter(None, [customer["notes"], other["notes"]]))
    if float(other["store_credit"]):
        gained["store_credit"] = f"{float(customer['store_credit']) + float(other['store_credit']):.4f}"
    return gained


async def _move_addresses(request: PanelRequest, to: int, source: int) -> None:
    def key(one: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(one[name] or "").casefold() for name in ADDRESS_MEMBERS if name != "address_type")

    known = {key(one) for one in await _addresses(request, to)}
    for one in await _addresses(request, source):
        if key(one) not in known:
            known.add(key(one))
            body = {name: one[name] for name in ADDRESS_MEMBERS if one[name]}
            await _must(request, "POST", f"{CUSTOMERS}/{to}/addresses", body)


async def _move_attributes(request: PanelRequest, to: int, source: int) -> None:
    has = {one["attribute_id"] for one in await api.whole(request, VALUES, 250, **{"customer_id:in": to})}
    gained = [
        {"customer_id": to, "attribute_id": one["attribute_id"], "value": one["attribute_value"]}
        for one in await api.whole(request, VALUES, 250, **{"customer_id:in": source})
        if one["attribute_id"] not in has
    ]
    if gained:
        await _must(request, "PUT", VALUES, gained)
