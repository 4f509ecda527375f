"""Settings of carts: whether anything can be bought."""

from __future__ import annotations

from bodega.kit.entity import Entity
from bodega.resources.carts.cart import SCOPE
from bodega.resources.channel_settings import settings_of


class CartSettings(Entity, kw_only=True):
    """One row for the store, and one for each channel with its own settings."""

    allow_purchasing: bool | None = None


SETTINGS = settings_of(
    "cart_settings",
    "cart settings",
    CartSettings,
    {"allow_purchasing": True},
    "carts/settings",
    SCOPE,
    required="allow_purchasing",
)
RESOURCE = SETTINGS.resource
