"""Addresses of orders: billing and shipping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.fields import FieldType, Id, Line, clean_email, clean_object, structured
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.customers.form_fields import clean_answer
from bodega.resources.geography import places

NEEDED = Reason.FIELD_MISSING
SHORTEST_ZIP = 2
FIELDS = (
    "first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip", "country", "country_iso2",
    "phone", "email",
)  # fmt: skip


class FormField(msgspec.Struct, kw_only=True):
    """A field of the store's own address form."""

    name: Line
    value: Any = ""


class FormAnswer(FormField, kw_only=True):
    """As a body brings it. Raises ValueError unless the value is text, a number, or a list of texts."""

    def __post_init__(self) -> None:
        self.value = clean_answer("" if self.value is None else self.value)


class PostalAddress(msgspec.Struct, kw_only=True):
    """An address as an order tells it."""

    first_name: Line = ""
    last_name: Line = ""
    company: Line = ""
    street_1: Line = ""
    street_2: Line = ""
    city: Line = ""
    state: Line = ""
    zip: Line = ""
    country: Line = ""
    country_iso2: Line = ""
    phone: Line = ""
    email: Line = ""


class BillingAddress(PostalAddress, kw_only=True):
    """The billing address, with the answers to the store's own questions."""

    form_fields: Annotated[list[FormField], AtMost(250)] = []


class AddressDraft(msgspec.Struct, kw_only=True):
    """An address in a body; members that it leaves out stay. `id` names a shipping address of the order."""

    given_by_store: ClassVar[str] = "id"
    shown_only: ClassVar[str] = (
        "order_id items_total items_shipped base_cost cost_ex_tax cost_inc_tax cost_tax cost_tax_class_id"
        " base_handling_cost handling_cost_ex_tax handling_cost_inc_tax handling_cost_tax handling_cost_tax_class_id"
        " shipping_zone_id shipping_zone_name shipping_quotes"
    )

    id: Id | UnsetType = UNSET
    first_name: Line | UnsetType = UNSET
    last_name: Line | UnsetType = UNSET
    company: Line | UnsetType = UNSET
    street_1: Line | UnsetType = UNSET
    street_2: Line | UnsetType = UNSET
    city: Line | UnsetType = UNSET
    state: Line | UnsetType = UNSET
    zip: Line | UnsetType = UNSET
    country: Line | UnsetType = UNSET
    country_iso2: Line | UnsetType = UNSET
    phone: Line | UnsetType = UNSET
    email: Line | UnsetType = UNSET
    form_fields: Annotated[list[FormAnswer], AtMost(250)] | UnsetType = UNSET
    shipping_method: Line | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """Its members, without the id."""
        names = (name for name in self.__struct_fields__ if name != "id")
        return {name: value for name in names if (value := getattr(self, name)) is not UNSET}


def _without_nulls(value: Any) -> Any:
    """Removes nulls: clients send null for empty members."""
    if isinstance(value, dict):
        return {name: "" if inner is None and name != "id" else inner for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


_DRAFTS = Annotated[list[AddressDraft], AtMost(250)]
_ONE, _MANY = structured(AddressDraft), structured(_DRAFTS)
DRAFT = FieldType(
    "object", clean_object, lambda value: _ONE.read(_without_nulls(value)), clean_object, holds=BillingAddress
)
DRAFTS = FieldType("object", clean_object, lambda value: _MANY.read(_without_nulls(value)), clean_object, holds=_DRAFTS)
_ANSWERS = structured(Annotated[list[FormAnswer], AtMost(250)])
ANSWERS = _ANSWERS._replace(
    read=lambda value: [FormField(name=answer.name, value=answer.value) for answer in _ANSWERS.read(value)]
)
Address = Annotated[BillingAddress, structured(BillingAddress)]


def faults_of(draft: AddressDraft, name: str, *, zip_needed: bool) -> Iterator[Fault]:
    """What is wrong with an address: rule 74 requires a postal code of at least two characters."""
    code = draft.zip
    if zip_needed and not code:
        yield Fault(NEEDED, f"{name}.zip", f"The required field '{name}.zip' was not supplied.")
    elif code is not UNSET and (zip_needed or code) and len(code) < SHORTEST_ZIP:
        yield invalid(f"{name}.zip", f"must be at least {SHORTEST_ZIP} characters long")
    for word in ("country_iso2", "country"):
        given = getattr(draft, word)
        if given and places.country(given) is None:
            yield invalid(f"{name}.{word}", "must be a country of ISO 3166")
            break
        if given:
            break  # rule 81: the code takes precedence over the name
    if draft.email:
        try:
            clean_email(draft.email)
        except ValueError as error:
            yield invalid(f"{name}.email", str(error))


def settled(draft: AddressDraft) -> dict[str, Any]:
    """The complete address, with its country by name and by code. Rule 81: `country_iso2` overrides `country`."""
    given = draft.given()
    word = given.get("country_iso2") or given.get("country")
    if word:
        found = places.country(word)
        assert found is not None
        given["country"], given["country_iso2"] = found.country, found.country_iso2
    return given


def respect(draft: AddressDraft, name: str, *, zip_needed: bool = False) -> dict[str, Any]:
    """As `settled`; raises Refusal."""
    faults = list(faults_of(draft, name, zip_needed=zip_needed))
    if faults:
        raise refuse_faults(faults)
    return settled(draft)
