"""Abandoned carts: by the store's clock, an hour after the last change of a cart whose shopper is known by e-mail.

Carts that nobody changed for 30 days are deleted.
"""

from __future__ import annotations

from uuid import uuid4

from msgspec.structs import replace

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import moment
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource, Sweep
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.carts import recovery
from bodega.resources.carts.abandoned_settings import SETTINGS
from bodega.resources.carts.cart import TABLE, Cart, fire_cart_event
from bodega.resources.settings.actions import routes_of
from bodega.storage import query
from bodega.storage.unit import Unit

ABANDONED_SECONDS = 3600
KEPT_SECONDS = 30 * 86_400
AT_ONCE = 100


class FindAbandoned(Action):
    """GET: which cart a recovery token stands for."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        sql = "SELECT id, uuid, version, modified FROM carts WHERE token = $1"
        found = await context.reader.row(sql, context.ids[0])
        if found is None or not context.ids[0]:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        number, uuid, version, modified = found
        return Found(Validator(version, modified), None, number, uuid)

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json({"data": {"cart_id": found.row}, "meta": {}}))


_TOKEN = Endpoint(3, TABLE, Listing(TABLE, 3, ""), "store_v2_orders", "")


async def abandon(unit: Unit) -> None:
    """Marks the carts that were left; the token by which one is recovered stays the same."""
    before = moment(unit.now - ABANDONED_SECONDS)
    for row in await unit.where(TABLE, "quiet_since <= $1", before, order=f"quiet_since, id LIMIT {AT_ONCE}"):
        left: Cart = row.entity
        cart = replace(left, status="abandoned", token=left.token or uuid4().hex)
        await unit.rewrite(TABLE, row.with_entity(cart))
        await fire_cart_event(unit, cart, "abandoned", token=cart.token)
        await recovery.left(unit, cart)


async def expire(unit: Unit) -> None:
    """Deletes the carts that nobody changed for long."""
    before = moment(unit.now - KEPT_SECONDS)
    sql = f"SELECT id FROM carts WHERE date_modified <= $1 ORDER BY date_modified LIMIT {AT_ONCE}"
    await unit.delete(TABLE, await query.values(unit.tx, sql, before))


RESOURCE = Resource(
    aggregates=(SETTINGS.aggregate,),
    routes=(
        *routes_of(SETTINGS),
        route("abandoned-carts/{token:text}", 3, GET=FindAbandoned(_TOKEN)),
    ),
    sweeps=(
        Sweep(
            "SELECT 1 FROM carts WHERE quiet_since <= $1 LIMIT 1",
            lambda now, _settings: (moment(now - ABANDONED_SECONDS),),
            abandon,
        ),
        Sweep(recovery.DUE, lambda now, _settings: (moment(now),), recovery.send),
        Sweep(
            "SELECT 1 FROM carts WHERE date_modified <= $1 LIMIT 1",
            lambda now, _settings: (moment(now - KEPT_SECONDS),),
            expire,
        ),
    ),
)
