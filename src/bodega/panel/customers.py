"""Customers: the list, the page of one with addresses and what the store likes to know of them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from bodega.panel import api, forms
from bodega.panel.fields import Choices, Field, fields_of
from bodega.panel.forms import Form, Group
from bodega.panel.templates_of import show
from bodega.panel.web import SAFE, Asked, Pages, Reply, Turned, go
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
    Group(
        "",
        [
            Field("first_name", "First name", "text", required=True, most=255),
            Field("last_name", "Last name", "text", required=True, most=255),
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
"""Members that the API wants to see in a new address, were they empty."""


async def group_choices(asked: Asked) -> Choices:
    """Customer groups to choose from."""
    told = await api.read(asked, GROUPS, limit=250)
    return [("0", "no group"), *((str(group["id"]), group["name"]) for group in told.data or [])]


async def groups(asked: Asked) -> list[Group]:
    """The form of a customer."""
    choices = {"customer_group_id": await group_choices(asked)}
    titles = {"customer_group_id": "Group", "tax_exempt_category": "Tax exemption"}

    def made(names: str) -> list[Field]:
        return fields_of(Customer, names, required=NEEDED, choices=choices, titles=titles)

    return [Group("", made(f"{NEEDED} company phone customer_group_id store_credit tax_exempt_category notes"))]


def _address() -> list[Group]:
    countries = [(country.country, country.country) for country in places.COUNTRIES.entities]
    fields = [field._replace(choices=countries) if field.name == "country" else field for field in ADDRESS[0].fields]
    return [Group("", fields)]


@pages.get(HERE)
async def listed(asked: Asked) -> Reply:
    """The list, searched by name or e-mail address."""
    page, word, group = api.page_of(asked), asked.asked_for("q"), asked.asked_for("group")
    asks: dict[str, Any] = {"customer_group_id:in": group}
    if word:
        asks["email:in" if "@" in word else "name:like"] = word
    told = await api.ask(asked, "GET", LIST, limit=PER_PAGE, page=page, sort="date_created:desc", **asks)
    given = {name: value for name, value in (("q", word), ("group", group)) if value}
    choices = await group_choices(asked)
    return show(
        asked, "customers.html", customers=told.data or [], total=told.total, said=told.title, page=page, per=PER_PAGE,
        word=word, group=group, groups=choices, names=dict(choices), query=f"{urlencode(given)}&" if given else "",
    )  # fmt: skip


@pages.get(HERE + "/new")
async def new(asked: Asked) -> Reply:
    """The form of a new customer."""
    return show(asked, "customer_new.html", form=forms.opened(await groups(asked)))


@pages.post(HERE)
async def create(asked: Asked) -> Reply:
    """Makes a customer."""
    sent = await forms.send(asked, await groups(asked), CUSTOMERS)
    if sent.saved and sent.told is not None:
        return go(f"{asked.base}/customers/{sent.told.data['id']}?done=made", *SAFE)
    return show(asked, "customer_new.html", status=UNPROCESSABLE, form=sent.form)


def _path(asked: Asked, *more: str) -> str:
    return "/".join([CUSTOMERS, str(api.number(asked.ids["customer"])), *more])


@pages.get(ONE)
async def one(asked: Asked) -> Reply:
    """The page of a customer."""
    return await _show(asked)


async def _show(
    asked: Asked,
    form: Form | None = None,
    address: Form | None = None,
    said: str = "",
) -> Reply:
    customer = (await api.read(asked, _path(asked))).data
    fields = _address()
    rows = (await api.read(asked, _path(asked, "addresses"), limit=250)).data or []
    addresses = [(row, forms.opened(fields, row, f"a{row['id']}.")) for row in rows]
    new = forms.opened(fields, before="new.")
    if address is not None:
        addresses = [(row, address if one.before == address.before else one) for row, one in addresses]
        new = address if address.before == "new." else new
    attributes = await _attributes(asked, customer["id"])
    failed = bool(form or address or said)
    return show(
        asked, "customer.html", status=UNPROCESSABLE if failed else HTTPStatus.OK, customer=customer,
        form=form or forms.opened(await groups(asked), customer), addresses=addresses, new=new, said=said,
        attributes=attributes,
    )  # fmt: skip


async def _attributes(asked: Asked, customer: int) -> list[tuple[dict[str, Any], str]]:
    """What the store likes to know, with this customer's answers."""
    attributes = (await api.read(asked, "/v3/customers/attributes", limit=50)).data
    if not attributes:
        return []
    told = await api.read(asked, VALUES, limit=250, **{"customer_id:in": customer})
    known = {value["attribute_id"]: value["attribute_value"] for value in told.data}
    return [(attribute, known.get(attribute["id"], "")) for attribute in attributes]


def _back(asked: Asked, done: str) -> Reply:
    return go(f"{asked.base}/customers/{asked.ids['customer']}?done={done}", *SAFE)


@pages.post(ONE)
async def change(asked: Asked) -> Reply:
    """Saves what was changed of the customer."""
    now = await api.read(asked, _path(asked))
    sent = await forms.send(asked, await groups(asked), _path(asked), now.data, etag=now.etag)
    if not sent.saved:
        return await _show(asked, form=sent.form)
    return _back(asked, "saved" if sent.told else "unchanged")


@pages.post(ONE + "/password")
async def password(asked: Asked) -> Reply:
    """Sets a new password, and has the customer choose another one at the next visit where that is wished."""
    chosen = asked.form.get("password", [""])[-1]
    body: dict[str, Any] = {"reset_pass_on_login": asked.field("reset") == "true"}
    if chosen:
        body = {"_authentication": {"password": chosen, "force_reset": asked.field("reset") == "true"}}
    told = await api.ask(asked, "PUT", _path(asked), body)
    return await _show(asked, said=_sentence(told)) if told.refused else _back(asked, "password")


@pages.post(ONE + "/attributes")
async def answers(asked: Asked) -> Reply:
    """Saves what the store likes to know; an answer that is emptied is forgotten."""
    customer = api.number(asked.ids["customer"])
    changed, gone = [], []
    for attribute, known in await _attributes(asked, customer):
        typed = asked.field(f"attribute.{attribute['id']}")
        if typed == known:
            continue
        if typed:
            changed.append({"customer_id": customer, "attribute_id": attribute["id"], "value": typed})
        else:
            gone.append(attribute["id"])
    if gone:
        told = await api.read(asked, VALUES, limit=250, **{"customer_id:in": customer})
        ids = [str(value["id"]) for value in told.data if value["attribute_id"] in gone]
        told = await api.ask(asked, "DELETE", VALUES, **{"id:in": ",".join(ids)})
        if told.refused:
            return await _show(asked, said=_sentence(told))
    if changed:
        told = await api.ask(asked, "PUT", VALUES, changed)
        if told.refused:
            return await _show(asked, said=_sentence(told))
    return _back(asked, "saved")


def _sentence(told: api.Told) -> str:
    return " ".join(told.errors.values()) or told.title


@pages.post(ONE + "/addresses")
async def add_address(asked: Asked) -> Reply:
    """Adds an address."""
    sent = await forms.send(asked, _address(), _path(asked, "addresses"), before="new.", more=NEW_ADDRESS)
    return _back(asked, "saved") if sent.saved else await _show(asked, address=sent.form)


@pages.post(ONE + "/addresses/{address}")
async def change_address(asked: Asked) -> Reply:
    """Saves what was changed of an address."""
    path = _path(asked, "addresses", str(api.number(asked.ids["address"])))
    now = await api.read(asked, path)
    sent = await forms.send(asked, _address(), path, now.data, etag=now.etag, before=f"a{asked.ids['address']}.")
    return _back(asked, "saved") if sent.saved else await _show(asked, address=sent.form)


@pages.post(ONE + "/addresses/{address}/delete")
async def delete_address(asked: Asked) -> Reply:
    """Deletes an address."""
    told = await api.ask(asked, "DELETE", _path(asked, "addresses", str(api.number(asked.ids["address"]))))
    return await _show(asked, said=_sentence(told)) if told.refused else _back(asked, "saved")


@pages.post(ONE + "/delete")
async def delete(asked: Asked) -> Reply:
    """Deletes a customer; their orders stay."""
    told = await api.ask(asked, "DELETE", _path(asked))
    if told.refused:
        return await _show(asked, said=_sentence(told))
    return go(f"{asked.base}/customers?done=deleted", *SAFE)


# Groups

OF_GROUP = [
    Group(
        "",
        [
            Field("name", "Name", "text", required=True, most=255),
            Field("is_default", "New customers join it", "flag", blank=False),
            Field("is_group_for_guests", "Shoppers who are not signed in belong to it", "flag", blank=False),
        ],
    )
]
PERCENT = Field("percent", "Per cent off everything", "number", "Empty: nothing.", blank="")
THE_GROUPS = "/stores/{store}/customer-groups"


def _with_percent(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group, with the rule that most have: so much off everything."""
    rules = group["discount_rules"]
    simple = [rule for rule in rules if rule["type"] == "all" and rule["method"] == "percent"]
    return {**group, "percent": simple[0]["amount"] if simple else ""}


def _of_group() -> list[Group]:
    return [Group("", [*OF_GROUP[0].fields, PERCENT])]


@pages.get(THE_GROUPS)
async def customer_groups(asked: Asked) -> Reply:
    """All groups."""
    found = (await api.read(asked, GROUPS, limit=250)).data or []
    return show(asked, "customer_groups.html", groups=[_with_percent(group) for group in found])


@pages.get(THE_GROUPS + "/new")
async def new_group(asked: Asked) -> Reply:
    """The form of a new group."""
    return show(asked, "customer_group.html", form=forms.opened(_of_group()), group=None, rules=[])


@pages.post(THE_GROUPS)
async def create_group(asked: Asked) -> Reply:
    """Makes a group."""
    return await _save_group(asked, None)


@pages.get(THE_GROUPS + "/{group}")
async def one_group(asked: Asked) -> Reply:
    """The form of a group."""
    group = _with_percent((await api.read(asked, f"{GROUPS}/{api.number(asked.ids['group'])}")).data)
    return _show_group(asked, group, forms.opened(_of_group(), group))


def _show_group(asked: Asked, group: Mapping[str, Any] | None, form: Form, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    rules = [rule for rule in group["discount_rules"] if rule["type"] != "all"] if group else []
    return show(asked, "customer_group.html", status=status, form=form, group=group, rules=rules)


@pages.post(THE_GROUPS + "/{group}")
async def change_group(asked: Asked) -> Reply:
    """Saves a group."""
    told = await api.read(asked, f"{GROUPS}/{api.number(asked.ids['group'])}")
    return await _save_group(asked, _with_percent(told.data), told.etag)


async def _save_group(asked: Asked, now: dict[str, Any] | None, etag: str = "") -> Reply:
    form, draft = forms.read(asked, _of_group(), now)
    if form.faulty:
        return _show_group(asked, now, form, UNPROCESSABLE)
    if "percent" in draft:
        kept = [rule for rule in (now or {}).get("discount_rules", []) if rule["type"] != "all"]
        percent = draft.pop("percent")
        off = [{"type": "all", "method": "percent", "amount": str(percent)}] if percent != "" else []
        draft["discount_rules"] = [*kept, *off]
    path = GROUPS if now is None else f"{GROUPS}/{now['id']}"
    if now is not None and not draft:
        return go(f"{asked.base}/customer-groups/{now['id']}?done=unchanged", *SAFE)
    told = await api.ask(asked, "POST" if now is None else "PUT", path, draft, etag=etag)
    if told.refused:
        named = {"percent" if name == "discount_rules" else name: text for name, text in told.errors.items()}
        forms.complain(form, told._replace(errors=named))
        return _show_group(asked, now, form, UNPROCESSABLE)
    return go(f"{asked.base}/customer-groups/{told.data['id']}?done=saved", *SAFE)


@pages.post(THE_GROUPS + "/{group}/delete")
async def delete_group(asked: Asked) -> Reply:
    """Deletes a group; its members are in none afterwards. Raises Turned."""
    told = await api.ask(asked, "DELETE", f"{GROUPS}/{api.number(asked.ids['group'])}")
    if told.refused:
        raise Turned(HTTPStatus(told.status), told.title)
    return go(f"{asked.base}/customer-groups?done=deleted", *SAFE)
