"""E-mails to the merchant when stock runs low or out, by the settings of inventory notifications."""

from __future__ import annotations

from typing import Any

from bodega.kit.fields import moment
from bodega.resources import outbox
from bodega.resources.catalog import product
from bodega.resources.catalog.assignments import channels_of_one
from bodega.resources.catalog.product import Product
from bodega.resources.catalog.variants import Variant
from bodega.resources.settings.selling import InventoryNotifications, inventory_notifications
from bodega.storage.rules import depends_on
from bodega.storage.unit import Unit

LOW, OUT = "low_stock_notification", "out_of_stock_notification"


def crossed(was: int, level: int, warning: int) -> str:
    """The type of the e-mail that a change of stock is worth, empty if none: only what begins is told."""
    if level <= 0 < was:
        return OUT
    return LOW if 0 < level <= warning < was else ""


@depends_on("inventory_level inventory_warning_level inventory_tracking name", new=False)
async def tell_of_low_stock(unit: Unit, old: Product | None, new: Product) -> None:
    """The stock of a product that keeps its own."""
    if old is None or new.inventory_tracking != "product":
        return
    what = crossed(old.inventory_level, new.inventory_level, new.inventory_warning_level)
    if what:
        await _tell(unit, what, new, new.name, new.inventory_level)


@depends_on("inventory_level inventory_warning_level product_id sku", new=False)
async def tell_of_low_variant(unit: Unit, old: Variant | None, new: Variant) -> None:
    """The stock of a variant, where variants keep it."""
    if old is None:
        return
    what = crossed(old.inventory_level, new.inventory_level, new.inventory_warning_level)
    row = await unit.get(product.TABLE, new.product_id) if what else None
    if row is not None and row.entity.inventory_tracking == "variant":
        name = f"{row.entity.name} ({new.sku})" if new.sku else row.entity.name
        await _tell(unit, what, row.entity, name, new.inventory_level)


async def _tell(unit: Unit, what: str, of: Product, name: str, level: int) -> None:
    told: set[str] = set()
    for channel_id in sorted(await channels_of_one(unit.tx, of.id)):
        for address in _addresses(await inventory_notifications(unit.tx, channel_id), what):
            if address.casefold() in told:
                continue
            told.add(address.casefold())
            left = "is out of stock" if what == OUT else f"has {level} left in stock"
            mail: dict[str, Any] = {"channel_id": channel_id, "recipient": address, "date_created": moment(unit.now)}
            body = f"{name} {left}. Its product id is {of.id}."
            await unit.insert(outbox.TABLE, outbox.Mail(type_id=what, subject=f"{name} {left}", body=body, **mail))


def _addresses(kept: InventoryNotifications, what: str) -> list[str]:
    return kept.out_of_stock_notification_address if what == OUT else kept.low_stock_notification_address
