"""Connections to tax providers: with which account, and which password, a store calls a registered one (V3)."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from bodega.access.providers import PROFILE, TAX, Provider, provider_of, registered
from bodega.access.settings import with_defaults
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_v2_information"
HOME = "tax/providers/{provider_id:text}/connection"
Word = Annotated[str, msgspec.Meta(max_length=255)]


class TaxProviderConnection(Entity, kw_only=True):
    """The account at a provider. Its password is sealed in the registry under `key_id`; empty: there is none."""

    provider_id: str
    username: Word = ""
    profile: Word = ""
    key_id: str = ""

    @property
    def configured(self) -> bool:
        """Whether the provider can be called with it."""
        return bool(self.username and self.key_id)


TABLE = stored(
    "tax_provider_connections",
    TaxProviderConnection,
    noun="tax provider connection",
    columns="provider_id",
    hidden="key_id",
    uniques=[Unique(("provider_id",), "provider_id", "The provider is connected already.")],
)
v3 = V3Shape(
    TaxProviderConnection,
    required="",
    read_only="id provider_id",
    hidden="key_id",
    write_only={"password": Annotated[str, msgspec.Meta(max_length=1_000)]},
)
ENDPOINT = Endpoint(3, TABLE, Listing(TABLE, 3, ""), SCOPE, "", v3=v3, secret=True)


async def connection_to(tx: Tx, provider_id: str) -> TaxProviderConnection | None:
    """The connection to a provider; None if there is none."""
    row = await query.one(tx, TABLE, "provider_id = $1", provider_id)
    found: TaxProviderConnection | None = None if row is None else row.entity
    return found


async def active(tx: Tx, settings: Any) -> tuple[Provider, TaxProviderConnection] | None:
    """The tax provider that is asked: the first registered one whose connection is complete. None: the store's own
    rates hold. A store that has no provider is not read."""
    for provider in registered(settings, TAX):
        found = await connection_to(tx, provider.id)
        if found is not None and found.configured and (PROFILE not in provider.url or found.profile):
            return provider, found
    return None


class ShowConnection(Action):
    """GET: the account, without its password."""

    ids_in_path = 1

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        """Raises Refusal if no such provider is registered."""
        if provider_of(with_defaults(context.record.settings), TAX, context.ids[0]) is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return Found(await self._collection(context), context.ids[0])

    async def answer(self, context: Context, found: Found) -> Outcome:
        return _shown(await connection_to(context.reader, found.parent))


class Connect(ShowConnection):
    """PUT: members that the body does not name stay."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=False)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """The password is sealed first; one whose connection is then not written is found by nobody."""
        password = draft.get("password", "")
        if not password or not context.may_fetch or context.keep_key is None:
            return ""
        key_id = f"provider-{secrets.token_hex(12)}"
        await context.keep_key(key_id, password)
        return key_id

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        old = await query.one(unit.tx, TABLE, "provider_id = $1", write.found.parent)
        was = TaxProviderConnection(provider_id=write.found.parent) if old is None else old.entity
        given = {name: value for name, value in write.draft.items() if name != "password"}
        if "password" in write.draft:
            given["key_id"] = write.prefetched
        new = replace(was, **given)
        if old is not None:
            await unit.update(TABLE, old, new)
        elif given:
            await unit.insert(TABLE, new)
        return _shown(new)


class Disconnect(ShowConnection):
    """DELETE: the store's own rates hold again. 200 with what was disconnected, as published."""

    writes = True

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        old = await query.one(unit.tx, TABLE, "provider_id = $1", write.found.parent)
        if old is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        await unit.delete(TABLE, [old.entity.id])
        return _shown(replace(old.entity, key_id=""))


def _shown(one: TaxProviderConnection | None) -> Shown:
    one = one or TaxProviderConnection(provider_id="")
    data = {
        "username": one.username,
        "configured": one.configured,
        "profile": one.profile,
        "target": {"country_codes": [], "subdivision_codes": []},
    }
    return Shown(ready=json({"data": data}))


routes = (route(HOME, 3, GET=ShowConnection(ENDPOINT), PUT=Connect(ENDPOINT), DELETE=Disconnect(ENDPOINT)),)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
