"""Orders: the page of one with its lines, totals and history; status, shipments and refunds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NamedTuple

from bodega.dates import parse_moment
from bodega.http.internal_api import ApiReply
from bodega.panel import api, forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.orders.shipments import DISPLAY
from bodega.resources.store.order_statuses import NAMES, STATUSES

pages = Pages()

HERE = "/stores/{store}/orders"
ONE = HERE + "/{order}"
LIST = "/v2/orders"
PER_PAGE = 25
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
COLOURS = {0: "", 1: "s4", 2: "s2", 3: "s3", 4: "s5", 5: "s5", 6: "s5", 7: "s4", 8: "s3", 9: "s3", 10: "s2", 11: "s3",
           12: "s4", 13: "s5", 14: "s5"}  # fmt: skip
"""Open work is amber or blue, finished work green, problems red."""

IN_ORDER = [(number, name) for number, name, _, _ in sorted(STATUSES, key=lambda status: status[2])]
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
WHOLE = re.compile(r"[0-9]{1,9}")

DETAILS = [
    FieldGroup(
        "",
        [
            Field("staff_notes", "Notes for the staff", "long", wide=True),
            Field("customer_message", "Message from the customer", "long", wide=True),
            Field("discount_amount", "Discount on the order", "number", blank=0),
            Field("payment_method", "Paid by", "text"),
            Field("payment_provider_id", "Payment id at the provider", "text"),
        ],
    )
]
ADDRESS = [
    FieldGroup(
        "",
        [
            Field(name, title, "text")
            for name, title in (
                ("first_name", "First name"), ("last_name", "Last name"), ("company", "Company"),
                ("street_1", "Street"), ("street_2", "Second line"), ("zip", "Postal code"), ("city", "City"),
                ("state", "State"), ("country_iso2", "Country, two letters"), ("phone", "Telephone"),
                ("email", "E-mail"),
            )
        ],
    )
]  # fmt: skip


# One order


class Event(NamedTuple):
    """Something that happened to an order, in UTC seconds."""

    at: int
    title: str
    text: str = ""


class OrderView(NamedTuple):
    """An order with everything that belongs to it."""

    order: dict[str, Any]
    etag: str
    lines: list[dict[str, Any]]
    addresses: list[dict[str, Any]]
    shipments: list[dict[str, Any]]
    transactions: list[dict[str, Any]]
    refunds: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    fees: list[dict[str, Any]]

    @property
    def unsent(self) -> list[tuple[dict[str, Any], int]]:
        """Lines that are not fully shipped, and how much is left."""
        left = [(line, line["quantity"] - line["quantity_shipped"]) for line in self.lines]
        return [(line, many) for line, many in left if many > 0 and line["type"] == "physical"]

    @property
    def unrefunded(self) -> list[tuple[dict[str, Any], int]]:
        """Lines that are not fully refunded, and how much is left."""
        left = [(line, line["quantity"] - line["quantity_refunded"]) for line in self.lines]
        return [(line, many) for line, many in left if many > 0]

    @property
    def refunded(self) -> Decimal:
        """What was paid back."""
        return sum((Decimal(str(one["total_amount"])) for one in self.refunds), Decimal(0))

    @property
    def net(self) -> Decimal:
        """What is left of the total."""
        return Decimal(str(self.order["total_inc_tax"])) - self.refunded

    @property
    def history(self) -> list[Event]:
        """What is known to have happened, the latest first."""
        order = self.order
        found = [Event(_at(order["date_created"]), "Placed", order["payment_method"])]
        for one in self.transactions:
            if one["event"] == "refund":
                continue  # listed with its reason below
            found.append(
                Event(_at(one["date_created"]), one["event"].capitalize(), f"{one['amount']} {one['currency']}")
            )
        for one in self.shipments:
            pieces = sum(item["quantity"] for item in one["items"])
            text = " ".join(filter(None, [one["shipping_provider_display_name"], one["tracking_number"]]))
            found.append(Event(_at(one["date_created"]), f"Sent {pieces} item{'s' if pieces != 1 else ''}", text))
        for one in self.refunds:
            found.append(Event(_at(one["created"]), f"Refunded {one['total_amount']}", one["reason"]))
        for one in self.messages:
            found.append(Event(_at(one["date_created"]), f"Message: {one['subject']}", one["message"]))
        if order["date_shipped"]:
            found.append(Event(_at(order["date_shipped"]), "Shipped"))
        found.reverse()
        return sorted(found, key=lambda event: -event.at)


def _at(text: str) -> int:
    try:
        return parse_moment(text)
    except ValueError:
        return 0


def _path(request: PanelRequest, *more: str) -> str:
    return "/".join([LIST, str(api.number(request.ids["order"])), *more])


async def order_view(request: PanelRequest) -> OrderView:
    """The order in the path. Raises PageError."""
    reply = await api.read(request, _path(request))
    key = reply.data["id"]

    async def rows(word: str) -> list[dict[str, Any]]:
        return (await api.read(request, _path(request, word), limit=250)).data or []

    return OrderView(
        reply.data,
        reply.etag,
        await rows("products"),
        await rows("shipping_addresses"),
        await rows("shipments"),
        (await api.read(request, f"/v3/orders/{key}/transactions")).data,
        (await api.read(request, f"/v3/orders/{key}/payment_actions/refunds")).data,
        await rows("messages"),
        await rows("fees"),
    )


@pages.get(ONE)
async def one(request: PanelRequest) -> Reply:
    """The page of an order."""
    return _show(request, await order_view(request))


def _show(
    request: PanelRequest,
    view: OrderView,
    *,
    form: Form | None = None,
    address: Form | None = None,
    message: str = "",
    message_of: str = "",
    quote: Mapping[str, Any] | None = None,
) -> Reply:
    billing = forms.opened(ADDRESS, view.order["billing_address"], "billing.")
    shipping = [(one, forms.opened(ADDRESS, one, f"a{one['id']}.")) for one in view.addresses]
    if address is not None:
        billing = address if address.before == "billing." else billing
        shipping = [(one, address if made.before == address.before else made) for one, made in shipping]
    failed = bool(message or (form and form.faulty) or (address and address.faulty))
    return show(
        request, "order.html", status=UNPROCESSABLE if failed else HTTPStatus.OK, view=view, order=view.order,
        form=form or forms.opened(DETAILS, view.order), billing=billing, shipping=shipping, message=message,
        message_of=message_of, quote=quote, statuses=IN_ORDER, names=NAMES, colours=COLOURS, carriers=DISPLAY,
        typed={name: values[-1] for name, values in request.form.items()},
    )  # fmt: skip


def _back(request: PanelRequest, done: str, place: str = "") -> Reply:
    return go(f"{request.base}/orders/{request.ids['order']}?done={done}{place}", *SAFE)


def _sentence(reply: ApiReply) -> str:
    return sentence_of(reply)


async def _done(request: PanelRequest, reply: ApiReply, done: str, of: str, place: str = "") -> Reply:
    """Back to the order, or the order with the refusal beside the form `of` that it belongs to."""
    if reply.refused:
        return _show(request, await order_view(request), message=_sentence(reply), message_of=of)
    return _back(request, done, place)


@pages.post(ONE)
async def change(request: PanelRequest) -> Reply:
    """Saves notes, discount and payment."""
    view = await order_view(request)
    sent = await forms.send(request, DETAILS, _path(request), view.order, etag=view.etag)
    if not sent.saved:
        return _show(request, view, form=sent.form)
    return _back(request, "saved" if sent.reply else "unchanged")


@pages.post(ONE + "/status")
async def move(request: PanelRequest) -> Reply:
    """Gives the order another status, with its consequences."""
    status = request.field("status_id")
    value: Any = int(status) if WHOLE.fullmatch(status) else status
    return await _done(
        request, await api.send_request(request, "PUT", _path(request), {"status_id": value}), "moved", "status"
    )


@pages.post(ONE + "/lines")
async def change_lines(request: PanelRequest) -> Reply:
    """Changes how many of each line were ordered."""
    view = await order_view(request)
    changed = []
    for line in view.lines:
        text = request.field(f"line.{line['id']}")
        if text and text != str(line["quantity"]):
            changed.append({"id": line["id"], "quantity": int(text) if WHOLE.fullmatch(text) else text})
    if not changed:
        return _back(request, "unchanged")
    reply = await api.send_request(request, "PUT", _path(request), {"products": changed}, etag=view.etag)
    return await _done(request, reply, "saved", "lines", "#lines")


@pages.post(ONE + "/billing")
async def change_billing(request: PanelRequest) -> Reply:
    """Changes the billing address."""
    view = await order_view(request)
    form, draft = forms.read(request, ADDRESS, view.order["billing_address"], "billing.")
    if form.faulty:
        return _show(request, view, address=form)
    if not draft:
        return _back(request, "unchanged")
    reply = await api.send_request(request, "PUT", _path(request), {"billing_address": draft}, etag=view.etag)
    if reply.refused:
        named = {name.removeprefix("billing_address."): text for name, text in reply.errors.items()}
        forms.complain(form, reply._replace(errors=named))
        return _show(request, view, address=form)
    return _back(request, "saved", "#addresses")


@pages.post(ONE + "/addresses/{address}")
async def change_address(request: PanelRequest) -> Reply:
    """Changes a shipping address."""
    path = _path(request, "shipping_addresses", str(api.number(request.ids["address"])))
    now = await api.read(request, path)
    form, draft = forms.read(request, ADDRESS, now.data, f"a{request.ids['address']}.")
    if not form.faulty and not draft:
        return _back(request, "unchanged")
    if not form.faulty:
        reply = await api.send_request(request, "PUT", path, draft, etag=now.etag)
        if not reply.refused:
            return _back(request, "saved", "#addresses")
        named = {name.removeprefix("shipping_address."): text for name, text in reply.errors.items()}
        forms.complain(form, reply._replace(errors=named))
    return _show(request, await order_view(request), address=form)


# Shipping


@pages.post(ONE + "/shipments")
async def ship(request: PanelRequest) -> Reply:
    """Creates a shipment of the quantities that were filled in."""
    items = []
    for name, values in request.form.items():
        line = name.removeprefix("ship.")
        text = values[-1].strip()
        if line != name and WHOLE.fullmatch(line) and text not in ("", "0"):
            items.append({"order_product_id": int(line), "quantity": int(text) if WHOLE.fullmatch(text) else text})
    address = request.field("order_address_id")
    body = {
        name: request.field(name) for name in ("tracking_number", "shipping_provider", "shipping_method", "comments")
    }
    given: dict[str, Any] = {name: text for name, text in body.items() if text}
    given |= {"order_address_id": int(address) if WHOLE.fullmatch(address) else address, "items": items}
    reply = await api.send_request(request, "POST", _path(request, "shipments"), given)
    return await _done(request, reply, "sent", "shipments",
                       "#shipments")  # fmt: skip


@pages.post(ONE + "/shipments/{shipment}/delete")
async def unship(request: PanelRequest) -> Reply:
    """Deletes a shipment: its items can be shipped again."""
    path = _path(request, "shipments", str(api.number(request.ids["shipment"])))
    return await _done(request, await api.send_request(request, "DELETE", path), "unsent", "shipments", "#shipments")


# Payment


@pages.post(ONE + "/payment")
async def payment(request: PanelRequest) -> Reply:
    """Captures an authorised payment, or voids it."""
    action = "void" if request.field("action") == "void" else "capture"
    path = f"/v3/orders/{api.number(request.ids['order'])}/payment_actions/{action}"
    return await _done(request, await api.send_request(request, "POST", path, {}), action, "payment")


def _refunded(request: PanelRequest) -> list[dict[str, Any]]:
    """The content of a refund form; what is no number stays text, for the API to refuse."""
    items: list[dict[str, Any]] = []
    for name, values in request.form.items():
        kind, dot, key = name.partition(".")
        text = values[-1].strip()
        if not dot or kind not in ("refund", "shipping") or not WHOLE.fullmatch(key) or text in ("", "0"):
            continue
        if kind == "refund":
            quantity: Any = int(text) if WHOLE.fullmatch(text) else text
            items.append({"item_type": "PRODUCT", "item_id": int(key), "quantity": quantity})
        else:
            items.append({"item_type": "SHIPPING", "item_id": int(key), "amount": _amount(text)})
    amount = request.field("amount")
    if amount:
        order = api.number(request.ids["order"])
        items.append({"item_type": "ORDER", "item_id": order, "amount": _amount(amount)})
    return items


def _amount(text: str) -> Decimal | str:
    return Decimal(text) if _AMOUNT.fullmatch(text) else text


@pages.post(ONE + "/refund")
async def refund(request: PanelRequest) -> Reply:
    """First quotes the refund; once that is confirmed, makes it."""
    path = f"/v3/orders/{api.number(request.ids['order'])}/payment_actions"
    body: dict[str, Any] = {"items": _refunded(request)}
    if request.field("reason"):
        body["reason"] = request.field("reason")
    if not request.field("provider_id"):
        reply = await api.send_request(request, "POST", f"{path}/refund_quotes", body)
        view = await order_view(request)
        if reply.refused:
            return _show(request, view, message=_sentence(reply), message_of="refund")
        return _show(request, view, quote=reply.data)
    payment = {"provider_id": request.field("provider_id"), "amount": _amount(request.field("total"))}
    reply = await api.send_request(request, "POST", f"{path}/refunds", {**body, "payments": [payment]})
    return await _done(request, reply, "refunded", "refund", "#refunds")


# Archive


@pages.post(ONE + "/archive")
async def archive(request: PanelRequest) -> Reply:
    """Archives the order, or restores it."""
    if request.field("archive") == "no":
        reply = await api.send_request(request, "PUT", _path(request), {"is_deleted": False})
        return await _done(request, reply, "restored", "archive")
    reply = await api.send_request(request, "DELETE", _path(request))
    if reply.refused:
        return await _done(request, reply, "", "archive")
    return go(f"{request.base}/orders?done=archived", *SAFE)
