"""The fields of the forms that shoppers fill in, and what they answered.

Built-in fields have the numbers that clients know; the store's own come after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from bodega import passwords
from bodega.domain import guesses
from bodega.resources.customers import form_fields, forms
from bodega.resources.customers.form_fields import FormFieldValue
from bodega.resources.customers.forms import BUILT_IN, Form
from bodega.resources.tokens import sessions
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import batch, plain, plain_with, shaped
from bodega.storefront.graphql.fields.complaints import invalid

Args = Mapping[str, Any]
_LENGTH = {"email": 250, "phone": 50, "name": 100, "line": 255, "city": 100, "zip": 30}


def _text(number: int, label: str, most: int, *, required: bool = True) -> dict[str, Any]:
    return {"__typename": "TextFormField", "entityId": number, "label": label, "isRequired": required,
            "maxLength": most, "defaultText": None}  # fmt: skip


def _secret(number: int, label: str, *, required: bool = True) -> dict[str, Any]:
    return {"__typename": "PasswordFormField", "entityId": number, "label": label, "isRequired": required,
            "maxLength": passwords.LONGEST, "defaultText": None}  # fmt: skip


_BUILT_IN = {
    "customer": (
        _text(1, "Email Address", _LENGTH["email"]),
        _secret(2, "Password"),
        _secret(3, "Confirm Password"),
        _text(4, "First Name", _LENGTH["name"]),
        _text(5, "Last Name", _LENGTH["name"]),
        _text(6, "Company Name", _LENGTH["line"], required=False),
        _text(7, "Phone Number", _LENGTH["phone"], required=False),
        _secret(24, "Current Password", required=False),
        {"__typename": "CheckboxesFormField", "entityId": 25, "label": "Receive our exclusive offers",
         "isRequired": False, "options": [{"entityId": 0, "label": "Yes"}]},
    ),
    "address": (
        _text(4, "First Name", _LENGTH["line"]),
        _text(5, "Last Name", _LENGTH["line"]),
        _text(6, "Company Name", _LENGTH["line"], required=False),
        _text(7, "Phone Number", _LENGTH["phone"], required=False),
        _text(8, "Address Line 1", _LENGTH["line"]),
        _text(9, "Address Line 2", _LENGTH["line"], required=False),
        _text(10, "Suburb/City", _LENGTH["city"]),
        {"__typename": "PicklistFormField", "entityId": 11, "label": "Country", "isRequired": True,
         "choosePrefix": "Choose a Country", "options": []},
        {"__typename": "PicklistOrTextFormField", "entityId": 12, "label": "State/Province", "isRequired": True,
         "maxLength": 100, "picklistPrefix": "Choose a State"},
        _text(13, "Zip/Postcode", _LENGTH["zip"]),
    ),
}  # fmt: skip
_KINDS = {
    "checkboxes": "CheckboxesFormField", "date": "DateFormField", "multiline": "MultilineTextFormField",
    "numbers": "NumberFormField", "password": "PasswordFormField", "radiobuttons": "RadioButtonsFormField",
    "text": "TextFormField", "picklist": "PicklistFormField",
}  # fmt: skip
_VALUES = {
    "checkboxes": "CheckboxesFormFieldValue", "date": "DateFormFieldValue",
    "multiline": "MultilineTextFormFieldValue", "numbers": "NumberFormFieldValue",
    "password": "PasswordFormFieldValue", "radiobuttons": "MultipleChoiceFormFieldValue",
    "text": "TextFormFieldValue", "picklist": "MultipleChoiceFormFieldValue",
}  # fmt: skip


async def own_fields(asking: Asking, form: str) -> list[Form]:
    """The store's own fields of a form."""

    async def read() -> list[Form]:
        return await query.entities(asking.reader, forms.TABLE)

    return [one for one in await asking.once("form fields", read) if one.form == form]


def number_of(field: Form) -> int:
    """The number by which clients know a field."""
    return field.id + BUILT_IN


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _day(text: str) -> str | None:
    return f"{text}T00:00:00+00:00" if text else None


def _shown(field: Form) -> dict[str, Any]:
    return {
        "__typename": _KINDS[field.type], "entityId": number_of(field), "label": field.name, "isBuiltIn": False,
        "isRequired": field.required, "sortOrder": field.sort_order, "maxLength": field.max_length,
        "options": [{"entityId": place, "label": label} for place, label in enumerate(field.options)],
        "choosePrefix": field.prompt, "rows": field.rows, "defaultText": field.default or None,
        "defaultNumber": _number(field.default), "minNumber": field.minimum, "maxNumber": field.maximum,
        "defaultDate": _day(field.default), "minDate": _day(field.earliest), "maxDate": _day(field.latest),
    }  # fmt: skip


async def _form(asking: Asking, form: str, args: Args) -> list[dict[str, Any]]:
    fixed = [{**one, "isBuiltIn": True, "sortOrder": place} for place, one in enumerate(_BUILT_IN[form], start=1)]
    found = fixed + [_shown(one) for one in await own_fields(asking, form)]
    wanted = args.get("filters") or {}
    if wanted.get("entityIds"):
        found = [one for one in found if one["entityId"] in wanted["entityIds"]]
    for name in ("isRequired", "isBuiltIn"):
        if wanted.get(name) is not None:
            found = [one for one in found if one[name] is wanted[name]]
    by_order = args.get("sortBy") == "SORT_ORDER"
    return sorted(found, key=lambda one: (one["sortOrder"] if by_order else 0, one["entityId"]))


plain("Settings", formFields=lambda thing: thing)


@batch("FormFields.customer")
async def _of_customer(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return [await _form(asking, "customer", args)] * len(things)


async def _of_address(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return [await _form(asking, "address", args)] * len(things)


batch("FormFields.shippingAddress")(_of_address)
batch("FormFields.billingAddress")(_of_address)

_EVERY = "entityId label sortOrder isBuiltIn isRequired"
shaped(
    CheckboxesFormField=f"{_EVERY} options",
    RadioButtonsFormField=f"{_EVERY} options",
    PicklistFormField=f"{_EVERY} options choosePrefix",
    PicklistOrTextFormField=f"{_EVERY} maxLength picklistPrefix",
    DateFormField=f"{_EVERY} defaultDate minDate maxDate",
    MultilineTextFormField=f"{_EVERY} defaultText rows",
    NumberFormField=f"{_EVERY} defaultNumber maxLength minNumber maxNumber",
    PasswordFormField=f"{_EVERY} defaultText maxLength",
    TextFormField=f"{_EVERY} defaultText maxLength",
    FormFieldOption="entityId label",
    CheckboxesFormFieldValue="entityId name values valueEntityIds",
    DateFormFieldValue="entityId name date",
    MultilineTextFormFieldValue="entityId name multilineText",
    MultipleChoiceFormFieldValue="entityId name value valueEntityId",
    NumberFormFieldValue="entityId name number",
    PasswordFormFieldValue="entityId name password",
    TextFormFieldValue="entityId name text",
)


# What was answered


def _value(field: Form, answer: Any) -> dict[str, Any] | None:
    """An answer as an object; None if it does not fit the field any more."""
    made: dict[str, Any] = {"__typename": _VALUES[field.type], "entityId": number_of(field), "name": field.name}
    text = answer if isinstance(answer, str) else ""
    if field.type == "checkboxes":
        chosen = [one for one in (answer if isinstance(answer, list) else [answer]) if one in field.options]
        return {**made, "values": chosen, "valueEntityIds": [field.options.index(one) for one in chosen]}
    if field.type in ("radiobuttons", "picklist"):
        if text not in field.options:
            return None
        return {**made, "value": text, "valueEntityId": field.options.index(text)}
    if field.type == "numbers":
        number = _number(str(answer))
        return None if number is None else {**made, "number": number}
    if field.type == "date":
        try:
            return {**made, "date": {"utc": _day(date.fromisoformat(text[:10]).isoformat())}}
        except ValueError:
            return None
    return {**made, {"multiline": "multilineText", "password": "password"}.get(field.type, "text"): str(answer)}


async def _answers(asking: Asking, things: Sequence[Thing], form: str) -> list[Any]:
    owner = f"{form}_id"
    ids = [thing.row.id for thing in things]
    test = f"{owner} IN ({numbered_placeholders(len(ids))})"
    rows: list[FormFieldValue] = await query.entities(asking.reader, form_fields.TABLE, test, *ids)
    fields = {one.name: one for one in await own_fields(asking, form)}
    found: dict[int, list[Any]] = {}
    for row in rows:
        shown = _value(fields[row.name], row.value) if row.name in fields else None
        if shown is not None:
            found.setdefault(getattr(row, owner), []).append(shown)
    return [found.get(one, []) for one in ids]


@batch("Customer.formFields")
async def _customers(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    return await _answers(asking, things, "customer")


@batch("CustomerAddress.formFields")
async def _addresses(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    return await _answers(asking, things, "address")


# What is answered


OFFERS = 25
"""The built-in field by which customers agree to be sent offers."""


class Filled(NamedTuple):
    """Answers as the store's API takes them, and what is wrong with them; `offers` is whether offers are welcome, None
    where nothing is said of it."""

    answers: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    offers: bool | None = None


async def filled_in(
    asking: Asking, form: str, said: Mapping[str, Any] | None, *above: str, whole: bool = False
) -> Filled:
    """What a shopper filled in; `whole` if fields that must be answered must be answered here."""
    fields = {number_of(one): one for one in await own_fields(asking, form)}
    answers: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    answered: set[int] = set()
    offers: bool | None = None
    for kind, one in _each(said or {}):
        number = one["fieldEntityId"]
        if form == "customer" and kind == "checkboxes" and number == OFFERS:
            offers = bool(one["fieldValueEntityIds"])
            continue
        field = fields.get(number)
        try:
            if field is None or kind not in _TAKES[field.type]:
                raise ValueError(f"There is no field {number} of this kind in the form.")
            value = _read(field, one)
        except ValueError as error:
            errors.append(invalid(str(error), *above, "formFields"))
            continue
        answers.append({"name": field.name, "value": value})
        if value not in ("", []):
            answered.add(number)
    missing = [one for one in fields.values() if whole and one.required and number_of(one) not in answered]
    errors += [invalid(f"{one.name} is required.", *above, "formFields") for one in missing]
    return Filled(answers, errors, offers)


_TAKES = {
    "checkboxes": ("checkboxes",), "radiobuttons": ("multipleChoices",), "picklist": ("multipleChoices",),
    "numbers": ("numbers",), "date": ("dates",), "text": ("texts",), "multiline": ("multilineTexts",),
    "password": ("passwords",),
}  # fmt: skip


def _each(said: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for kind, listed in said.items():
        for one in listed or ():
            yield kind, one


def _read(field: Form, one: Mapping[str, Any]) -> Any:
    """The answer to a field. Raises ValueError."""
    if field.type == "checkboxes":
        return [_option(field, number) for number in dict.fromkeys(one["fieldValueEntityIds"])]
    if field.type in ("radiobuttons", "picklist"):
        return _option(field, one["fieldValueEntityId"])
    if field.type == "numbers":
        number = one["number"]
        low, high = field.minimum, field.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(f"{field.name} must lie within its bounds.")
        return int(number) if float(number).is_integer() else number
    if field.type == "date":
        day = str(one["date"])[:10]
        if (field.earliest and day < field.earliest) or (field.latest and day > field.latest):
            raise ValueError(f"{field.name} must lie within its bounds.")
        return day
    text = str(one.get("text", one.get("multilineText", one.get("password", ""))))
    if field.max_length is not None and len(text) > field.max_length:
        raise ValueError(f"{field.name} must have at most {field.max_length} characters.")
    return text


def _option(field: Form, number: int) -> str:
    if not 0 <= number < len(field.options):
        raise ValueError(f"{field.name} has no option {number}.")
    return field.options[number]


@plain_with("Settings.customers")
def _customer_settings(_asking: Asking, _thing: Any, _args: Args) -> dict[str, Any]:
    """The one rule for passwords: long enough, with a letter and a digit."""
    return {
        "passwordComplexitySettings": {
            "minimumPasswordLength": passwords.SHORTEST, "requireLowerCase": False, "requireUpperCase": False,
            "requireNumbers": True, "minimumNumbers": 1, "requireSpecialCharacters": False,
            "minimumSpecialCharacters": 0,
        }
    }  # fmt: skip


plain("ReCaptchaSettings", failedLoginLockoutDurationSeconds=lambda _found: guesses.WINDOW_SECONDS)
plain("Settings", inactivity=lambda _thing: {
    "shopperInactivityDurationSeconds": sessions.SECONDS, "shopperActivityExtendsDuration": False,
})  # fmt: skip
shaped(
    InactivitySettings="shopperInactivityDurationSeconds shopperActivityExtendsDuration",
    CustomersSettings="passwordComplexitySettings",
    PasswordComplexitySettings="minimumPasswordLength requireLowerCase requireUpperCase requireNumbers minimumNumbers"
    " requireSpecialCharacters minimumSpecialCharacters",
)
