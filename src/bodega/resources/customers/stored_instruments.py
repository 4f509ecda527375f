"""Stored payment instruments. No operation of the store API creates one, so the list is always empty."""

from __future__ import annotations

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.listing import Listing, Query
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown
from bodega.resources.customers import customer

OF_CUSTOMER = Endpoint(
    3,
    customer.TABLE,
    Listing(customer.TABLE, 3, ""),
    "store_stored_payment_instruments",
    "customers/{}/stored-instruments",
    parents=(Parent("id", customer.TABLE),),
)


class NoInstruments(Action):
    """GET: the list itself, without `data` around it."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=b"[]")


routes = (route("customers/{customer_id}/stored-instruments", 3, GET=NoInstruments(OF_CUSTOMER)),)

RESOURCE = Resource(routes=routes)
