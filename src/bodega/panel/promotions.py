"""Promotions: the list, the page of one with its rules in words and its codes, and the form of a simple new one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms, views
from bodega.panel.fields import Field, fields_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.marketing.promotions.promotion import Promotion

pages = Pages()

HERE = "/stores/{store}/promotions"
PROMOTIONS = "/v3/promotions"
PER_PAGE = 50
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY

_TITLES = {
    "display_name": "Name for shoppers",
    "max_uses": "How often it can be used",
    "start_date": "From",
    "end_date": "Until",
    "stop": "No promotion after it applies",
    "can_be_used_with_other_promotions": "Applies together with others",
}
_OWN = "name display_name start_date end_date max_uses can_be_used_with_other_promotions stop"
GROUPS = [FieldGroup("", fields_of(Promotion, _OWN, required="name", titles=_TITLES))]
KINDS = (
    ("automatic", "automatically"),
    ("single", "with a code"),
    ("bulk", "with one of many codes"),
)
GIVEN = (
    ("percentage", "a percentage off the cart"),
    ("amount", "an amount off the cart"),
    ("shipping", "free shipping"),
)
NEW = [
    FieldGroup(
        "",
        [
            *fields_of(Promotion, "name display_name", required="name", titles=_TITLES),
            Field("kind", "It applies", "choice", choices=KINDS, required=True),
            Field("code", "Code", "text", "Only of a promotion with a code.", maximum=50),
            Field("given", "It gives", "choice", choices=GIVEN, required=True),
            Field("value", "How much", "text", "As 10 or 2.50; nothing for free shipping."),
            Field("minimum_spend", "If at least so much is spent", "text"),
            *fields_of(Promotion, "start_date end_date max_uses", titles=_TITLES),
        ],
    )
]
CODE = [FieldGroup("", [Field("code", "Code", "text", required=True, maximum=50), Field("max_uses", "Uses", "whole")])]
BATCH = [FieldGroup("", [Field("batch_size", "How many", "whole", required=True), Field("prefix", "Prefix", "text")])]


VIEWS = views.declare("promotions", "Promotions", {"q": "Name or code"})


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """The list, in the order in which they are tried."""
    page, word = api.page_of(request), request.query_value("q")
    reply = await api.read(request, PROMOTIONS, limit=PER_PAGE, page=page, sort="priority", query=word)
    return show(
        request, "promotions.html", promotions=reply.data, total=reply.total, page=page, per=PER_PAGE, word=word,
        query=view.carry({"q": word}), view=view,
    )  # fmt: skip


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new promotion."""
    return _show_new(request, forms.opened(NEW))


def _show_new(request: PanelRequest, form: Form) -> Reply:
    status = UNPROCESSABLE if form.faulty else HTTPStatus.OK
    return show(request, "promotion.html", status=status, form=form, promotion=None, message="")


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a promotion."""
    form, draft = forms.read(request, NEW, None)
    reply = await api.send_request(request, "POST", PROMOTIONS, _body(draft))
    if reply.refused:
        forms.complain(form, reply._replace(errors=_by_field(reply.errors)))
        return _show_new(request, form)
    return go(f"{request.base}/promotions/{reply.data['id']}?done=made", *SAFE)


def _body(draft: Mapping[str, Any]) -> dict[str, Any]:
    """What the API is asked for."""
    kind, given = draft.get("kind"), draft.get("given")
    off = "percentage_amount" if given == "percentage" else "fixed_amount"
    action: dict[str, Any] = {"cart_value": {"discount": {off: draft.get("value", "")}}}
    if given == "shipping":
        action = {"shipping": {"zone_ids": "*", "free_shipping": True}}
    rule: dict[str, Any] = {"action": action}
    if draft.get("minimum_spend"):
        rule["condition"] = {"cart": {"minimum_spend": draft["minimum_spend"]}}
    own = {
        name: draft[name] for name in ("name", "display_name", "start_date", "end_date", "max_uses") if draft.get(name)
    }
    body = {"name": "", **own, "rules": [rule], "redemption_type": "AUTOMATIC" if kind == "automatic" else "COUPON"}
    if kind in ("single", "bulk"):
        body["coupon_type"] = kind.upper()
    if kind == "single" or draft.get("code"):
        body["codes"] = {"code": draft.get("code", "")}
    return body


def _by_field(errors: Mapping[str, str]) -> dict[str, str]:
    """The API's messages by the fields of the form."""
    ends = {"minimum_spend": "minimum_spend", "percentage_amount": "value", "fixed_amount": "value", "code": "code"}
    return {ends.get(name.rpartition(".")[2], name): text for name, text in errors.items()}


def _path(request: PanelRequest) -> str:
    return f"{PROMOTIONS}/{api.number(request.ids['promotion'])}"


async def _show(
    request: PanelRequest,
    form: Form | None = None,
    code: Form | None = None,
    batch: Form | None = None,
    message: str = "",
) -> Reply:
    path, page = _path(request), api.page_of(request)
    now = (await api.read(request, path)).data
    codes = await api.read(request, f"{path}/codes", limit=PER_PAGE, page=page)
    failed = bool(form or code or batch or message)
    return show(
        request,
        "promotion.html",
        status=UNPROCESSABLE if failed else HTTPStatus.OK,
        form=form or forms.opened(GROUPS, now),
        promotion=now,
        rules=[said(rule) for rule in now["rules"]],
        source=json.dumps(now["rules"], indent=2, ensure_ascii=False),
        codes=codes.data,
        total=codes.total,
        page=page,
        per=PER_PAGE,
        code=code or forms.opened(CODE, before="code."),
        batch=batch or forms.opened(BATCH, before="batch."),
        message=message,
    )


@pages.get(HERE + "/{promotion}")
async def detail(request: PanelRequest) -> Reply:
    """The page of a promotion."""
    return await _show(request)


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/promotions/{request.ids['promotion']}?done={done}", *SAFE)


@pages.post(HERE + "/{promotion}")
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed."""
    now = await api.read(request, _path(request))
    sent = await forms.send(request, GROUPS, _path(request), now.data, etag=now.etag)
    if not sent.saved:
        return await _show(request, sent.form)
    return _back(request, "saved" if sent.reply else "unchanged")


@pages.post(HERE + "/{promotion}/status")
async def switch(request: PanelRequest) -> Reply:
    """Switches a promotion on or off."""
    now = (await api.read(request, _path(request))).data
    status = "DISABLED" if now["status"] == "ENABLED" else "ENABLED"
    reply = await api.send_request(request, "PUT", _path(request), {"status": status})
    return await _show(request, message=sentence_of(reply)) if reply.refused else _back(request, status.lower())


@pages.post(HERE + "/{promotion}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a promotion that has no codes."""
    reply = await api.send_request(request, "DELETE", _path(request))
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return go(f"{request.base}/promotions?done=deleted", *SAFE)


@pages.post(HERE + "/{promotion}/codes")
async def add_code(request: PanelRequest) -> Reply:
    """Adds a code."""
    form, draft = forms.read(request, CODE, None, "code.")
    if await _refused(request, "codes", form, draft):
        return await _show(request, code=form)
    return _back(request, "coded")


@pages.post(HERE + "/{promotion}/batch")
async def generate(request: PanelRequest) -> Reply:
    """Makes codes by the batch."""
    form, draft = forms.read(request, BATCH, None, "batch.")
    if await _refused(request, "codegen", form, draft):
        return await _show(request, batch=form)
    return _back(request, "generated")


async def _refused(request: PanelRequest, what: str, form: Form, draft: Mapping[str, Any]) -> bool:
    """Posts what was filled in below the promotion; whether that was refused, which the form then tells."""
    body = forms.filled(draft)
    reply = await api.send_request(request, "POST", f"{_path(request)}/{what}", body)
    if reply.refused:
        forms.complain(form, reply)
    return reply.refused


@pages.post(HERE + "/{promotion}/codes/{code}/delete")
async def delete_code(request: PanelRequest) -> Reply:
    """Deletes a code."""
    reply = await api.send_request(request, "DELETE", f"{_path(request)}/codes/{api.number(request.ids['code'])}")
    return await _show(request, message=sentence_of(reply)) if reply.refused else _back(request, "uncoded")


def said(rule: Mapping[str, Any]) -> str:
    """A rule in words, as `10% off the cart, if 50 is spent`."""
    (kind, form), *_ = rule["action"].items()
    found = _gives(kind, form)
    if form.get("maximum_allowed_discount_amount"):
        found += f", at most {form['maximum_allowed_discount_amount']}"
    conditions = _carts(rule.get("condition") or {})
    if conditions:
        found += ", if " + " and ".join(conditions)
    return found if rule.get("apply_once", True) else f"{found}, as often as that is met"


def _gives(kind: str, form: Mapping[str, Any]) -> str:
    if kind == "cart_value":
        return f"{_off(form['discount'])} off the cart"
    if kind == "cart_items":
        many = f"{form['quantity']} of " if form.get("quantity") else ""
        return f"{_off(form['discount'])} off {many}{_items(form.get('items'))}"
    if kind == "gift_item":
        of = f"product {form['product_id']}" if "product_id" in form else f"variant {form.get('variant_id')}"
        return f"{form['quantity']} of {of} for nothing"
    if kind == "fixed_price_set":
        return f"{form['quantity']} of {_items(form.get('items'))} for {form['fixed_price']}"
    zones = form["zone_ids"]
    return "free shipping" if zones == "*" else "free shipping to zones " + ", ".join(map(str, zones))


def _off(discount: Mapping[str, str]) -> str:
    return f"{discount['percentage_amount']}%" if "percentage_amount" in discount else discount["fixed_amount"]


def _items(items: Mapping[str, Any] | None) -> str:
    """An item matcher in words."""
    if not items:
        return "all items"
    (kind, value), *_ = items.items()
    if kind in ("and", "or"):
        return "(" + f" {kind} ".join(map(_items, value)) + ")"
    if kind == "not":
        return f"not {_items(value)}"
    if kind in ("product_option", "product_custom_field"):
        return f"items with {value['name']} {' or '.join(value['values'])}"
    return f"{kind} {', '.join(map(str, value))}"


def _carts(condition: Mapping[str, Any]) -> Sequence[str]:
    carts = [condition["cart"]] if "cart" in condition else [one["cart"] for one in condition.get("and", ())]
    found = []
    for cart in carts:
        of = f" of {_items(cart['items'])}" if "items" in cart else ""
        if cart.get("minimum_spend"):
            found.append(f"{cart['minimum_spend']} is spent{of}")
        if of and cart.get("minimum_quantity"):
            found.append(f"there are {cart['minimum_quantity']}{of}")
    return found
