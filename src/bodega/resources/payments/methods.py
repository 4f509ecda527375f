"""The payment methods that an order or a checkout accepts, with the customer's stored cards."""

from __future__ import annotations

from typing import Any

from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.filters import Ignored
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import parser
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.customers import stored_instruments
from bodega.resources.orders import order
from bodega.resources.payments.cards import BRANDS
from bodega.resources.payments.paying import CARD, CERTIFICATE, CREDIT, NAMES
from bodega.storage import query, rows

SCOPE = "store_payments_methods_read"
OF = {"order_id": Ignored(parser("INTEGER", "")), "checkout_id": Ignored(parser("TEXT", ""))}
V3 = Endpoint(3, order.TABLE, Listing(order.TABLE, 3, "", mapped=OF), SCOPE, "payments/methods")


class ShowMethods(Action):
    """GET."""

    is_list = True

    def parse(self, query: str) -> Query:
        asked = self.listing.parse(query, closed=True)
        if not dict(asked.given).keys() & OF.keys():
            message = "order_id or checkout_id is required."
            raise Refusal(Reason.QUERY_INVALID, message, faults=[Fault(Reason.QUERY_INVALID, "order_id", message)])
        return asked

    async def find(self, context: Context) -> Found:
        given = dict(context.query.given)
        if "order_id" in given:
            row = await query.get(context.reader, order.TABLE, int(given["order_id"]))
        else:
            row = await query.one(context.reader, CARTS, "uuid = $1", given["checkout_id"])
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        now = await rows.table_state(context.reader, stored_instruments.TABLE)
        state = Validator.of_all(Validator(row.version, row.modified), Validator(now.revision, now.modified))
        return Found(state, row.entity.customer_id)

    async def answer(self, context: Context, found: Found) -> Outcome:
        cards = await stored_instruments.of_customer(context.reader, found.parent)
        kinds = [{"instrument_type": brand, "verification_value_required": True} for brand in BRANDS]
        stored: list[dict[str, Any]] = [{"instrument_type": "STORED_CARD", "verification_value_required": False}]
        shown = [
            {
                "id": CARD,
                "name": NAMES[CARD],
                "stored_instruments": [stored_instruments.shown(one) for one in cards],
                "supported_instruments": [*kinds, *stored],
                "test_mode": True,
                "type": "card",
            },
            *(
                {"id": one, "name": NAMES[one], "stored_instruments": [], "supported_instruments": [],
                 "test_mode": False, "type": one.partition(".")[2]}
                for one in (CERTIFICATE, CREDIT)
            ),
        ]  # fmt: skip
        return Shown(ready=json({"data": shown, "meta": {}}))


RESOURCE = Resource(routes=(route("payments/methods", 3, GET=ShowMethods(V3)),))
