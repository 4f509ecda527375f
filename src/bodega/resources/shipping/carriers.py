"""Carrier connections: which carriers a store has an account with (rule 113). There is nothing to read back."""

from __future__ import annotations

from typing import Any

from bodega.kit.actions import Action
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.unknown_members import read_only, unknown
from bodega.law.outcome import Emptied, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.unit import Unit

REQUIRED = {
    "auspost": ("auth_key", "test_mode"),
    "endicia": ("account_id", "pass_phrase"),
    "fedex": ("key", "password", "account_number", "meter_number"),
    "royalmail": (),
    "zoom2u": ("auth_key", "test_mode"),
}
"""What each carrier's connection must bring; other carriers define themselves what they need."""


class Carrier(Entity, kw_only=True):
    """A connected carrier. Its credentials are not kept: nothing here calls a carrier, so storing a password would only
    be a risk."""

    carrier_id: str


TABLE = stored(
    "carrier_connections",
    Carrier,
    noun="carrier connection",
    columns="carrier_id",
    uniques=[Unique(("carrier_id",), "carrier_id", "The carrier is connected already.")],
)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_information", "")


class _OfCarrier(Action):
    """A write whose body names the carrier."""

    writes = True
    body = True
    allowed = frozenset({"carrier_id"})

    def read(self, content: Any) -> Any:
        """The carrier's id. Raises Refusal naming everything that is missing or not allowed."""
        if not isinstance(content, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        faults = []
        for name in content.keys() - self.allowed:
            faults.append(read_only(name) if name == "id" else unknown(name))
        carrier = content.get("carrier_id")
        if not carrier:
            faults.append(_missing("carrier_id"))
        elif not isinstance(carrier, str) or len(carrier) > 100 or "\x00" in carrier:
            faults.append(invalid("carrier_id", "must be a string of at most 100 characters"))
        else:
            faults += self._also(carrier, content)
        if faults:
            raise refuse_faults(faults)
        return carrier

    def _also(self, carrier: str, content: dict[str, Any]) -> list[Fault]:
        return []

    async def _known(self, unit: Unit, carrier: str) -> list[int]:
        sql = "SELECT id FROM carrier_connections WHERE carrier_id = $1"
        return await query.values(unit.tx, sql, carrier)


class Connect(_OfCarrier):
    """POST or PUT: connects or reconnects. Rule 113: the reply is the same whether the carrier is known or not."""

    allowed = frozenset({"carrier_id", "connection"})

    def _also(self, carrier: str, content: dict[str, Any]) -> list[Fault]:
        connection = content.get("connection", {}) or {}
        if not isinstance(connection, dict):
            return [invalid("connection", "must be an object")]
        return [_missing(name) for name in REQUIRED.get(carrier, ()) if connection.get(name) in (None, "")]

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if not await self._known(unit, write.draft):
            await unit.insert(TABLE, Carrier(carrier_id=write.draft))
        return Emptied()


class Disconnect(_OfCarrier):
    """DELETE with a body: a single connection has no path."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await unit.delete(TABLE, await self._known(unit, write.draft))
        return Emptied()


def _missing(name: str) -> Fault:
    return Fault(Reason.FIELD_MISSING, name, f"Required fields missing [{name}]")


routes = (route("shipping/carrier/connection", 2, POST=Connect(V2), PUT=Connect(V2), DELETE=Disconnect(V2)),)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
