"""The store's settings of promotions. Their published form has no `data`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.resources.marketing.promotions.promotion import SCOPE
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

THE_ONE = 1
"""The id of the only row; a store that changed nothing has none."""


class PromotionSettings(Entity, kw_only=True):
    """Whether promotions apply to items with a custom price, whether items that cost nothing count for conditions, how
    many coupons an order may have, and whether each promotion is computed on the original price or on what the ones
    before it left."""

    promotions_apply_on_products_with_custom_product_price: bool = False
    promotions_triggered_by_products_with_zero_product_price: bool = False
    number_of_coupons_allowed_at_checkout: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    promotions_applied_on_original_product_price: bool = True


NAMES = tuple(name for name in PromotionSettings.__struct_fields__ if name != "id")
TABLE = stored("promotion_settings", PromotionSettings, noun="promotion settings", columns="")
v3 = V3Shape(PromotionSettings, required=" ".join(NAMES))
ENDPOINT = Endpoint(3, TABLE, Listing(TABLE, 3, ""), SCOPE, "promotions/settings", v3=v3)


async def settings_of(tx: Tx) -> PromotionSettings:
    """The settings of the store."""
    row = await query.get(tx, TABLE, THE_ONE)
    found: PromotionSettings = row.entity if row is not None else PromotionSettings()
    return found


class ShowPromotionSettings(Action):
    """GET."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        return Found(await self._collection(context))

    async def answer(self, context: Context, found: Found) -> Outcome:
        return await _told(context.reader)


class ChangePromotionSettings(ShowPromotionSettings):
    """PUT of all settings."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        old = await unit.get(TABLE, THE_ONE)
        new = PromotionSettings(id=THE_ONE, **write.draft)
        if old is not None or new != PromotionSettings(id=THE_ONE):
            await unit.save(TABLE, old, new)
        return await _told(unit.tx)


async def _told(tx: Tx) -> Outcome:
    kept = await settings_of(tx)
    return Shown(ready=json({name: getattr(kept, name) for name in NAMES}))


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE),),
    routes=(
        route("promotions/settings", 3, GET=ShowPromotionSettings(ENDPOINT), PUT=ChangePromotionSettings(ENDPOINT)),
    ),
)
