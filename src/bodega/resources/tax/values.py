"""The values of tax properties: those of products and those of customers, one row for each that has any.

They are for a tax provider, which is told them with the goods and the shopper; the store's own rates do not depend on
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import ListAll
from bodega.kit.batch import UpdateMany
from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import OBJECT, Id
from bodega.kit.listing import Listing, Query
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.tax.zones import MOST_AT_ONCE, SCOPE
from bodega.storage import query
from bodega.storage.aggregate import Aggregate, BeforeValidate
from bodega.storage.table import Link, Reference, Table, Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MOST_VALUES = 250
"""Values of one product or customer; no limit is published."""

Values = Annotated[dict[str, Annotated[str, msgspec.Meta(max_length=255)]], AtMost(MOST_VALUES), OBJECT]


class ProductValues(Entity, kw_only=True):
    """The values of a product by the codes of their properties, which are those of `property_ids`."""

    product_id: Id
    tax_properties: Values = {}
    property_ids: list[int] = []


class CustomerValues(Entity, kw_only=True):
    """The values of a customer by the codes of their properties, which are those of `property_ids`."""

    customer_id: Id
    tax_properties: Values = {}
    property_ids: list[int] = []


class ValuesOf(NamedTuple):
    """The values of one kind of owner; `owner` is the member that names one."""

    table: Table
    owner: str
    resource: Resource

    async def of(self, tx: Tx, owners: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
        """The values, by code, of those of these owners that have any."""
        found = await query.entities_of(tx, self.table, owners, self.owner)
        return {getattr(one, self.owner): one.tax_properties for one in found}


class _ListOfThose(ListAll):
    """GET of the rows that the filter names."""

    def parse(self, query: str) -> Query:
        asked = super().parse(query)
        if not asked.filters:
            message = f"The parameter {' or '.join(self.listing.filters)} must be given."
            raise Refusal(Reason.FILTER_REQUIRED, message, details=self.listing.need_filter().details)
        return asked


def _values(entity: type[Entity], kind: str, owner: str, owners: str, path: str, *, all_listed: bool) -> ValuesOf:
    """`kind` is the type of their properties, `owners` the table of what has them; a GET of `all_listed` needs no
    filter."""
    name = f"tax_values_of_{owners}"
    table = stored(
        name,
        entity,
        noun=f"tax data of {owners}",
        columns=owner,
        uniques=[Unique((owner,), owner, f"There is tax data of this {owner}.")],
        references=[Reference(owner, owners, owner, f"There is no such row in {owners}.", "CASCADE")],
        links=[
            Link(
                f"tax_properties_of_{owners}",
                "value_id",
                "property_id",
                "tax_properties",
                "tax_properties",
                "The tax property does not exist.",
                lambda one: one.property_ids,
            )
        ],
    )
    v3 = V3Shape(
        entity,
        required=f"{owner} tax_properties",
        read_only="id property_ids",
        view=lambda one: {owner: getattr(one, owner), "tax_properties": one.tax_properties},
        members=f"{owner} tax_properties",
    )
    listing = Listing(table, 3, f":{owner}:in", exact=True)

    async def known(unit: Unit, draft: Changes) -> int:
        sql = f"SELECT id FROM {name} WHERE {owner} = $1"
        return int(await query.value(unit.tx, sql, draft[owner]) or 0)

    terms = Batch(MOST_AT_ONCE, whole=True, creates=True, refused=Reason.LIST_REFUSED, finds=known)
    endpoint = Endpoint(3, table, listing, SCOPE, path, v3=v3, batch=terms)
    delete = Endpoint(3, table, listing, SCOPE, path, delete_needs_filter=True)
    lister = ListAll if all_listed else _ListOfThose
    routes = (route(path, 3, GET=lister(endpoint), PUT=UpdateMany(endpoint), DELETE=DeleteMany(delete)),)
    aggregate = Aggregate(table, before_validate=(_added(kind),))
    return ValuesOf(table, owner, Resource(aggregates=(aggregate,), routes=routes))


def _added(kind: str) -> BeforeValidate:
    async def add_to_those_there_are(unit: Unit, changes: Changes, old: Any, _notes: list[Fault]) -> None:
        """Values are added to those that there are; each is of a property that is defined for its kind of owner."""
        given: dict[str, str] = changes["tax_properties"]
        codes = list(given)
        sql = f"SELECT code, id FROM tax_properties WHERE code IN ({numbered_placeholders(len(codes))})"
        ids: dict[str, int] = await query.pairs(unit.tx, f"{sql} AND type = '{kind}'", *codes) if codes else {}
        unknown = [code for code in codes if code not in ids]
        if unknown:
            why = f"must be the code of a tax property of the type {kind}"
            raise refuse_faults([invalid(f"tax_properties.{code}", why) for code in unknown])
        before = {} if old is None else old.tax_properties
        changes["tax_properties"] = {**before, **given}
        kept = [] if old is None else old.property_ids
        changes["property_ids"] = list(dict.fromkeys([*kept, *(ids[code] for code in codes)]))

    return add_to_those_there_are


OF_PRODUCTS = _values(
    ProductValues, "PRODUCT", "product_id", "products", "tax/products/properties", all_listed=False
)  # fmt: skip
OF_CUSTOMERS = _values(CustomerValues, "CUSTOMER", "customer_id", "customers", "tax/customers", all_listed=True)
BOTH = (OF_PRODUCTS, OF_CUSTOMERS)


async def using(tx: Tx, owners: str, ids: Sequence[int]) -> list[int]:
    """Those of these properties of which a row of the table `owners` has a value."""
    test = f"property_id IN ({numbered_placeholders(len(ids))})"
    sql = f"SELECT DISTINCT property_id FROM tax_properties_of_{owners} WHERE {test} ORDER BY property_id"
    return await query.values(tx, sql, *ids) if ids else []


async def rename(unit: Unit, property_id: int, old: str, new: str) -> None:
    """Moves the values of a property to its new code."""
    for kind in BOTH:
        owners = kind.table.name.removeprefix("tax_values_of_")
        sql = f"SELECT value_id FROM tax_properties_of_{owners} WHERE property_id = $1 ORDER BY value_id"
        for value_id in await query.values(unit.tx, sql, property_id):
            row = await unit.get(kind.table, value_id)
            assert row is not None
            renamed = {new if code == old else code: value for code, value in row.entity.tax_properties.items()}
            await unit.update(kind.table, row, replace(row.entity, tax_properties=renamed))
