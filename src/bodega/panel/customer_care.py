"""What is done with a customer as a whole: two records of one person are merged, all that is known of them is copied,
and all that is personal is erased.

Each is one transaction (`resources/personal/`). The erasure of a customer with more than `ORDERS_AT_ONCE` orders begins
with transactions that erase orders alone.
"""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec

from bodega.access import team
from bodega.panel import api
from bodega.panel.customers import CUSTOMERS, ONE
from bodega.panel.sent_form import compared
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.personal import erasing, merging
from bodega.resources.personal.copying import copy_of
from bodega.resources.personal.finding import Person, rows_of, search
from bodega.storage.text import caseless
from bodega.storage.tx import Tx

pages = Pages()

_ID = re.compile(r"#?([0-9]{1,9})")


async def the_customer(request: PanelRequest) -> dict[str, Any]:
    """The customer in the path. Raises PageError."""
    found: dict[str, Any] = (await api.read(request, f"{CUSTOMERS}/{api.number(request.ids['customer'])}")).data
    return found


def _person(customer: dict[str, Any]) -> Person:
    return Person(customer["id"], caseless(customer["email"]))


def _reader(request: PanelRequest) -> Tx:
    rows = request.shop.rows
    assert rows is not None, "the customer was read"
    return rows.reader


# A copy


@pages.get(ONE + "/export")
async def export(request: PanelRequest) -> Reply:
    """All that the store knows of a customer, as a file of JSON."""
    customer = await the_customer(request)
    body = msgspec.json.format(msgspec.json.encode(await copy_of(_reader(request), _person(customer))), indent=2)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-disposition", f'attachment; filename="customer-{customer["id"]}.json"'.encode()),
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
    found = await rows_of(_reader(request), _person(customer), {})
    status = HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK
    return show(
        request, "customer_erase.html", status=status, customer=customer, orders=len(found["orders"]),
        addresses=len(found["customer_addresses"]), message=message,
        days=request.shop.settings["journal.keep_days"],
    )  # fmt: skip


@pages.post(ONE + "/erase")
async def erase(request: PanelRequest) -> Reply:
    """Deletes what is the customer's own, and takes the person out of what stays; what the log of changes says of them
    goes first, since it is kept apart."""
    customer = await the_customer(request)
    key, email, seen = customer["id"], request.field("confirm"), request.field("orders")
    if email != customer["email"]:
        return await _erasure(request, "Enter the e-mail address of the customer to confirm.")
    person, reader = _person(customer), _reader(request)
    searched = await search(reader, person)
    orders = (await rows_of(reader, person, searched))["orders"]
    counted = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None
    if len(orders) > erasing.ORDERS_AT_ONCE:
        if counted not in (None, len(orders)):
            return await _erasure(request, erasing.CHANGED)
        counted = None
        some = partial(erasing.erase_orders, customer_id=key, email=email)
        while await api.write(request, "erase orders", some) == erasing.ORDERS_AT_ONCE:
            pass
    refused = await api.write(
        request, "erase", partial(erasing.erase, customer_id=key, email=email, orders=counted, searched=searched)
    )
    if refused:
        return await _erasure(request, refused)
    log, store = request.panel.tx, request.shop.record.hash
    numbers = [key, *await team.merged_into(log, store, key)]
    named = [f"/customers/{one}" for one in numbers] + [f"/orders/{one}" for one in orders]
    await team.forget(log, store, named, email)
    return go(f"{request.base}/customers?done=erased", *SAFE)


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
            message, other = merging.SAME, None
    counts = {}
    if other is not None:
        found = await rows_of(_reader(request), Person(other["id"], ""), {})
        counts = {"orders": len(found["orders"]), "addresses": len(found["customer_addresses"])}
    return show(
        request, "customer_merge.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK,
        customer=customer, other=other, who=who, counts=counts, message=message,
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
    compared(request.form, team.MERGED, "", str(other["id"]))
    refused = await api.write(request, "merge", partial(merging.merge, stays=customer["id"], goes=other["id"]))
    if refused:
        return await _merge(request, who, refused)
    return go(f"{request.base}/customers/{customer['id']}?done=merged", *SAFE)
