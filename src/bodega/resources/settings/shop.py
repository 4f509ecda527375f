"""What a store says about itself: profile, locale, units of measurement, logo and favicon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.fields import STRING, FieldType, FileUrl, Line, clean_email
from bodega.kit.route import route
from bodega.law.refusal import Fault, invalid
from bodega.resources.geography.places import country
from bodega.resources.settings.actions import UploadGroupImage, served
from bodega.resources.settings.group import Group
from bodega.storage import query
from bodega.storage.tx import Tx

Frozen = msgspec.Struct


def _email_or_empty(value: str) -> str:
    return clean_email(value) if value.strip() else ""


EMAIL_OR_EMPTY: FieldType = STRING._replace(clean=_email_or_empty)


class StoreProfile(Frozen, frozen=True):
    """Who sells: what shoppers are told about the business."""

    store_address: Line = ""
    store_address_type: Literal["Home Office", "Commercial Office", "Retail", "Warehouse"] = "Home Office"
    store_email: Annotated[str, msgspec.Meta(max_length=255), EMAIL_OR_EMPTY] = ""
    store_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), STRING] = "My store"
    store_phone: Line = ""


class LocaleSettings(Frozen, frozen=True):
    """In which languages the storefront speaks, and where the store is."""

    default_shopper_language: Annotated[str, msgspec.Meta(min_length=2, max_length=255), STRING] = "en"
    shopper_language_selection_method: Literal["browser", "default_shopper_language"] = "default_shopper_language"
    store_country: Line = "United States"


class UnitsOfMeasurement(Frozen, frozen=True):
    """How weights and lengths are meant and written."""

    weight_measurement: Literal["LBS", "Ounces", "KGS", "Grams", "Tonnes"] = "LBS"
    length_measurement: Literal["Inches", "Centimeters"] = "Inches"
    decimal_token: Annotated[str, msgspec.Meta(min_length=1, max_length=1), STRING] = "."  # noqa: S105 - a mark in numbers
    thousands_token: Annotated[str, msgspec.Meta(max_length=1), STRING] = ","  # noqa: S105 - a mark in numbers
    decimal_places: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    factoring_dimension: Literal["depth", "height", "width"] = "depth"


class LogoSettings(Frozen, frozen=True):
    """The logo is a text or an image; without a text of its own it is the store's name."""

    favicon_url: FileUrl = ""
    logo_image_url: FileUrl = ""
    logo_text: Line = ""
    type: Literal["image", "text"] = "text"


_LANGUAGES = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*( ?, ?[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)*")


def known_places(holds: LocaleSettings) -> Sequence[Fault]:
    """The country is one of the list of countries; languages are tags (RFC 5646), joined by commas."""
    faults = []
    found = country(holds.store_country)
    if found is None or found.country.casefold() != holds.store_country.casefold():
        faults.append(invalid("store_country", "must be the name of a country"))
    if not _LANGUAGES.fullmatch(holds.default_shopper_language):
        faults.append(invalid("default_shopper_language", "must be languages, as en, en-us"))
    return faults


def readable_numbers(holds: UnitsOfMeasurement) -> Sequence[Fault]:
    """Thousands and decimals are told apart, and from digits."""
    faults = [
        invalid(name, "must not be a digit")
        for name in ("decimal_token", "thousands_token")
        if getattr(holds, name).isdigit()
    ]
    if holds.decimal_token == holds.thousands_token:
        faults.append(invalid("thousands_token", "must be another sign than decimal_token"))
    return faults


async def replaced_for_some(tx: Tx) -> dict[str, Any]:
    """Channels of Catalyst have lists of languages of their own, and do not ask how shoppers select one."""
    if await query.value(tx, "SELECT 1 FROM channels WHERE platform = $1 LIMIT 1", "catalyst") is None:
        return {}
    why = "channels of Catalyst have lists of languages instead"
    return {"deprecated_fields": f"shopper_language_selection_method: {why}"}


PROFILE = Group(
    StoreProfile,
    "store_profile",
    "settings/store/profile",
    store_only="store_address_type",
    backed={
        "store_address": "address",
        "store_email": "admin_email",
        "store_name": "name",
        "store_phone": "phone",
    },
    events={"settings/profile/updated": ""},
    informs=True,
)
LOCALE = Group(
    LocaleSettings,
    "store_locale",
    "settings/store/locale",
    required="default_shopper_language",
    backed={"default_shopper_language": "language", "store_country": "country"},
    events={"settings/locale/updated": ""},
    informs=True,
    check=known_places,
    by_channel=False,
    meta=replaced_for_some,
)
UNITS = Group(
    UnitsOfMeasurement,
    "units_of_measurement",
    "settings/store/units-of-measurement",
    backed={"weight_measurement": "weight_units", "length_measurement": "dimension_units"},
    check=readable_numbers,
    informs=True,
)
LOGO = Group(
    LogoSettings,
    "logo_settings",
    "settings/logo",
    read_only="favicon_url logo_image_url",
    events={
        "settings/logo/updated": "logo_text type",
        "settings/logo/image/updated": "logo_image_url",
        "settings/favicon/image/updated": "favicon_url",
    },
    informs=True,
)

store_profile, locale_settings, units_of_measurement, logo_settings = PROFILE.of, LOCALE.of, UNITS.of, LOGO.of

RESOURCE = served(
    PROFILE,
    LOCALE,
    UNITS,
    LOGO,
    more=(
        route("settings/logo/image", 3, POST=UploadGroupImage(LOGO, "LogoFile", "logo_image_url")),
        route("settings/favicon/image", 3, POST=UploadGroupImage(LOGO, "FaviconFile", "favicon_url")),
    ),
)
