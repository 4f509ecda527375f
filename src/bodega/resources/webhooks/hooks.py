"""Hooks: to which events a client subscribed, and their destination."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from bodega.events import scopes
from bodega.events.destination import why_not
from bodega.events.hooks import TABLE, Hook, give_up_what_waits, take_what_waits_along
from bodega.kit import render
from bodega.kit.actions import Create, Delete
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import Route, collection, item
from bodega.kit.v2_members import Derived
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.unit import Unit

MAX_OF_A_SCOPE = 10
MAX_HEADERS = 64
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}")
_OURS = frozenset(
    ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "keep-alive"]
)
"""Headers that belong to the connection; those whose names begin with `webhook-` carry the signature."""

MEMBERS = (
    "id! client_id? store_hash? scope* destination* headers is_active created_at? updated_at? events_history_enabled?"
)
v2 = V2Shape(Hook, "hooks", "hook", MEMBERS, {"events_history_enabled": Derived(lambda _hook: False, "boolean")})
v3 = V3Shape(
    Hook,
    required="scope destination",
    read_only="id client_id store_hash created_at updated_at",
    hidden="used_at deactivated",
)


async def _none_is_kept(_context: Context, _ids: Sequence[int]) -> dict[int, bytes]:
    return {}


HISTORY = {"events_history_enabled": Include(_none_is_kept, empty=b"false")}
"""A store keeps no history of a hook's events for its owner."""


def _scope(text: str) -> str:
    if not scopes.is_known(text):
        raise ValueError("must be a scope of a webhook event")
    return text


_SCOPE = FilterField("scope", _scope)

V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "destination is_active min_id max_id", mapped={"scope": _SCOPE}),
    "",
    "hooks",
    v2=v2,
    owner="client_id",
    json_only=True,
    defaults={"is_active": False},  # rule 125
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "is_active destination",
        mapped={"scope": _SCOPE},
        shown=v3.shown,
        includes=HISTORY,
        inside=" ".join(HISTORY),
    ),
    "",
    "hooks",
    v3=v3,
    created=200,
    owner="client_id",
)


class Subscribe(Create):
    """POST: the hook belongs to the client that creates it (rule 124)."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        draft = {**write.draft, "client_id": context.client_id, "store_hash": context.record.hash}
        return await super().perform(unit, context, msgspec.structs.replace(write, draft=draft))


class Unsubscribe(Delete):
    """DELETE answers 200 with the deleted hook (rule 131)."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        last = await unit.get(TABLE, write.found.entity_id)
        await super().perform(unit, context, write)
        if last is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        if self.endpoint.version == 3:
            (doc,) = await render.shown(self.endpoint, context, [last])
            return Shown(ready=b'{"data":' + doc + b',"meta":{}}')
        return Shown(value=v2.show(last.entity, context.base), root=v2.item)


def _routes(endpoint: Endpoint) -> tuple[Route, Route]:
    many, one = collection("hooks", endpoint, "GET"), item("hooks/{id}", endpoint, "GET PUT")
    return (
        replace(many, actions={**many.actions, "POST": Subscribe(endpoint)}),
        replace(one, actions={**one.actions, "DELETE": Unsubscribe(endpoint)}),
    )


routes = (*_routes(V2), *_routes(V3))


NO_SCOPE = "must be an event, as store/order/created, or a group of events, as store/order/*"


async def check_hook(unit: Unit, old: Hook | None, new: Hook) -> None:
    """Rule 125: a known scope, an allowed destination, headers that can be sent."""
    private = bool(unit.terms.settings.get("webhooks.allow_private"))
    wrong = {
        "scope": "" if scopes.is_known(new.scope) else NO_SCOPE,
        "destination": why_not(new.destination, private=private),
        "headers": _unsendable(new.headers or {}),
    }
    changed = {name for name in wrong if old is None or getattr(old, name) != getattr(new, name)}
    faults = [
        Fault(Reason.FIELD_INVALID, name, f"The field '{name}' is invalid.", {"invalid_reason": f"{name} {why}."})
        for name, why in wrong.items()
        if why and name in changed
    ]
    if faults:
        raise refuse_faults(faults)
    new.updated_at = unit.now
    if old is None:
        new.created_at = unit.now
    if new.is_active:
        new.deactivated = ""


def _unsendable(headers: dict[str, str]) -> str:
    """Why these headers cannot be sent with an event; empty if they can."""
    if len(headers) > MAX_HEADERS:
        return f"must be at most {MAX_HEADERS}"
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            return "must have names of letters, digits and hyphens, at most 64 of them"
        if name.lower() in _OURS or name.lower().startswith("webhook-"):
            return f"must not name {name}, which the connection or the signature needs"
        if len(value) > 8192 or not re.fullmatch(r"[\x20-\x7e\t]*", value):
            return "must have values of at most 8192 plain characters"
    return ""


async def limit_hooks(unit: Unit, old: Hook | None, new: Hook) -> None:
    """Rule 123: ten hooks per client and scope. Rule 130: one for exceptions, with a destination that no other hook
    has."""
    if old is not None and (old.scope, old.destination) == (new.scope, new.destination):
        return
    mine = "FROM hooks WHERE client_id = $1 AND id <> $2"
    sql = f"SELECT destination {mine} AND scope = $3"
    destinations = await query.values(unit.tx, sql, new.client_id, new.id, new.scope)
    maximum = 1 if new.scope == scopes.EXCEPTION else MAX_OF_A_SCOPE
    if len(destinations) >= maximum and new.destination not in destinations:
        message = f"A client can have at most {maximum} webhook{'s' if maximum > 1 else ''} of one scope."
        raise Refusal(Reason.PLATFORM_CAP_REACHED, message, details={"resource": "hooks", "limit": maximum})
    other = "=" if new.scope != scopes.EXCEPTION else "<>"
    clash = await query.value(
        unit.tx, f"SELECT id {mine} AND destination = $3 AND scope {other} $4",
        new.client_id, new.id, new.destination, scopes.EXCEPTION,
    )  # fmt: skip
    if clash is not None:
        why = {"invalid_reason": f"destination must differ from that of webhook {clash}."}
        raise refuse_faults([Fault(Reason.FIELD_INVALID, "destination", "The field 'destination' is invalid.", why)])


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_write=(
                check_hook,
                limit_hooks,
            ),
            after_write=(give_up_what_waits,),
            after_delete=(take_what_waits_along,),
        ),
    ),
    routes=routes,
)
