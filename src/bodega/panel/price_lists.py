"""Price lists: the list, and the page of one with its prices and those it is for."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from bodega.http.internal_api import ApiReply
from bodega.panel import api, forms
from bodega.panel.fields import Field, fields_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.pricing.price_lists import PriceList

pages = Pages()

HERE = "/stores/{store}/price-lists"
LISTS = "/v3/pricelists"
ASSIGNED = f"{LISTS}/assignments"
PER_PAGE = 50
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY

GROUPS = [FieldGroup("", fields_of(PriceList, "name active", required="name", titles={"active": "In use"}))]
RECORD = [
    FieldGroup(
        "",
        [
            Field("sku", "SKU", "text", required=True),
            Field("currency", "Currency", "text", required=True),
            Field("price", "Price", "number"),
            Field("sale_price", "Sale price", "number"),
        ],
    )
]
TARGET = [
    FieldGroup(
        "",
        [
            Field("customer_group_id", "Customer group", "whole", "The number of the group; empty for everybody."),
            Field("channel_id", "Channel", "whole", "The number of the channel; empty for all."),
        ],
    )
]


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """All price lists."""
    page = api.page_of(request)
    reply = await api.read(request, LISTS, limit=PER_PAGE, page=page)
    return show(request, "price_lists.html", lists=reply.data, total=reply.total, page=page, per=PER_PAGE)


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new price list."""
    return _show_new(request, forms.opened(GROUPS, {"active": True}))


def _show_new(request: PanelRequest, form: Form) -> Reply:
    status = UNPROCESSABLE if form.faulty else HTTPStatus.OK
    return show(request, "price_list.html", status=status, form=form, price_list=None, message="")


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a price list."""
    form, draft = forms.read(request, GROUPS, None)
    reply = await api.send_request(request, "POST", LISTS, draft)
    if reply.refused:
        forms.complain(form, reply)
        return _show_new(request, form)
    return go(f"{request.base}/price-lists/{reply.data['id']}?done=made", *SAFE)


def _path(request: PanelRequest) -> str:
    return f"{LISTS}/{api.number(request.ids['list'])}"


async def _show(
    request: PanelRequest,
    form: Form | None = None,
    record: Form | None = None,
    target: Form | None = None,
    message: str = "",
) -> Reply:
    path, page = _path(request), api.page_of(request)
    now = (await api.read(request, path)).data
    records = await api.read(request, f"{path}/records", limit=PER_PAGE, page=page, include="sku,bulk_pricing_tiers")
    assigned = await api.whole(request, ASSIGNED, price_list_id=now["id"])
    groups = {one["id"]: one["name"] for one in await api.whole(request, "/v2/customer_groups")}
    channels = {one["id"]: one["name"] for one in await api.whole(request, "/v3/channels")}
    failed = bool(form or record or target or message)
    return show(
        request,
        "price_list.html",
        status=UNPROCESSABLE if failed else HTTPStatus.OK,
        form=form or forms.opened(GROUPS, now),
        price_list=now,
        records=records.data,
        total=records.total,
        page=page,
        per=PER_PAGE,
        record=record or forms.opened(RECORD, before="record."),
        assigned=assigned,
        groups=groups,
        channels=channels,
        target=target or forms.opened(TARGET, before="target."),
        message=message,
    )


@pages.get(HERE + "/{list}")
async def detail(request: PanelRequest) -> Reply:
    """The form of a price list, its prices and those it is for."""
    return await _show(request)


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/price-lists/{request.ids['list']}?done={done}", *SAFE)


@pages.post(HERE + "/{list}")
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed."""
    now = (await api.read(request, _path(request))).data
    form, draft = forms.read(request, GROUPS, now)
    if form.faulty:
        return await _show(request, form)
    if not draft:
        return _back(request, "unchanged")
    reply = await api.send_request(request, "PUT", _path(request), draft)
    if reply.refused:
        forms.complain(form, reply)
        return await _show(request, form)
    return _back(request, "saved")


@pages.post(HERE + "/{list}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a price list with its prices."""
    reply = await api.send_request(request, "DELETE", _path(request))
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return go(f"{request.base}/price-lists?done=deleted", *SAFE)


@pages.post(HERE + "/{list}/records")
async def put_record(request: PanelRequest) -> Reply:
    """Adds a price, or changes the one of the same SKU and currency."""
    form, draft = forms.read(request, RECORD, None, "record.")
    form.wrong |= {
        one.name: f"{one.title} is missing." for one in forms.flat(RECORD) if one.required and not draft.get(one.name)
    }
    if form.faulty:
        return await _show(request, record=form)
    found = (await api.read(request, "/v3/catalog/variants", sku=draft["sku"])).data
    if not found:
        forms.complain(form, ApiReply(UNPROCESSABLE, errors={"sku": "There is no variant with this SKU."}))
        return await _show(request, record=form)
    body = {name: draft[name] for name in ("price", "sale_price") if draft.get(name) not in ("", None)}
    path = f"{_path(request)}/records/{found[0]['id']}/{quote(draft['currency'].upper(), safe='')}"
    reply = await api.send_request(request, "PUT", path, body)
    if reply.refused:
        forms.complain(form, reply)
        return await _show(request, record=form)
    return _back(request, "priced")


@pages.post(HERE + "/{list}/records/{variant}/{currency}/delete")
async def delete_record(request: PanelRequest) -> Reply:
    """Deletes a price."""
    path = f"{_path(request)}/records/{api.number(request.ids['variant'])}/{quote(request.ids['currency'], safe='')}"
    reply = await api.send_request(request, "DELETE", path)
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return _back(request, "unpriced")


@pages.post(HERE + "/{list}/targets")
async def assign(request: PanelRequest) -> Reply:
    """Says for whom the list is."""
    form, draft = forms.read(request, TARGET, None, "target.")
    body = {name: value for name, value in draft.items() if value not in ("", 0)}
    body["price_list_id"] = api.number(request.ids["list"])
    reply = await api.send_request(request, "POST", ASSIGNED, [body])
    if reply.refused:
        errors = {name.rpartition(".")[2]: text for name, text in reply.errors.items()}
        forms.complain(form, reply._replace(errors=errors))
        return await _show(request, target=form)
    return _back(request, "assigned")


@pages.post(HERE + "/{list}/targets/{target}/delete")
async def withdraw(request: PanelRequest) -> Reply:
    """Takes the list away from somebody."""
    reply = await api.send_request(request, "DELETE", ASSIGNED, id=str(api.number(request.ids["target"])))
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return _back(request, "withdrawn")
