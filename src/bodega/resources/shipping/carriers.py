"""Carrier connections: which carriers a store has an account with (rule 113). There is nothing to read back."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import msgspec

from bodega.access.settings import with_defaults
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.unknown_members import read_only, unknown
from bodega.law.outcome import Emptied, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.providers.shipping_rates import check, shipping_provider, what_is_wrong
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
    """A connected carrier. The credentials of one that is a registered provider are sealed in the registry, under
    `key_id`; those of the others are not kept, since they are not called."""

    carrier_id: str
    key_id: str = ""


TABLE = stored(
    "carrier_connections",
    Carrier,
    noun="carrier connection",
    columns="carrier_id",
    uniques=[Unique(("carrier_id",), "carrier_id", "The carrier is connected already.")],
)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_information", "", secret=True)


class Connection(NamedTuple):
    """What a body connects: the carrier, and the values by which it knows the store."""

    carrier_id: str
    values: dict[str, Any]


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

    def read(self, content: Any) -> Any:
        carrier = super().read(content)
        return Connection(carrier, content.get("connection") or {})

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """A provider is asked whether the values are right, and they are sealed. Raises Refusal."""
        provider = shipping_provider(with_defaults(context.record.settings), draft.carrier_id)
        if provider is None or context.keep_key is None or not context.may_fetch:
            return ""
        key_id = f"provider-{secrets.token_hex(12)}"
        await context.keep_key(key_id, msgspec.json.encode(draft.values).decode())
        if context.consult is not None:
            wrong = what_is_wrong(await context.consult(check(provider, key_id)))
            if wrong:
                raise refuse_faults([invalid("connection", f"was not accepted: the carrier {wrong}")])
        return key_id

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        made = Carrier(carrier_id=write.draft.carrier_id, key_id=write.prefetched)
        old = await query.one(unit.tx, TABLE, "carrier_id = $1", made.carrier_id)
        if old is None:
            await unit.insert(TABLE, made)
        elif made.key_id:
            made.id = old.entity.id
            await unit.update(TABLE, old, made)
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
