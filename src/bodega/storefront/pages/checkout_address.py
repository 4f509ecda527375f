"""The form of an address at the checkout: what was typed, what is wrong with it, and what the store's API takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bodega.resources.checkouts.checkout import CheckoutAddress
from bodega.resources.geography import places
from bodega.resources.geography.places import provinces_of
from bodega.resources.shipping.destinations import delivered_to
from bodega.storefront.pages.web import Page

FIELDS: Mapping[str, str] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "company": "company",
    "phone": "phone",
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "countryCode": "country_code",
    "postalCode": "postal_code",
}
"""The fields of the form, and the members of V3's address; a state is `provinceCode` or `province`."""

NEEDED = ("firstName", "lastName", "address1", "city", "countryCode", "postalCode")
WORDS: Mapping[str, str] = {
    "firstName": "Enter a first name.",
    "lastName": "Enter a last name.",
    "address1": "Enter a street and number.",
    "city": "Enter a city.",
    "countryCode": "Choose a country.",
    "postalCode": "Enter a postal code.",
    "province": "Choose a state or province.",
}


@dataclass(frozen=True)
class Typed:
    """An address as it stands in the form; `provinces` are those of its country by their codes, if it has some."""

    values: Mapping[str, str]
    provinces: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def is_whole(self) -> bool:
        """Whether everything that is needed was typed."""
        return not faults_of(self)

    def body(self, email: str) -> dict[str, str]:
        """The address as the store's API takes it."""
        made = {member: self[name] for name, member in FIELDS.items()}
        code = self["provinceCode"]
        if self.provinces:
            made |= {"state_or_province_code": code, "state_or_province": self.provinces.get(code, "")}
        else:
            made |= {"state_or_province": self["province"]}
        return {**made, "email": email}


def typed(form: Mapping[str, str]) -> Typed:
    """What was typed into the form."""
    values = {name: form.get(name, "") for name in (*FIELDS, "provinceCode", "province")}
    return Typed(values, provinces_of(values["countryCode"]))


def kept(address: CheckoutAddress | None, country_code: str) -> Typed:
    """The form as the checkout knows the address; an empty one with the country of the store."""
    if address is None:
        return Typed({"countryCode": country_code}, provinces_of(country_code))
    values = {name: str(getattr(address, member)) for name, member in FIELDS.items()}
    values |= {"provinceCode": address.state_or_province_code, "province": address.state_or_province}
    return Typed(values, provinces_of(address.country_code))


def of_customer(address: Any) -> Typed:
    """The form filled with an address that a customer has kept."""
    values = {name: str(getattr(address, member)) for name, member in FIELDS.items()}
    found = places.country(address.country_code)
    state = places.state(found, address.state_or_province) if found is not None else None
    values["provinceCode"] = "" if state is None else state.state_abbreviation
    values["province"] = address.state_or_province
    return Typed(values, provinces_of(address.country_code))


def faults_of(said: Typed) -> dict[str, str]:
    """What is wrong with an address, by the field."""
    found = {name: WORDS[name] for name in NEEDED if not said[name]}
    if "countryCode" not in found and places.country(said["countryCode"]) is None:
        found["countryCode"] = WORDS["countryCode"]
    if said.provinces and said["provinceCode"] not in said.provinces:
        found["province"] = WORDS["province"]
    found |= {name: "This is too long." for name in FIELDS if len(said[name]) > 255}
    return found


class Countries(NamedTuple):
    """The countries of the form: their names by code; `usual` is the one that is chosen at first, or empty."""

    names: Mapping[str, str]
    usual: str


async def countries(page: Page, *, sent: bool) -> Countries:
    """The countries that can be chosen: with `sent`, those to which the store delivers."""
    assert page.store.rows is not None
    every = list(places.COUNTRIES.entities)
    if sent:
        every = [one.country for one in await delivered_to(page.store.rows.reader)]
    named = {one.country_iso2: one.country for one in sorted(every, key=lambda one: str(one.country))}
    own = str(page.store.settings.get("country_code") or "")
    return Countries(named, own if own in named else next(iter(named)) if len(named) == 1 else "")
