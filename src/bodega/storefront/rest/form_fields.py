"""The forms of a shop as its pages are told of them: the built-in fields of an account and of an address, and the
store's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bodega import passwords
from bodega.resources.customers.forms import Form
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.fields.form_fields import number_of, own_fields


class BuiltIn(NamedTuple):
    """A field; `number` is its fixed id."""

    number: int
    name: str
    label: str
    required: bool = True
    kind: str = "text"
    secret: bool = False


ACCOUNT = (
    BuiltIn(1, "email", "Email Address"),
    BuiltIn(2, "password", "Password", secret=True),
    BuiltIn(3, "confirmPassword", "Confirm Password", secret=True),
)
ADDRESS = (
    BuiltIn(4, "firstName", "First Name"),
    BuiltIn(5, "lastName", "Last Name"),
    BuiltIn(6, "company", "Company Name", required=False),
    BuiltIn(7, "phone", "Phone Number", required=False),
    BuiltIn(8, "address1", "Address Line 1"),
    BuiltIn(9, "address2", "Address Line 2", required=False),
    BuiltIn(10, "city", "Suburb/City"),
    BuiltIn(11, "countryCode", "Country", kind="dropdown"),
    BuiltIn(12, "stateOrProvince", "State/Province"),
    BuiltIn(13, "postalCode", "Zip/Postcode"),
)


_KINDS = {
    "checkboxes": ("checkbox", "array"), "date": ("date", "date"), "multiline": ("multiline", "string"),
    "numbers": ("text", "integer"), "password": ("text", "string"), "radiobuttons": ("radio", "array"),
    "text": ("text", "string"), "picklist": ("dropdown", "array"),
}  # fmt: skip
"""The kinds of the store's own fields: how one is filled in, and of what type its value is."""


async def form_fields_form(asking: Asking) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The fields of each form: the built-in ones, then the store's own."""
    account = [*map(_field, ACCOUNT), *map(_own_field, await own_fields(asking, "customer"))]
    address = [*map(_field, ADDRESS), *map(_own_field, await own_fields(asking, "address"))]
    return {"customerAccount": account, "shippingAddress": address, "billingAddress": address}


def _own_field(one: Form) -> dict[str, Any]:
    kind, value = _KINDS[one.type]
    told: dict[str, Any] = {
        "id": f"field_{number_of(one)}",
        "name": f"field_{number_of(one)}",
        "custom": True,
        "label": one.name,
        "required": one.required,
        "default": one.default,
        "type": value,
        "fieldType": kind,
        "secret": one.type == "password",
    }
    bounds = (one.earliest, one.latest) if one.type == "date" else (one.minimum, one.maximum)
    told |= {name: str(bound) for name, bound in zip(("min", "max"), bounds, strict=True) if bound not in (None, "")}
    if one.max_length is not None:
        told["maxLength"] = one.max_length
    if one.options:
        items = [{"label": label, "value": str(place)} for place, label in enumerate(one.options)]
        told["options"] = {"helperLabel": one.prompt, "items": items}
    return told


def _field(one: BuiltIn) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": f"field_{one.number}",
        "name": one.name,
        "custom": False,
        "label": one.label,
        "required": one.required,
        "default": "",
        "type": "array" if one.kind == "dropdown" else "string",
        "fieldType": one.kind,
        "maxLength": 255,
        "secret": one.secret,
    }
    if one.secret:
        told["requirements"] = {
            "alpha": "[A-Za-z]",
            "numeric": "[0-9]",
            "minlength": passwords.SHORTEST,
            "description": f"A password has at least {passwords.SHORTEST} characters, letters and numbers among them.",
        }
    if one.kind == "dropdown":
        told["options"] = {"helperLabel": "Choose a country", "items": []}
    return told
