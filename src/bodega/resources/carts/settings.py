"""Settings of carts: whether anything can be bought."""

from __future__ import annotations

import msgspec

from bodega.resources.carts.cart import SCOPE
from bodega.resources.settings.actions import served
from bodega.resources.settings.group import Group


class CartSettings(msgspec.Struct, frozen=True):
    """Whether shoppers can put anything into carts."""

    allow_purchasing: bool = True


SETTINGS = Group(
    CartSettings, "cart_settings", "carts/settings", scope=SCOPE, required="allow_purchasing", in_path=True
)
RESOURCE = served(SETTINGS)
