"""Promotions in V3: the list, one promotion, and deletes (rules 22 and 115)."""

from __future__ import annotations

from bodega.kit.actions import DeleteIfThere
from bodega.kit.batch import Missed, error_item
from bodega.kit.context import Context, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint
from bodega.kit.filters import Filter, FilterField
from bodega.kit.listing import Listing
from bodega.kit.parameters import integer, listed, one_of
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item, route
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import unchanging
from bodega.law.outcome import Emptied, Outcome, PartlyRefused
from bodega.law.refusal import Refusal
from bodega.resources.marketing.promotions import codes, rules
from bodega.resources.marketing.promotions.forms import Eligible
from bodega.resources.marketing.promotions.promotion import SCOPE, TABLE, Promotion
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.operands import AnyColumn, Member, SqlTest
from bodega.storage.plan import ids_sql
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

MAX_DELETED = 50
AT_ONCE = 40
"""Requests of one endpoint at once (rule 31)."""

ON_CHANNELS = SqlTest(
    "(is_everywhere OR id IN (SELECT promotion_id FROM promotion_channels WHERE channel_id IN ({placeholders})))"
)

v3 = V3Shape(
    Promotion,
    required="redemption_type name rules",
    read_only="id created_from current_uses codes multiple_codes",
    hidden="priority",
    nested={"codes": Nested(codes.v3, codes.write_single_code, single=True)},
    set_once="redemption_type",
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "id name currency_code",
        mapped={
            "code": Filter(Member("coupons", "promotion_id", "code_key"), "in", lambda text: (caseless(text),)),
            "redemption_type": Filter("redemption_type", "eq", one_of(("AUTOMATIC", "COUPON"))),
            "status": Filter("status", "eq", one_of(("ENABLED", "DISABLED", "INVALID"))),
            "channels": Filter(ON_CHANNELS, "in", listed(integer)),
            "query": FilterField(AnyColumn(("name", Member("coupons", "promotion_id", "code"))), str, ("like",)),
        },
        exact=True,
        sorts="id name priority start_date",
        shown=v3.shown,
    ),
    SCOPE,
    "promotions",
    v3=v3,
    defaults={
        "created_from": "api",
        "channels": [],
        "customer": Eligible(),
        "current_uses": 0,
        "status": "ENABLED",
        "stop": False,
        "can_be_used_with_other_promotions": True,
        "notifications": [],
    },
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={"id:in": Filter("id", "in", listed(integer, MAX_DELETED))}, exact=True),
    SCOPE,
    "promotions",
    v3=v3,
    delete_needs_filter=True,
)


class DeletePromotions(DeleteMany):
    """DELETE of those that the query names: what can be deleted is; the rest is told, with why it stays."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        assert write.found.plan is not None
        sql, values = ids_sql(write.found.plan._replace(limit=MAX_DELETED), unit.tx.dialect)
        ids = await query.values(unit.tx, sql, *values)
        kept: list[Missed] = []
        for position, promotion_id in enumerate(ids):
            try:
                async with unit.tx.savepoint():
                    mark = unit.statistics.mark()
                    await unit.delete(TABLE, [promotion_id])
            except Refusal as refusal:
                unit.statistics.restore(mark)
                kept.append(Missed(position, promotion_id, refusal))
        if not kept:
            return Emptied()
        meta = {"total": len(ids), "success": len(ids) - len(kept), "failed": len(kept)}
        return PartlyRefused(ready=json({"errors": [error_item(one) for one in kept], "meta": meta}))


routes = (
    collection("promotions", V3, "GET POST")
    .also(route("promotions", 3, DELETE=DeletePromotions(DELETE)))
    .at_most(GET=AT_ONCE, POST=AT_ONCE, DELETE=AT_ONCE),
    item("promotions/{id}", V3, "GET PUT")
    .also(route("promotions/{id}", 3, DELETE=DeleteIfThere(V3)))
    .at_most(GET=AT_ONCE, PUT=AT_ONCE, DELETE=AT_ONCE),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(rules.start_a_promotion, unchanging("coupon_type")),
            before_write=(rules.check_forms, rules.check_terms, rules.check_groups, rules.check_references),
            before_delete=(rules.keep_while_it_has_codes,),
        ),
    ),
    routes=routes,
)
