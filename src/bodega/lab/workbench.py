"""The webhook workbench: events made by hand, deliveries sent again, hooks for somebody who listens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from bodega.events import deliveries
from bodega.events.hooks import TABLE, Hook
from bodega.events.scopes import SCOPES, is_known
from bodega.lab.deterministic import mix
from bodega.storage import query
from bodega.storage.model import DataModel
from bodega.storage.outbox import CREATED, DELETED, EVERYTHING, Signal, asks_for, outbox_events
from bodega.storage.outbox import OutboxEvent as Event
from bodega.storage.table import Table
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

LISTENING = "/bodega-listen/"
"""The path to which `bodega webhooks listen` has its hooks deliver: by it what a killed command left is recognised."""

TOLERANCE_SECONDS = 300
"""How far the time in a signature may be from now (Standard Webhooks)."""

_CHANNEL = re.compile(r"/channel/(\d+|\*)/")
_replace = msgspec.structs.replace


class CannotTrigger(ValueError):
    """An event that cannot be made; the message is a sentence."""


class CannotReplay(ValueError):
    """Deliveries that nobody would get; the message is a sentence."""


class Triggered(msgspec.Struct, frozen=True):
    """An event that was made: its scope, its data, its `webhook-id`, the hooks that get it. `real`: whether the data is
    what a row of the store would send, and not only of the same form."""

    scope: str
    data: Any
    id: str
    hooks: list[int]
    real: bool


# Making an event


class Sample(NamedTuple):
    """The data of an event. `real`: whether a row of the store would send it, and not only of the same form."""

    data: Any
    real: bool


async def trigger(
    unit: Unit, scope: str, data: Any = None, entity_id: int | None = None, *, hook_id: int | None = None
) -> Triggered:
    """Fires an event as if a row had changed: of the newest row of its table, or of the one with this id; or with the
    given data. It goes to the hooks that subscribed to it, or to `hook_id` alone, whatever that subscribed to. Raises
    CannotTrigger."""
    if wrong := _not_one_event(scope):
        raise CannotTrigger(wrong)
    found = await sample(unit.tx, unit.model, scope, entity_id) if data is None else Sample(data, real=False)
    hooks = await _subscribed(unit, scope) if hook_id is None else (await _active(unit, hook_id),)
    events = outbox_events([(scope, hooks)], found.data, unit.now)
    unit.statistics.outbox += events
    return Triggered(scope, found.data, events[0].hash if events else "", list(hooks), found.real)


async def sample(tx: Tx, model: DataModel[Any], scope: str, entity_id: int | None = None) -> Sample:
    """The data that an event would carry: of the newest row of its table, or of the one with this id; made up where
    the store has none. Raises CannotTrigger."""
    if wrong := _not_one_event(scope):
        raise CannotTrigger(wrong)
    data = await _data(tx, model, scope, entity_id)
    return Sample(made_up(scope, entity_id or 1), real=False) if data is None else Sample(data, real=True)


def _not_one_event(scope: str) -> str:
    """Why no single event has this scope; empty if one does."""
    if wrong := unknown_scope(scope):
        return wrong
    if not scope.endswith("*"):
        return ""
    below = [one for one in SCOPES if asks_for(scope, one) and not one.endswith("*")]
    told = f" of them, as {', '.join(below[:3])}" if below else ", as store/product/created"
    return f"{scope} stands for many events: trigger one{told}."


async def _subscribed(unit: Unit, scope: str) -> tuple[int, ...]:
    audience = await unit.audience()
    return audience.of(scope) if audience is not None else ()


async def _active(unit: Unit, hook_id: int) -> int:
    """The hook, if it gets anything. Raises CannotTrigger."""
    row = await unit.get(TABLE, hook_id)
    if row is None or not row.entity.is_active:
        what = "does not exist" if row is None else "is not active, so it gets nothing"
        raise CannotTrigger(f"Hook {hook_id} {what}.")
    return hook_id


async def _data(tx: Tx, model: DataModel[Any], scope: str, entity_id: int | None) -> Any:
    """What the newest row of its table would send; None where no table fires it, or there is no row that would."""
    for table, signal, change in signals_of(model, scope):
        if entity_id is not None:
            row = await query.get(tx, table, entity_id)
            if row is None:
                raise CannotTrigger(f"There is no row {entity_id} in {table.name}.")
            found = [row.entity]
        else:
            newest = f"SELECT max(id) FROM {table.name}"  # noqa: S608 - a declared name
            last = await query.value(tx, newest)
            row = await query.get(tx, table, last) if last is not None else None
            found = [row.entity] if row is not None else []
        for entity in found:
            for old, new in _changes(signal, change, entity):
                told = signal.say(old, new)
                if told is not None:
                    return told
    return None


def signals_of(model: DataModel[Any], scope: str) -> Iterator[tuple[Table, Signal, str]]:
    """The signals that fire a scope, each with its table and the change."""
    declared = plain(scope)
    for table in model.tables:
        for signal in model.rules_of(table).signals:
            if signal.scope in (scope, declared):
                for change in sorted(signal.on):
                    yield table, signal, change


def plain(scope: str) -> str:
    """A scope as it is declared: with # in place of a channel's id."""
    return _CHANNEL.sub("/channel/#/", scope)


def _changes(signal: Signal, change: str, entity: Any) -> Iterator[tuple[Any, Any]]:
    """What a row may have been and become: made, deleted, or changed in what fires the signal."""
    if change == CREATED:
        yield None, entity
    elif change == DELETED:
        yield entity, None
    else:
        yield entity, entity
        for name in signal.fields or entity.__struct_fields__:
            value = getattr(entity, name)
            if name != "id" and isinstance(value, int) and not isinstance(value, bool):
                yield _replace(entity, **{name: value + 1 if value <= 0 else value - 1}), entity


def made_up(scope: str, entity_id: int) -> dict[str, Any]:
    """Data of the usual form, for events of what this store does not have."""
    words = [word for word in _CHANNEL.sub("/", scope).split("/")[1:-1] if word]
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", "_".join(words) or "store").lower()
    return {"type": kind, "id": entity_id}


# Sending again


class Asked(NamedTuple):
    """Which deliveries: of scopes (`store/order/*` covers all below it), a hook, a state, since a time (store's)."""

    scopes: tuple[str, ...] = ()
    hook_id: int | None = None
    state: str = ""
    since: int = 0


class Replayed(msgspec.Struct, frozen=True):
    """How many deliveries were sent again, and to how many hooks."""

    deliveries: int
    hooks: int


MOST = 10_000


async def send_again(
    unit: Unit, asked: Asked, *, times: int = 1, shuffle: int | None = None, most: int = MOST
) -> Replayed:
    """Sends deliveries again, each `times` times under its `webhook-id`, in the order in which they happened or in one
    drawn from the seed `shuffle`; the log shows them as new deliveries. Inactive and deleted hooks get nothing."""
    hooks = {row.entity.id: row.entity.is_active for row in await unit.where(TABLE, "id > 0")}
    if asked.hook_id is not None and not hooks.get(asked.hook_id):
        what = "is not active, so it gets nothing" if asked.hook_id in hooks else "does not exist"
        raise CannotReplay(f"Hook {asked.hook_id} {what}; the store's active hooks: {_listed(hooks)}.")
    active = {hook for hook, is_active in hooks.items() if is_active}
    found: list[deliveries.Delivery] = []
    before: int | None = None
    while len(found) < most:
        page = await deliveries.log(unit.tx, hook_id=asked.hook_id, state=asked.state, before=before, limit=500)
        found += [one for one in page if one.hook_id in active and _is_asked(one, asked)]
        if len(page) < 500 or page[-1].created < asked.since:
            break
        before = page[-1].id
    chosen = found[:most][::-1] * times
    if shuffle is not None:
        places = sorted(range(len(chosen)), key=lambda place: mix(mix(shuffle) + place))
        chosen = [chosen[place] for place in places]
    unit.statistics.outbox += [
        Event(one.scope, msgspec.json.encode(one.data), one.hash, one.created, (one.hook_id,)) for one in chosen
    ]
    return Replayed(len(chosen), len({one.hook_id for one in chosen}))


def _listed(hooks: Mapping[int, bool]) -> str:
    return ", ".join(str(hook) for hook, is_active in sorted(hooks.items()) if is_active) or "none"


def _is_asked(one: deliveries.Delivery, asked: Asked) -> bool:
    return one.created >= asked.since and (
        not asked.scopes or any(asks_for(scope, one.scope) for scope in asked.scopes)
    )


# Listening


async def listen(unit: Unit, client_id: str, scopes: Sequence[str], destination: str) -> list[int]:
    """Hooks of an account for these scopes, or one for everything; what an earlier command left is deleted. They are
    the lab's: no rule limits their scopes."""
    left = [row.entity.id for row in await unit.where(TABLE, "destination LIKE $1", f"http://%{LISTENING}%")]
    await unlisten(unit, left)
    plain = _without_rules(unit)
    made = []
    for scope in scopes or (EVERYTHING,):
        now = unit.now
        hook = Hook(
            client_id=client_id, scope=scope, destination=destination, created_at=now, updated_at=now, used_at=now
        )
        row = await plain.insert(TABLE, hook)
        made.append(int(row.entity.id))
    return made


async def unlisten(unit: Unit, ids: Iterable[int]) -> None:
    """Deletes such hooks, with what waits for them."""
    doomed = list(ids)
    if doomed:
        await unit.delete(TABLE, doomed)


def _without_rules(unit: Unit) -> Unit:
    from bodega.storage.aggregate import Aggregate

    unit.model = unit.model.with_rules(Aggregate(TABLE))
    return unit


def unknown_scope(scope: str) -> str:
    """The nearest scope, where there is no such one; empty if it may be listened to."""
    from difflib import get_close_matches

    if is_known(scope) or scope == EVERYTHING:
        return ""
    near = get_close_matches(scope, SCOPES, n=2)
    told = f"; did you mean {' or '.join(near)}?" if near else "; docs/webhooks.md lists them."
    return f"{scope} is no scope of a webhook event{told}"


# Checking a signature


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> list[str]:
    """What is wrong with a message's signature, as sentences; none if it is right. `now` is in UTC seconds."""
    named = {name.lower(): value.strip() for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if name not in named]
    if missing:
        return [f"The header {name} is missing." for name in missing]
    stamp = named["webhook-timestamp"]
    if not stamp.isascii() or not stamp.isdigit():
        return [f"webhook-timestamp is {stamp}, and must be UTC seconds."]
    wrong = []
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        minutes = TOLERANCE_SECONDS // 60
        wrong.append(f"webhook-timestamp is {now - int(stamp):.0f} s old; receivers refuse what is over {minutes} min.")
    signed = f"{named['webhook-id']}.{stamp}.".encode() + body
    own = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    given = [part.partition(",") for part in named["webhook-signature"].split()]
    if not any(version == "v1" and hmac.compare_digest(own, _decoded(text)) for version, _, text in given):
        wrong.append(_why_not(secret, signed, body, named, given))
    return wrong


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _why_not(
    secret: str, signed: bytes, body: bytes, named: Mapping[str, str], given: Sequence[tuple[str, str, str]]
) -> str:
    """Which of the usual mistakes made the signature."""
    texts = [_decoded(text) for version, _, text in given if version == "v1"]
    if not texts:
        return "webhook-signature holds no signature of version v1."

    def made_by(key: bytes, content: bytes) -> bool:
        return hmac.new(key, content, hashlib.sha256).digest() in texts

    if made_by(secret.encode(), body):
        return "The signature is of the body alone: it must be of id, timestamp and body, joined by dots."
    if made_by(base64.b64encode(secret.encode()), signed):
        return "The signature was made with base64(secret) as the key: the key is the secret's bytes."
    if made_by(_decoded(secret), signed):
        return "The signature was made with the decoded secret as the key: the key is the secret's own bytes."
    return (
        "The signature does not match: another secret, or the body was changed on the way (parsed and written again)."
    )
