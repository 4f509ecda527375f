"""Price records: what a price list says of a variant, in one currency (V3, rule 114)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec.structs import replace

from bodega.kit import render
from bodega.kit.actions import Action, Delete, ListAll, ShowItem
from bodega.kit.body import parse_json, respect_cap
from bodega.kit.context import Context, Found, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.events import events
from bodega.kit.fields import INT32, moment
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing
from bodega.kit.parameters import listed
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law import wording
from bodega.law.outcome import Outcome, PartlyRefused, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.pricing import price_lists
from bodega.resources.pricing.price_record import (
    LISTED,
    SKU_TEST,
    TABLE,
    PriceRecord,
    Tier,
    anywhere,
    in_list,
    members,
    one,
)
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import dangling, duplicate
from bodega.storage.plan import Condition
from bodega.storage.query import Row, StoredRow
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

CREATES, UPSERTS = 100, 1_000
"""The most records in the body of a POST and of a PUT."""

AT_ONCE = 250
"""Rows that one statement looks for."""

_OF_LIST = (Parent("price_list_id", price_lists.TABLE),)
V3 = Endpoint(3, TABLE, LISTED, price_lists.SCOPE, "pricelists/{}/records", v3=in_list, parents=_OF_LIST)
ALL = Endpoint(3, TABLE, Listing(TABLE, 3, ""), price_lists.SCOPE, "", v3=anywhere)
ONE = Endpoint(3, TABLE, LISTED, price_lists.SCOPE, "", v3=one, parents=_OF_LIST)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        ":variant_id:in",
        mapped={
            "currency": Filter("currency", "eq", str.upper),
            "sku:in": Filter(SKU_TEST, "in", listed(caseless)),
        },
        exact=True,
    ),
    price_lists.SCOPE,
    "pricelists/{}/records",
    parents=_OF_LIST,
)


class ListOfVariant(ListAll):
    """GET of the records of one variant, one for each currency."""

    ids_in_path = 2

    async def find(self, context: Context) -> Found:
        asked = context.query
        narrowed = asked.plan._replace(where=(*asked.plan.where, Condition("variant_id", "eq", context.ids[1])))
        return await super().find(context.asking(plan=narrowed))


class _OfOne(Action):
    """An action on the record of a variant and a currency, which need not be there."""

    ids_in_path = 3

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(replace(context, ids=context.ids[:1]))
        _, variant_id, code = context.ids
        row = await record_of(context.reader, parent, variant_id, code)
        if row is None:
            return Found(parent=parent)
        return Found(Validator(row.version, row.modified), parent, row.id, row)


class _OfThere(_OfOne):
    """An action on a record that is there."""

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        if not found.entity_id:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return found


class ShowRecord(_OfThere, ShowItem):
    """GET of one record."""


class DropRecord(_OfThere, Delete):
    """DELETE of one record."""


async def record_of(tx: Tx, price_list_id: int, variant_id: int, code: str) -> StoredRow | None:
    """The record of a variant in a currency."""
    test = "price_list_id = $1 AND variant_id = $2 AND currency = $3"
    found = await query.named(tx, StoredRow, query.stored_sql(TABLE, test), price_list_id, variant_id, code.upper())
    return found[0] if found else None


class _Draft(NamedTuple):
    """An item of a body: the place of its list, what it says, and what is wrong with it."""

    price_list_id: int
    changes: dict[str, Any]
    faults: list[Fault]


class WriteRecords(Action):
    """POST (each must be new) and PUT (made or changed) of up to 1,000 records. Those that can be saved are, and the
    others are told."""

    writes = True
    body = True

    def __init__(self, endpoint: Endpoint, *, new: bool = False) -> None:
        super().__init__(endpoint)
        self.new = new

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    def read(self, content: Any) -> Any:
        assert self.endpoint.v3 is not None
        items = parse_json(content)
        respect_cap(items, CREATES if self.new else UPSERTS)
        return [_Draft(0, *self.endpoint.v3.read_item(item, None, creates=True)) for item in items]

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        drafts = [
            one._replace(price_list_id=write.found.parent or one.changes.get("price_list_id", 0))
            for one in write.draft
        ]  # fmt: skip
        writer = await _Writer.over(unit, drafts)
        failed: list[tuple[_Draft, Refusal]] = []
        saved: list[PriceRecord] = []
        for draft in drafts:
            try:
                if draft.faults:
                    raise refuse_faults(draft.faults)
                saved.append((await writer.write(draft, only_new=self.new)).entity)
            except Refusal as refusal:
                failed.append((draft, refusal))
        await tell_of_batch(unit, saved, new=self.new)
        if not failed:
            return Shown(ready=b'{"data":{},"meta":{}}')
        return PartlyRefused(ready=render.json({"batch_errors": [_told(*item) for item in failed]}))


def _told(draft: _Draft, refusal: Refusal) -> dict[str, Any]:
    words = wording.told(refusal)
    named = {name: draft.changes[name] for name in ("variant_id", "sku", "currency") if name in draft.changes}
    return {
        "data": {"price_list_id": draft.price_list_id, **named},
        "field_errors": words.errors or {"variant_id": words.title},
    }


class PutRecord(_OfOne):
    """PUT of one record: made or changed."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return one.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        _, variant_id, code = context.ids
        changes = {**write.draft, "variant_id": variant_id, "currency": code.upper()}
        draft = _Draft(write.found.parent, changes, [])
        writer = await _Writer.over(unit, [draft])
        if variant_id not in writer.variants:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        row = await writer.write(draft)
        data = render.json(members(row.entity) | {"bulk_pricing_tiers": row.entity.bulk_pricing_tiers})
        return Shown(ready=b'{"data":' + data + b',"meta":{}}', state=Validator(row.version, row.modified))


class _Variant(NamedTuple):
    """What a record takes from its variant."""

    id: int
    product_id: int
    sku: str
    calculated_price: int


class _Writer(NamedTuple):
    """Writes records with what was read for all of them at once."""

    unit: Unit
    variants: dict[int, _Variant]
    by_sku: dict[str, int]
    lists: set[int]
    codes: frozenset[str]
    rows: dict[tuple[int, int, str], Row]

    @classmethod
    async def over(cls, unit: Unit, drafts: Sequence[_Draft]) -> _Writer:
        """Reads the variants, the lists and the records that the drafts name."""
        tx = unit.tx
        skus = {caseless(one.changes["sku"]) for one in drafts if one.changes.get("sku")}
        ids = {one.changes["variant_id"] for one in drafts if one.changes.get("variant_id")}
        columns = "SELECT id, product_id, sku, calculated_price FROM variants WHERE"
        found = [_Variant(*row) for row in await _by_parts(tx, f"{columns} sku_key IN", sorted(skus))]
        found += [_Variant(*row) for row in await _by_parts(tx, f"{columns} id IN", sorted(ids))]
        variants = {one.id: one for one in found}
        lists = {one.price_list_id for one in drafts}
        known = await _by_parts(tx, "SELECT id FROM price_lists WHERE id IN", sorted(lists))
        rows: dict[tuple[int, int, str], Row] = {}
        for row in await _rows_by_parts(tx, sorted(lists), sorted(variants)):
            kept: PriceRecord = row.entity
            rows[kept.price_list_id, kept.variant_id, kept.currency] = row
        codes = frozenset(await currencies.enabled(tx))
        by_sku = {caseless(one.sku): one.id for one in found}
        return cls(unit, variants, by_sku, {number for (number,) in known}, codes, rows)

    async def write(self, draft: _Draft, *, only_new: bool = False) -> Row:
        """Writes one record. Raises Refusal."""
        changes = dict(draft.changes)
        sku, code = changes.pop("sku", ""), changes["currency"].upper()
        variant = self.variants.get(changes.get("variant_id") or self.by_sku.get(caseless(sku), 0))
        faults = list(self._wrong(draft, variant, sku, code))
        if faults or variant is None:
            raise refuse_faults(faults)
        key = (draft.price_list_id, variant.id, code)
        old = self.rows.get(key)
        if only_new and old is not None:
            message = "The price list has a record of this variant and currency already."
            raise refuse_faults([duplicate("variant_id", message, TABLE.noun, variant.id)])
        now = moment(self.unit.now)
        was = old.entity if old is not None else PriceRecord(date_created=now)
        changes |= {
            "price_list_id": draft.price_list_id, "variant_id": variant.id, "product_id": variant.product_id,
            "currency": code, "sku": variant.sku, "date_modified": now,
        }  # fmt: skip
        new = replace(was, **changes)
        new.calculated_price = new.sale_price or (
            new.price if new.price is not None else Decimal(variant.calculated_price) / 10_000
        )
        if old is None:
            row = await self.unit.insert(TABLE, new)
        else:
            row = await self.unit.update(TABLE, old, new)
        self.rows[key] = row
        return row

    def _wrong(self, draft: _Draft, variant: _Variant | None, sku: str, code: str) -> Iterable[Fault]:
        if draft.price_list_id not in self.lists:
            yield dangling("price_list_id", "The price list does not exist.", [draft.price_list_id])
        if variant is None:
            named = draft.changes.get("variant_id")
            field = "variant_id" if named else "sku"
            yield dangling(field, "The variant does not exist.", [named or sku])
        elif sku and caseless(sku) != caseless(variant.sku):
            yield invalid("sku", f"must be that of the variant {variant.id}, or be left out")
        if code not in self.codes:
            yield invalid("currency", "must be a currency of the store that is in use")
        yield from wrong_tiers(draft.changes.get("bulk_pricing_tiers") or [])


def wrong_tiers(tiers: Sequence[Tier]) -> Iterable[Fault]:
    """Bulk prices are ranges that do not overlap, of percentages up to 100."""
    ranges = sorted((one.quantity_min, one.quantity_max or INT32) for one in tiers)
    if any(first > last for first, last in ranges) or any(
        last >= following for (_, last), (following, _) in pairwise(ranges)
    ):
        yield invalid("bulk_pricing_tiers", "must be ranges of quantities that do not overlap")
    for place, tier in enumerate(tiers):
        if tier.type == "percent" and tier.amount > 100:
            yield invalid("bulk_pricing_tiers", "must take at most 100 per cent off", inside=f".{place}.amount")


async def _by_parts(tx: Tx, statement: str, values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for part in parts(values, AT_ONCE):
        found += await tx.rows(f"{statement} ({numbered_placeholders(len(part))})", *part)
    return found


async def _rows_by_parts(tx: Tx, lists: Sequence[int], variants: Sequence[int]) -> list[Row]:
    found: list[Row] = []
    for price_list_id in lists:
        for part in parts(variants, AT_ONCE):
            test = f"price_list_id = $1 AND variant_id IN ({numbered_placeholders(len(part), 2)})"
            found += await query.where(tx, TABLE, test, price_list_id, *part)
    return found


def _told_of(record: PriceRecord) -> dict[str, Any]:
    return {
        "type": "price_list",
        "price_list_id": record.price_list_id,
        "variant_id": record.variant_id,
        "currency": record.currency,
    }


async def tell_of_batch(unit: Unit, saved: Sequence[PriceRecord], *, new: bool) -> None:
    """Several records of a list that are written at once are told of together as well."""
    pairs = [(record.price_list_id, record.variant_id) for record in saved]
    await _tell_by_list(unit, pairs, "created" if new else "updated", least=2)


async def tell_of_deleted(unit: Unit, ids: Sequence[int]) -> None:
    """Several records of a list that go at once are told of together as well."""
    if len(ids) < 2 or await unit.audience() is None:
        return
    sql = f"SELECT price_list_id, variant_id FROM {TABLE.name} WHERE id IN ({numbered_placeholders(len(ids))})"
    await _tell_by_list(unit, await unit.tx.rows(sql, *ids), "deleted")


async def _tell_by_list(unit: Unit, pairs: Iterable[Any], word: str, *, least: int = 1) -> None:
    """Fires the event of several records for each list, by pairs of a list and a variant, that has at `least` as many
    of them."""
    by_list: dict[int, list[int]] = {}
    for price_list_id, variant_id in pairs:
        by_list.setdefault(price_list_id, []).append(variant_id)
    for price_list_id, variants in by_list.items():
        if len(variants) >= least:
            told = {"type": "price_list", "price_list_id": price_list_id, "variant_ids": variants}
            await unit.fire(f"store/priceList/records/{word}", told)


routes = (
    route("pricelists/records", 3, POST=WriteRecords(ALL, new=True), PUT=WriteRecords(ALL)).at_most(POST=10, PUT=1),
    route(
        "pricelists/{price_list_id}/records",
        3,
        GET=ListAll(V3),
        POST=WriteRecords(V3, new=True),
        PUT=WriteRecords(V3),
        DELETE=DeleteMany(DELETE),
    ).at_most(GET=10, POST=10, PUT=2),
    route("pricelists/{price_list_id}/records/{variant_id}", 3, GET=ListOfVariant(V3)).at_most(GET=40),
    route(
        "pricelists/{price_list_id}/records/{variant_id}/{currency_code:text}",
        3,
        GET=ShowRecord(ONE),
        PUT=PutRecord(ONE),
        DELETE=DropRecord(ONE),
    ).at_most(GET=50, PUT=40, DELETE=25),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(TABLE, before_delete=(tell_of_deleted,), signals=events("store/priceList/record", data=_told_of)),
    ),
    routes=routes,
)
