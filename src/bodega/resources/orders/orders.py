"""Orders: filters, routes, the rules of the order itself, and how orders are listed and archived."""

from __future__ import annotations

import ipaddress
from typing import Any

from msgspec.structs import replace

from bodega.kit.actions import Create, Delete, ListAll, ShowItem, Update
from bodega.kit.body import Changes
from bodega.kit.chunk import CHUNK, Chunk
from bodega.kit.context import Context, Found, Recheck, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint
from bodega.kit.filters import Filter
from bodega.kit.includes import Include
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import parser
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.unknown_members import read_only
from bodega.law.outcome import Emptied, Outcome, Shown, Validator
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.customers.customer import TABLE as CUSTOMERS
from bodega.resources.geography import places
from bodega.resources.orders import consignments, fees, writing
from bodega.resources.orders.conflicts import with_addresses
from bodega.resources.orders.order import SCOPE, SIGNALS, TABLE, Order
from bodega.resources.orders.order_shape import v2
from bodega.resources.orders.tax_documents import plan_submission
from bodega.resources.store.order_statuses import STATUSES
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import dangling
from bodega.storage.operands import Flag
from bodega.storage.plan import Condition, QueryPlan, conditions_sql, ids_sql
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SORTS = "id customer_id date_created date_modified status_id channel_id external_id"
FILTERS = (
    "min_id max_id customer_id status_id cart_id payment_method channel_id external_order_id is_deleted"
    " min_date_created max_date_created min_date_modified max_date_modified"
)
_amount = parser("BIGINT", "total")
MAPPED = {
    "min_total": Filter("total", "min", _amount),
    "max_total": Filter("total", "max", _amount),
    "email": Filter("email_key", "eq", caseless),
}


async def _nothing(_call: Any, _orders: Any) -> dict[int, bytes]:
    return {}


INCLUDES = {**consignments.INCLUDES, "fees": Include(_nothing, tables=fees.TABLE.name)}


class Sorted(Listing):
    """A V2 list that is sorted by one word: `sort=date_created:desc`."""

    def _order(self, given: Any, faults: list[Fault]) -> tuple[str, bool]:
        name, colon, way = given.get("sort", "").partition(":")
        return super()._order({"sort": name, "direction": way if colon else given.get("direction", "")}, faults)


V2 = Endpoint(
    2,
    TABLE,
    Sorted(TABLE, 2, FILTERS, sorts=SORTS, mapped=MAPPED, includes=INCLUDES),
    SCOPE,
    "orders",
    v2=v2,
    created=200,
)
LIVING = Condition(Flag("is_deleted"), "is", value=False)
ARCHIVED = "SELECT 1 FROM orders WHERE is_deleted LIMIT 1"
COUNTED = "SELECT count(*) FROM orders WHERE is_deleted"


async def all_live(context: Context) -> bool:
    """Whether no order is archived: then the list is the whole table, and its statistics have the total."""
    return await context.reader.row(ARCHIVED) is None


class ListOrders(ListAll):
    """GET: archived orders are only shown with `is_deleted`."""

    async def find(self, context: Context) -> Found:
        asked = any(condition.column in ("is_deleted", LIVING.column) for condition in context.query.plan.where)
        if not asked and not await all_live(context):
            plan = context.query.plan
            context = context.asking(plan=plan._replace(where=(*plan.where, LIVING)))
        return await super().find(context)


class CountOrders(ListOrders):
    """GET of the count. Rule 93: it includes the number of orders by status."""

    is_list = False

    async def answer(self, context: Context, found: Found) -> Outcome:
        plan = found.plan
        assert plan is not None
        if LIVING in plan.where and len(plan.where) == 1:
            # All orders are counted by one index, and archived ones by another.
            counts = await self._by_status(context, plan._replace(where=()))
            away = await self._by_status(context, plan._replace(where=(LIVING._replace(value=True),)))
            counts = {status: count - away.get(status, 0) for status, count in counts.items()}
        else:
            counts = await self._by_status(context, plan)
        statuses = [
            {
                "id": number,
                "name": name,
                "system_label": name,
                "custom_label": name,
                "system_description": message,
                "count": counts.get(number, 0),
                "sort_order": place,
            }
            for number, name, place, message in STATUSES
        ]
        return Shown(value={"statuses": statuses, "count": sum(counts.values())}, root="count")

    async def _by_status(self, context: Context, plan: QueryPlan) -> dict[int, int]:
        where, values = conditions_sql(plan.where, context.reader.dialect, plan.table)
        sql = f"SELECT status_id, count(*) FROM orders{where} GROUP BY status_id"
        return await query.pairs(context.reader, sql, *values)


class PlaceOrder(Create):
    """POST: places an order."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        with with_addresses(context.base):
            return await super().perform(unit, context, write)

    async def make(self, unit: Unit, write: Write, notes: list[Fault]) -> Row:
        return await writing.place(unit, write.draft, notes)


class ChangeOrder(Update):
    """PUT: changes an order."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        with with_addresses(context.base):
            return await super().perform(unit, context, write)

    async def change(self, unit: Unit, write: Write, notes: list[Fault], recheck: Recheck | None) -> Row:
        return await writing.change(unit, write.found.entity_id, write.draft, notes, recheck)


class ArchiveOrder(Delete):
    """DELETE. Rule 84: archives the order."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if write.recheck is not None:
            row = await unit.get(TABLE, write.found.entity_id)
            write.recheck(Validator(row.version, row.modified) if row else None)
        await writing.archive(unit, [write.found.entity_id])
        return Emptied()


class ArchiveAll(DeleteMany):
    """DELETE of all orders. Rule 84: archives them; more than 250 become a task."""

    def parse(self, query: str) -> Query:
        asked = self.listing.parse(query, strict=True)
        return replace(asked, plan=asked.plan._replace(where=(LIVING,)))

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        archived = await query.value(context.reader, COUNTED)
        return replace(found, row=found.row._replace(total=found.row.total - archived))

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        bounded = "limit" in dict(context.query.given)
        maximum = context.query.plan.limit if bounded else CHUNK if context.in_task else 1_000_000_000
        sql, values = ids_sql(context.query.plan._replace(limit=maximum), unit.tx.dialect)
        ids = await query.values(unit.tx, sql, *values)
        await writing.archive(unit, ids)
        more = context.in_task and not bounded and len(ids) == CHUNK
        return Emptied(value=Chunk(len(ids), more=more) if context.in_task else None)


DELETE = Endpoint(2, TABLE, Listing(TABLE, 2, "", bounds="limit"), SCOPE, "orders", v2=v2)
COUNT = Endpoint(2, TABLE, Sorted(TABLE, 2, FILTERS, mapped=MAPPED), SCOPE, "orders/count", v2=v2)

routes = (
    route("orders", 2, v2, GET=ListOrders(V2), POST=PlaceOrder(V2), DELETE=ArchiveAll(DELETE)),
    route("orders/{id}", 2, v2, GET=ShowItem(V2), PUT=ChangeOrder(V2), DELETE=ArchiveOrder(V2)),
    route("orders/count", 2, GET=CountOrders(COUNT)),
)

ONCE = ("external_id", "external_merchant_id")


async def keep_external_ids(_unit: Unit, changes: Changes, old: Order | None, _notes: list[Fault]) -> None:
    """Rule 76: the external ids of an order can only be set once."""
    if old is None:
        return
    names = [
        name
        for name in ONCE
        if name in changes and getattr(old, name) not in (None, "", changes[name])
    ]  # fmt: skip
    if names:
        raise refuse_faults([read_only(name) for name in names])


async def start_unarchived(_unit: Unit, changes: Changes, old: Order | None, _notes: list[Fault]) -> None:
    """Rule 84: a PUT can archive an order or restore it; a new one is not archived."""
    if old is None and "is_deleted" in changes:
        raise refuse_faults([read_only("is_deleted")])


async def check_customer(unit: Unit, changes: Changes, old: Order | None, _notes: list[Fault]) -> None:
    """Rule 74: 0 is a guest, any other number an existing customer. An order outlives its customer, and keeps the
    number."""
    customer_id = changes.get("customer_id", 0)
    if (
        customer_id
        and (old is None or customer_id != old.customer_id)
        and await unit.get(CUSTOMERS, customer_id) is None
    ):
        raise refuse_faults([dangling("customer_id", "The customer does not exist.", [customer_id])])


async def keep_currency(_unit: Unit, changes: Changes, old: Order | None, _notes: list[Fault]) -> None:
    """The currency of an order is set when it is placed; a PUT of it is ignored, as documented.

    So is an empty date of placing.
    """
    if old is not None:
        changes.pop("default_currency_code", None)
    if not changes.get("date_created"):
        changes.pop("date_created", None)


async def keep_one_ip_address(_unit: Unit, changes: Changes, _old: Order | None, _notes: list[Fault]) -> None:
    """Keeps one IP address: setting an IPv4 address removes the IPv6 address and the other way round; each must be
    valid."""
    faults = []
    for name, other, kind in (
        ("ip_address", "ip_address_v6", ipaddress.IPv4Address),
        ("ip_address_v6", "ip_address", ipaddress.IPv6Address),
    ):
        given = changes.get(name)
        if not given:
            continue
        try:
            kind(given)
        except ValueError:
            faults.append(invalid(name, f"must be an {kind.__name__.removesuffix('Address')} address"))
        if not changes.get(other):
            changes[other] = ""
    code = changes.get("geoip_country_iso2")
    if code:
        country = places.country(code)
        if country is None:
            faults.append(invalid("geoip_country_iso2", "must be a country code of ISO 3166"))
        else:
            changes.setdefault("geoip_country", country.country)
    if faults:
        raise refuse_faults(faults)


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(
                keep_external_ids,
                start_unarchived,
                check_customer,
                keep_currency,
                keep_one_ip_address,
            ),
            after_write=(plan_submission,),
            signals=SIGNALS,
        ),
    ),
    routes=routes,
)
