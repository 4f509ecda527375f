"""Stored payment instruments: the cards that a customer had kept when paying (`payments/processing.py`).

Nothing is kept of a card that could be used elsewhere: its brand, the first six and the last four digits, its expiry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown
from bodega.resources.customers import customer
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.tx import Tx


class StoredCard(Entity, kw_only=True):
    """`verdict` is what the test gateway says to the card."""

    customer_id: Id
    token: str
    brand: str
    expiry_month: int
    expiry_year: int
    issuer_identification_number: str
    last_4: str
    is_default: bool = False
    billing_address: dict[str, Any] = {}
    verdict: str = "approved"


TABLE = stored(
    "stored_instruments",
    StoredCard,
    noun="stored payment instrument",
    columns="customer_id token",
    indexed="customer_id",
    uniques=[Unique(("token",), "token", "The instrument exists.")],
    references=[Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE")],
)

OF_CUSTOMER = Endpoint(
    3,
    customer.TABLE,
    Listing(customer.TABLE, 3, ""),
    "store_stored_payment_instruments",
    "customers/{}/stored-instruments",
    parents=(Parent("id", customer.TABLE),),
)


async def of_customer(tx: Tx, customer_id: int) -> Sequence[StoredCard]:
    """The cards of a customer, the oldest first; a guest has none."""
    return await query.entities(tx, TABLE, "customer_id = $1", customer_id) if customer_id else []


def shown(card: StoredCard) -> dict[str, Any]:
    """A card as it is listed where an order is paid."""
    return {
        "type": "stored_card",
        "token": card.token,
        "is_default": card.is_default,
        "brand": card.brand,
        "expiry_month": card.expiry_month,
        "expiry_year": card.expiry_year,
        "issuer_identification_number": card.issuer_identification_number,
        "last_4": card.last_4,
    }


class ListInstruments(Action):
    """GET: the list itself, without `data` around it."""

    is_list = True

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        return Found(await self._collection(context), parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        cards = await of_customer(context.reader, found.parent)
        return Shown(ready=json([{**shown(one), "billing_address": one.billing_address} for one in cards]))


routes = (route("customers/{customer_id}/stored-instruments", 3, GET=ListInstruments(OF_CUSTOMER)),)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
