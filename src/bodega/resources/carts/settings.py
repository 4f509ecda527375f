"""Settings of carts: whether anything can be bought."""

from __future__ import annotations

import msgspec

from bodega.resources.carts.cart import SCOPE
from bodega.resources.settings.actions import served
from bodega.resources.settings.group import Group
from bodega.resources.settings.shop import locale_settings
from bodega.storage.unit import Unit


class CartSettings(msgspec.Struct, frozen=True):
    """Whether shoppers can put anything into carts."""

    allow_purchasing: bool = True


async def language_of(unit: Unit) -> str:
    """The first of the shop's languages, as a locale: en, en-US."""
    kept = await locale_settings(unit.tx, operator=unit.terms.settings)
    language, dash, region = kept.default_shopper_language.partition(",")[0].strip().partition("-")
    return f"{language.lower()}{dash}{region.upper()}"


SETTINGS = Group(
    CartSettings, "cart_settings", "carts/settings", scope=SCOPE, required="allow_purchasing", in_path=True
)
RESOURCE = served(SETTINGS)
