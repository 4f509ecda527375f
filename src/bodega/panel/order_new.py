"""A new order by hand: for a customer or a guest, of products by SKU or number, at the prices of the catalogue."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.orders import ADDRESS, HERE, IN_ORDER, LIST
from bodega.panel.sentences import beside, sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()

LINES = 8
"""So many rows of products are offered; more are added to the order through the API."""

VARIANTS = "/v3/catalog/variants"
_ID = re.compile(r"#?([0-9]{1,9})")
_STATUSES = [(str(number), name) for number, name in IN_ORDER if name in ("Incomplete", "Pending", "Awaiting Payment",
                                                                           "Awaiting Fulfillment")]  # fmt: skip

ORDER = [
    FieldGroup(
        "",
        [
            Field("customer_id", "Customer", "text",
                  "Number or e-mail address; empty: a guest. Their first address is taken where none is entered."),
            Field("status_id", "Status", "choice", "Incomplete: a draft, which takes no stock.", choices=_STATUSES,
                  blank=0, required=True),
            Field("payment_method", "Paid by", "text"),
            Field("staff_notes", "Notes for the staff", "long", wide=True),
        ],
    )
]  # fmt: skip


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form."""
    return _show(request, forms.opened(ORDER), forms.opened(ADDRESS, None, "billing."), {})


def _show(request: PanelRequest, form: Form, address: Form, wrong: dict[int, str]) -> Reply:
    failed = form.faulty or address.faulty or wrong
    return show(
        request, "order_new.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if failed else HTTPStatus.OK, form=form,
        address=address, wrong=wrong, rows=range(LINES), typed={k: values[-1] for k, values in request.form.items()},
    )  # fmt: skip


@pages.post(HERE + "/new")
async def create(request: PanelRequest) -> Reply:
    """Creates the order, or says what is wrong with it."""
    form, draft = forms.read(request, ORDER, None)
    address, billing = forms.read(request, ADDRESS, None, "billing.")
    lines, wrong = await _lines(request)
    if not lines and not wrong:
        wrong[0] = "An order has at least one product."
    draft["status_id"] = draft.get("status_id", 0)
    who = draft.pop("customer_id", "")
    if who:
        customer = await _customer(request, who)
        if customer is None:
            form.wrong["customer_id"] = "There is no such customer."
        else:
            draft["customer_id"] = customer["id"]
            billing = {**await _address(request, customer), **billing}
    if form.faulty or wrong:
        return _show(request, form, address, wrong)
    body = {**draft, "billing_address": billing, "products": [line for _, line in lines]}
    reply = await api.send_request(request, "POST", LIST, body)
    if not reply.refused:
        return go(f"{request.base}/orders/{reply.data['id']}?done=made", *SAFE)
    before = "billing_address."
    billed = {name.removeprefix(before): text for name, text in reply.errors.items() if name.startswith(before)}
    rest = {name: text for name, text in reply.errors.items() if not name.startswith((before, "products."))}
    address.wrong, address.rest = beside(billed, forms.flat(ADDRESS))
    for name, text in reply.errors.items():
        _, _, place = name.partition("products.")
        number = place.partition(".")[0]
        if number.isdigit() and int(number) < len(lines):
            wrong[lines[int(number)][0]] = sentence_of(reply._replace(errors={name: text}))
    if rest or not (address.wrong or wrong):
        forms.complain(form, reply._replace(errors=rest))
    return _show(request, form, address, wrong)


async def _customer(request: PanelRequest, who: str) -> dict[str, Any] | None:
    number = _ID.fullmatch(who)
    asks = {"id:in": number[1]} if number else {"email:in": who}
    reply = await api.send_request(request, "GET", "/v3/customers", **asks)
    found: list[dict[str, Any]] = reply.data or []
    return found[0] if found else None


async def _address(request: PanelRequest, customer: dict[str, Any]) -> dict[str, Any]:
    """What is known of where a customer lives: their first address."""
    path = f"/v2/customers/{customer['id']}/addresses"
    reply = await api.send_request(request, "GET", path, limit=1)
    known = (reply.data or [{}])[0] if not reply.refused else {}
    found = {field.name: known[field.name] for field in ADDRESS[0].fields if known.get(field.name)}
    return {
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "email": customer["email"],
        **found,
    }


async def _lines(request: PanelRequest) -> tuple[list[tuple[int, dict[str, Any]]], dict[int, str]]:
    """The lines with the rows in which they stand, and what is wrong in other rows."""
    lines, wrong = [], {}
    for row in range(LINES):
        what, many = request.field(f"what.{row}"), request.field(f"many.{row}") or "1"
        if not what:
            continue
        found = await _variant(request, what)
        if found is None:
            wrong[row] = "There is no product with this SKU or number."
            continue
        quantity: Any = int(many) if many.isascii() and many.isdigit() and len(many) < 10 else many
        lines.append((row, {**found, "quantity": quantity}))
    return lines, wrong


async def _variant(request: PanelRequest, what: str) -> dict[str, int] | None:
    """The variant of a SKU, or the product of a number."""
    reply = await api.send_request(request, "GET", VARIANTS, sku=what, limit=1)
    if reply.data:
        return {"product_id": reply.data[0]["product_id"], "variant_id": reply.data[0]["id"]}
    number = _ID.fullmatch(what)
    if number is None:
        return None
    one = await api.send_request(request, "GET", f"/v3/catalog/products/{number[1]}", include_fields="name")
    return None if one.refused else {"product_id": int(number[1])}
