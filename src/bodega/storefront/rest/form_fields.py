"""The forms of a shop as its pages are told of them: the built-in fields of an account and of an address.

The fields of a store's own are known by their answers alone (`resources/customers/form_fields.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bodega import passwords


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


def form_fields_form() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The fields of each form."""
    address = [_field(one) for one in ADDRESS]
    return {"customerAccount": [_field(one) for one in ACCOUNT], "shippingAddress": address, "billingAddress": address}


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
