"""Consent: which cookies and scripts a customer allows a storefront to use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Moment, moment
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import NO_DATE, Outcome, Shown, Validator
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.customers import customer
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

Category = Literal["essential", "functional", "analytics", "targeting"]


class Consent(Entity, kw_only=True):
    """Its id is the customer's. What is in neither list was not decided."""

    allow: Annotated[list[Category], AtMost(10)] = []
    deny: Annotated[list[Category], AtMost(10)] = []
    updated_at: Moment = ""


TABLE = stored(
    "customer_consents",
    Consent,
    noun="consent",
    columns="",
    computed={"customer_id": ("INTEGER", lambda consent: consent.id)},
    indexed="customer_id",
    references=[Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE")],
)

v3 = V3Shape(Consent, required="", read_only="id updated_at")
OF_CUSTOMER = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ""),
    "store_v2_customers",
    "customers/{}/consent",
    v3=v3,
    parents=(Parent("customer_id", customer.TABLE),),
)


def _shown(consent: Consent) -> bytes:
    """Without `data` around it."""
    return json({"allow": consent.allow, "deny": consent.deny, "updated_at": consent.updated_at})


class ShowConsent(Action):
    """GET: both lists are empty until consent is declared."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        kept = await query.get(context.reader, TABLE, parent)
        if kept is None:
            owner = await query.get(context.reader, customer.TABLE, parent)
            assert owner is not None
            return Found(Validator(0, NO_DATE), parent, row=Consent(updated_at=owner.entity.date_created))
        return Found(Validator(kept.version, kept.modified), parent, row=kept.entity)

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=_shown(found.row))


class DeclareConsent(ShowConsent):
    """PUT: a list that is left out stays, except for what the other one now names."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        changes = v3.read(content, creating=False)
        allow, deny = changes.get("allow", []), changes.get("deny", [])
        faults = [
            invalid(name, "must name each category once")
            for name, given in (("allow", allow), ("deny", deny))
            if len(set(given)) < len(given)
        ]
        if set(allow) & set(deny):
            faults.append(invalid("deny", "must not name what allow names"))
        if faults:
            raise refuse_faults(faults)
        return changes

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old = await unit.get(TABLE, write.found.parent)
        if write.recheck is not None:
            write.recheck(Validator(old.version, old.modified) if old else Validator(0, 0))
        was = old.entity if old is not None else Consent()
        allow, deny = write.draft.get("allow"), write.draft.get("deny")
        new = Consent(
            id=write.found.parent,
            allow=allow if allow is not None else [item for item in was.allow if item not in (deny or ())],
            deny=deny if deny is not None else [item for item in was.deny if item not in (allow or ())],
            updated_at=moment(unit.now),
        )
        row = await unit.save(TABLE, old, new)
        return Shown(ready=_shown(row.entity), state=Validator(row.version, row.modified))


routes = (route("customers/{customer_id}/consent", 3, GET=ShowConsent(OF_CUSTOMER), PUT=DeclareConsent(OF_CUSTOMER)),)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
