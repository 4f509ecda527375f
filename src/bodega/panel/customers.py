"""Customers: the list, and the page of one with addresses and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.http.internal_api import ApiReply
from bodega.panel import api, forms, views
from bodega.panel.fields import Choices, Field, fields_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.resources.customers.customer import Customer
from bodega.resources.geography import places

pages = Pages()

HERE = "/stores/{store}/customers"
ONE = HERE + "/{customer}"
LIST = "/v3/customers"
CUSTOMERS = "/v2/customers"
GROUPS = "/v2/customer_groups"
VALUES = "/v3/customers/attribute-values"
PER_PAGE = 25
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY

NEEDED = "first_name last_name email"
ADDRESS = [
    FieldGroup(
        "",
        [
            Field("first_name", "First name", "text", required=True, maximum=255),
            Field("last_name", "Last name", "text", required=True, maximum=255),
            Field("company", "Company", "text"),
            Field("street_1", "Street", "text", required=True),
            Field("street_2", "Second line", "text"),
            Field("zip", "Postal code", "text"),
            Field("city", "City", "text", required=True),
            Field("state", "State", "text"),
            Field("country", "Country", "suggest", required=True),
            Field("phone", "Telephone", "text"),
        ],
    )
]
NEW_ADDRESS = {"state": "", "zip": "", "phone": ""}
"""Members that the API requires in a new address, even if empty."""


async def group_choices(request: PanelRequest) -> Choices:
    """Customer groups to choose from."""
    reply = await api.read(request, GROUPS, limit=250)
    return [("0", "no group"), *((str(group["id"]), group["name"]) for group in reply.data or [])]


async def groups(request: PanelRequest) -> list[FieldGroup]:
    """The form of a customer."""
    choices = {"customer_group_id": await group_choices(request)}
    titles = {"customer_group_id": "Group", "tax_exempt_category": "Tax exemption"}

    def made(names: str) -> list[Field]:
        return fields_of(Customer, names, required=NEEDED, choices=choices, titles=titles)

    return [FieldGroup("", made(f"{NEEDED} company phone customer_group_id store_credit tax_exempt_category notes"))]


def _address() -> list[FieldGroup]:
    countries = [(country.country, country.country) for country in places.COUNTRIES.entities]
    fields = [field._replace(choices=countries) if field.name == "country" else field for field in ADDRESS[0].fields]
    return [FieldGroup("", fields)]


VIEWS = views.declare(
    "customers",
    "Customers",
    {"q": "Name or e-mail address", "group": "Group"},
    {"email": "E-mail", "group": "Group", "since": "Since"},
)


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """The list, searched by name or e-mail address."""
    page, word, group = api.page_of(request), request.query_value("q"), request.query_value("group")
    asks: dict[str, Any] = {"customer_group_id:in": group}
    if word:
        asks["email:in" if "@" in word else "name:like"] = word
    reply = await api.send_request(request, "GET", LIST, limit=PER_PAGE, page=page, sort="date_created:desc", **asks)
    given = {name: value for name, value in (("q", word), ("group", group)) if value}
    choices = await group_choices(request)
    query = view.carry(given, {"group": dict(choices)})
    return show(
        request, "customers.html", customers=reply.data or [], total=reply.total, message=sentence_of(reply), page=page,
        per=PER_PAGE,
        word=word, group=group, groups=choices, names=dict(choices), query=query, view=view,
    )  # fmt: skip


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new customer."""
    return show(request, "customer_new.html", form=forms.opened(await groups(request)))


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a customer."""
    sent = await forms.send(request, await groups(request), CUSTOMERS)
    if sent.saved and sent.reply is not None:
        return go(f"{request.base}/customers/{sent.reply.data['id']}?done=made", *SAFE)
    return show(request, "customer_new.html", status=UNPROCESSABLE, form=sent.form)


def _path(request: PanelRequest, *more: str) -> str:
    return "/".join([CUSTOMERS, str(api.number(request.ids["customer"])), *more])


@pages.get(ONE)
async def detail(request: PanelRequest) -> Reply:
    """The page of a customer."""
    return await _show(request)


async def _show(
    request: PanelRequest,
    form: Form | None = None,
    address: Form | None = None,
    message: str = "",
) -> Reply:
    customer = (await api.read(request, _path(request))).data
    fields = _address()
    rows = (await api.read(request, _path(request, "addresses"), limit=250)).data or []
    addresses = [(row, forms.opened(fields, row, f"a{row['id']}.")) for row in rows]
    new = forms.opened(fields, before="new.")
    if address is not None:
        addresses = [(row, address if item.before == address.before else item) for row, item in addresses]
        new = address if address.before == "new." else new
    attributes = await _attributes(request, customer["id"])
    failed = bool(form or address or message)
    return show(
        request, "customer.html", status=UNPROCESSABLE if failed else HTTPStatus.OK, customer=customer,
        form=form or forms.opened(await groups(request), customer), addresses=addresses, new=new, message=message,
        attributes=attributes,
    )  # fmt: skip


async def _attributes(request: PanelRequest, customer: int) -> list[tuple[dict[str, Any], str]]:
    """The store's customer attributes, with this customer's values."""
    attributes = (await api.read(request, "/v3/customers/attributes", limit=50)).data
    if not attributes:
        return []
    reply = await api.read(request, VALUES, limit=250, **{"customer_id:in": customer})
    known = {value["attribute_id"]: value["attribute_value"] for value in reply.data}
    return [(attribute, known.get(attribute["id"], "")) for attribute in attributes]


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/customers/{request.ids['customer']}?done={done}", *SAFE)


@pages.post(ONE)
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed of the customer."""
    now = await api.read(request, _path(request))
    sent = await forms.send(request, await groups(request), _path(request), now.data, etag=now.etag)
    if not sent.saved:
        return await _show(request, form=sent.form)
    return _back(request, "saved" if sent.reply else "unchanged")


@pages.post(ONE + "/password")
async def password(request: PanelRequest) -> Reply:
    """Sets a new password, and optionally makes the customer choose another at the next visit."""
    chosen = request.form.get("password", [""])[-1]
    body: dict[str, Any] = {"reset_pass_on_login": request.field("reset") == "true"}
    if chosen:
        body = {"_authentication": {"password": chosen, "force_reset": request.field("reset") == "true"}}
    reply = await api.send_request(request, "PUT", _path(request), body)
    return await _show(request, message=_sentence(reply)) if reply.refused else _back(request, "password")


@pages.post(ONE + "/attributes")
async def answers(request: PanelRequest) -> Reply:
    """Saves attribute values; a value that is emptied is deleted."""
    customer = api.number(request.ids["customer"])
    changed, gone = [], []
    for attribute, known in await _attributes(request, customer):
        typed = request.field(f"attribute.{attribute['id']}")
        if typed == known:
            continue
        if typed:
            changed.append({"customer_id": customer, "attribute_id": attribute["id"], "value": typed})
        else:
            gone.append(attribute["id"])
    if gone:
        reply = await api.read(request, VALUES, limit=250, **{"customer_id:in": customer})
        ids = [str(value["id"]) for value in reply.data if value["attribute_id"] in gone]
        reply = await api.send_request(request, "DELETE", VALUES, **{"id:in": ",".join(ids)})
        if reply.refused:
            return await _show(request, message=_sentence(reply))
    if changed:
        reply = await api.send_request(request, "PUT", VALUES, changed)
        if reply.refused:
            return await _show(request, message=_sentence(reply))
    return _back(request, "saved")


def _sentence(reply: ApiReply) -> str:
    return sentence_of(reply)


@pages.post(ONE + "/addresses")
async def add_address(request: PanelRequest) -> Reply:
    """Adds an address."""
    sent = await forms.send(request, _address(), _path(request, "addresses"), before="new.", more=NEW_ADDRESS)
    return _back(request, "saved") if sent.saved else await _show(request, address=sent.form)


@pages.post(ONE + "/addresses/{address}")
async def change_address(request: PanelRequest) -> Reply:
    """Saves what was changed of an address."""
    path = _path(request, "addresses", str(api.number(request.ids["address"])))
    now = await api.read(request, path)
    sent = await forms.send(request, _address(), path, now.data, etag=now.etag, before=f"a{request.ids['address']}.")
    return _back(request, "saved") if sent.saved else await _show(request, address=sent.form)


@pages.post(ONE + "/addresses/{address}/delete")
async def delete_address(request: PanelRequest) -> Reply:
    """Deletes an address."""
    reply = await api.send_request(
        request, "DELETE", _path(request, "addresses", str(api.number(request.ids["address"])))
    )
    return await _show(request, message=_sentence(reply)) if reply.refused else _back(request, "saved")


@pages.post(ONE + "/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a customer; their orders stay."""
    reply = await api.send_request(request, "DELETE", _path(request))
    if reply.refused:
        return await _show(request, message=_sentence(reply))
    return go(f"{request.base}/customers?done=deleted", *SAFE)


# Groups

OF_GROUP = [
    FieldGroup(
        "",
        [
            Field("name", "Name", "text", required=True, maximum=255),
            Field("is_default", "New customers join it", "flag", blank=False),
            Field("is_group_for_guests", "Shoppers who are not signed in belong to it", "flag", blank=False),
        ],
    )
]
PERCENT = Field("percent", "Per cent off everything", "number", "Empty: no discount.", blank="")
THE_GROUPS = "/stores/{store}/customer-groups"


def _with_percent(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group, with the usual rule: a percentage off everything."""
    rules = group["discount_rules"]
    simple = [rule for rule in rules if rule["type"] == "all" and rule["method"] == "percent"]
    return {**group, "percent": simple[0]["amount"] if simple else ""}


def _of_group() -> list[FieldGroup]:
    return [FieldGroup("", [*OF_GROUP[0].fields, PERCENT])]


@pages.get(THE_GROUPS)
async def customer_groups(request: PanelRequest) -> Reply:
    """All groups."""
    found = (await api.read(request, GROUPS, limit=250)).data or []
    return show(request, "customer_groups.html", groups=[_with_percent(group) for group in found])


@pages.get(THE_GROUPS + "/new")
async def new_group(request: PanelRequest) -> Reply:
    """The form of a new group."""
    return show(request, "customer_group.html", form=forms.opened(_of_group()), group=None, rules=[])


@pages.post(THE_GROUPS)
async def create_group(request: PanelRequest) -> Reply:
    """Creates a group."""
    return await _save_group(request, None)


@pages.get(THE_GROUPS + "/{group}")
async def one_group(request: PanelRequest) -> Reply:
    """The form of a group."""
    group = _with_percent((await api.read(request, f"{GROUPS}/{api.number(request.ids['group'])}")).data)
    return _show_group(request, group, forms.opened(_of_group(), group))


def _show_group(
    request: PanelRequest, group: Mapping[str, Any] | None, form: Form, status: HTTPStatus = HTTPStatus.OK
) -> Reply:
    rules = [rule for rule in group["discount_rules"] if rule["type"] != "all"] if group else []
    return show(request, "customer_group.html", status=status, form=form, group=group, rules=rules)


@pages.post(THE_GROUPS + "/{group}")
async def change_group(request: PanelRequest) -> Reply:
    """Saves a group."""
    reply = await api.read(request, f"{GROUPS}/{api.number(request.ids['group'])}")
    return await _save_group(request, _with_percent(reply.data), reply.etag)


async def _save_group(request: PanelRequest, now: dict[str, Any] | None, etag: str = "") -> Reply:
    form, draft = forms.read(request, _of_group(), now)
    if form.faulty:
        return _show_group(request, now, form, UNPROCESSABLE)
    if "percent" in draft:
        kept = [rule for rule in (now or {}).get("discount_rules", []) if rule["type"] != "all"]
        percent = draft.pop("percent")
        off = [{"type": "all", "method": "percent", "amount": str(percent)}] if percent != "" else []
        draft["discount_rules"] = [*kept, *off]
    path = GROUPS if now is None else f"{GROUPS}/{now['id']}"
    if now is not None and not draft:
        return go(f"{request.base}/customer-groups/{now['id']}?done=unchanged", *SAFE)
    reply = await api.send_request(request, "POST" if now is None else "PUT", path, draft, etag=etag)
    if reply.refused:
        named = {"percent" if name == "discount_rules" else name: text for name, text in reply.errors.items()}
        forms.complain(form, reply._replace(errors=named))
        return _show_group(request, now, form, UNPROCESSABLE)
    return go(f"{request.base}/customer-groups/{reply.data['id']}?done=saved", *SAFE)


@pages.post(THE_GROUPS + "/{group}/delete")
async def delete_group(request: PanelRequest) -> Reply:
    """Deletes a group; its members are then in none. Raises PageError."""
    reply = await api.send_request(request, "DELETE", f"{GROUPS}/{api.number(request.ids['group'])}")
    if reply.refused:
        raise PageError(HTTPStatus(reply.status), sentence_of(reply))
    return go(f"{request.base}/customer-groups?done=deleted", *SAFE)
