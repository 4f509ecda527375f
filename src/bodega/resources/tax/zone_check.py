"""POST /tax/zonecheck: the tax zone of a shopper, a calculation that writes nothing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity
from bodega.kit.fields import Id, Line
from bodega.kit.listing import Listing, Query
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.geography import places
from bodega.resources.geography.destination import destination
from bodega.resources.tax import zones
from bodega.resources.tax.rates_at import zone_of

MAXIMUM = 250
"""The most places of one request; no limit is published."""


class ZoneCheck(Entity, kw_only=True):
    """Where a shopper is, and their group; `subdivision_codes` holds one code, whatever it is called."""

    country_code: Annotated[str, msgspec.Meta(min_length=2, max_length=2)]
    subdivision_codes: Line = ""
    postal_code: Line = ""
    customer_group_id: Id = 0


v3 = V3Shape(ZoneCheck, required="country_code")
V3 = Endpoint(3, zones.TABLE, Listing(zones.TABLE, 3, ""), zones.SCOPE, "", v3=v3)


class CheckZones(Action):
    """POST: the zone of each place of the list. Nothing is written, so a scope for reading is enough."""

    body = calculates = True

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def read(self, content: Any) -> Any:
        return v3.read_new(content, MAXIMUM)

    async def answer_to(self, context: Context, found: Found, draft: Any) -> Outcome:
        faults: list[Fault] = []
        shown = []
        for number, asked in enumerate(draft):
            if places.country(asked["country_code"]) is None:
                faults.append(invalid(f"{number}.country_code", "must be the two-letter code of a country, as US"))
                continue
            to = destination(asked["country_code"], asked.get("subdivision_codes", ""), asked.get("postal_code", ""))
            zone = await zone_of(context.reader, to, asked.get("customer_group_id", 0))
            if zone is not None:
                shown.append(zones.TABLE.encode(zone)[0])
        if faults:
            raise refuse_faults(faults)
        return Shown(ready=b'{"data":[' + b",".join(shown) + b"]}")


routes = (route("tax/zonecheck", 3, POST=CheckZones(V3)),)

RESOURCE = Resource(routes=routes)
