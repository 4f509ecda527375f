"""A new account on the shop's own page: who it is for, a password, and what the store asks besides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any

from bodega.kit.fields import clean_email
from bodega.law.reasons import Reason
from bodega.resources.customers.forms import Form
from bodega.resources.tokens import sessions
from bodega.storefront.baskets import merge_carts
from bodega.storefront.customer_login import local
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.fields.complaints import is_taken
from bodega.storefront.graphql.fields.customer_changes import too_weak
from bodega.storefront.graphql.fields.form_fields import filled_in, number_of, own_fields
from bodega.storefront.pages.web import Answer, Page
from bodega.storefront.registering import make_account
from bodega.storefront.shopper import cart_cookie, session_cookie
from bodega.storefront.shoppers_api import ShopperRefused

ACTION, SENT = "create_account", "save_new_account"
"""What the address of the page says, and that of its form."""

TAKEN = "An account has this e-mail address: sign in, or use another one."
_MEMBERS = {"email": "email", "first_name": "firstName", "last_name": "lastName", "new_password": "password",
            "company": "company", "phone": "phone"}  # fmt: skip
"""Members of V3's customer, and the fields of the form."""


async def register(page: Page, onward: str) -> Answer:
    """GET and POST; `onward` is the path that it leads to."""
    if page.shopper.customer_id:
        return page.onward(onward)
    asking = page.asking()
    own = sorted(await own_fields(asking, "customer"), key=lambda one: (one.sort_order, one.id))
    if page.method != "POST":
        return _shown(page, onward, own)
    body, faults = await _read(page, asking, own)
    if faults:
        return _shown(page, onward, own, faults)
    try:
        customer_id = await make_account(page.api, page.channel_id, body, page.address)
        token = await page.store.write(lambda unit: sessions.begin(unit, customer_id, page.channel_id))
        cart_id = await merge_carts(page.api, customer_id, page.shopper.cart_id, page.channel_id)
    except ShopperRefused as refused:
        faults = _faults_of(refused)
        too_many = refused.reason is Reason.PASSWORD_GUESSED
        status = HTTPStatus.TOO_MANY_REQUESTS if too_many else HTTPStatus.UNPROCESSABLE_ENTITY
        return _shown(page, onward, own, faults, "" if faults else str(refused), status)
    return page.onward(onward, session_cookie(page.scope, token), cart_cookie(page.scope, cart_id))


def _shown(
    page: Page,
    onward: str,
    own: list[Form],
    faults: Mapping[str, str] | None = None,
    message: str = "",
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Answer:
    """The form; `status` is that of one that is refused with a `message`."""
    if not message:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    said = {name: text for name, text in page.form.items() if "assword" not in name}
    fields = [(one, f"field_{number_of(one)}") for one in own]
    return page.show(
        "register.html", status=status, onward=onward, own=fields, said=said, sent=page.method == "POST",
        faults=faults or {}, message=message,
    )  # fmt: skip


async def _read(page: Page, asking: Asking, own: list[Form]) -> tuple[dict[str, Any], dict[str, str]]:
    """The new customer as V3 takes it, and what is wrong with the form, by its fields."""
    form, faults = page.form, dict[str, str]()
    for name, words in (("firstName", "Enter your first name."), ("lastName", "Enter your last name.")):
        if not form.get(name):
            faults[name] = words
        elif len(form[name]) > 100:
            faults[name] = "At most 100 characters."
    try:
        email = clean_email(form.get("email", ""))
    except ValueError:
        email, faults["email"] = "", "Enter an e-mail address, as name@example.com."
    password = form.get("password", "")
    if weak := too_weak(password):
        faults["password"] = weak
    elif password != form.get("confirmPassword", ""):
        faults["confirmPassword"] = "This is not the same password."
    answers = []
    for one in own:
        name = f"field_{number_of(one)}"
        try:
            said = _answer(one, name, form)
        except ValueError as error:
            faults[name] = str(error)
            continue
        found = await filled_in(asking, "customer", said)
        if found.errors:
            faults[name] = str(found.errors[0]["message"])
        elif one.required and not any(answer["value"] not in ("", []) for answer in found.answers):
            faults[name] = f"{one.name} is required."
        answers += [answer for answer in found.answers if answer["value"] not in ("", [])]
    body: dict[str, Any] = {
        "email": email, "first_name": form.get("firstName", ""), "last_name": form.get("lastName", ""),
        "authentication": {"new_password": password, "force_password_reset": False},
        "accepts_product_review_abandoned_cart_emails": form.get("offers") == "1",
    }  # fmt: skip
    body |= {name: form[name] for name in ("company", "phone") if form.get(name)}
    return ({**body, "form_fields": answers} if answers else body), faults


def _answer(one: Form, name: str, form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says to a field of the store's own, as GraphQL takes it. Raises ValueError."""
    number, text = number_of(one), form.get(name, "")
    if one.type == "checkboxes":
        chosen = [place for place in range(len(one.options)) if form.get(f"{name}_{place}")]
        return {"checkboxes": [{"fieldEntityId": number, "fieldValueEntityIds": chosen}]}
    if not text:
        return {}
    if one.type in ("radiobuttons", "picklist"):
        place = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1
        return {"multipleChoices": [{"fieldEntityId": number, "fieldValueEntityId": place}]}
    if one.type == "numbers":
        try:
            found = float(text)
        except ValueError:
            found = float("nan")
        if not abs(found) < 1e15:
            raise ValueError("Enter a number.")
        return {"numbers": [{"fieldEntityId": number, "number": found}]}
    if one.type == "date":
        try:
            day = date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError("Enter a date, as 2030-12-31.") from None
        return {"dates": [{"fieldEntityId": number, "date": day}]}
    kind, member = {"multiline": ("multilineTexts", "multilineText"), "password": ("passwords", "password")}.get(
        one.type, ("texts", "text")
    )
    return {kind: [{"fieldEntityId": number, member: text}]}


def _faults_of(refused: ShopperRefused) -> dict[str, str]:
    """What the store's API says of the members, by the fields of the form."""
    if is_taken(refused) or refused.reason is Reason.DUPLICATE:
        return {"email": TAKEN}
    told = {name.rpartition(".")[2]: words for name, words in refused.reply.errors.items()}
    return {_MEMBERS[name]: words for name, words in told.items() if name in _MEMBERS}


def leads_to(page: Page, usual: str) -> str:
    """The path of the shop that comes after signing in."""
    return local(page.form.get("from") or page.query.get("from", "")) or usual
