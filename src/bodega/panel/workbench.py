"""The webhook workbench: deliveries to every webhook, events sent by hand, signatures checked."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec

from bodega.events import deliveries, message
from bodega.events.deliveries import DueDelivery
from bodega.events.hooks import TABLE, Hook
from bodega.events.page import events, fired
from bodega.lab import workbench
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.panel.webhooks import STATES, reader_of
from bodega.resources import MODEL
from bodega.storage import query
from bodega.storage.outbox import asks_for
from bodega.storage.unit import Unit

pages = Pages()

HERE = "/stores/{store}/workbench"
PER_PAGE = 30
MOST_TIMES = 100
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


async def _hooks(request: PanelRequest) -> dict[int, Hook]:
    return {hook.id: hook for hook in await query.entities(reader_of(request), TABLE)}


def _whole(text: str, digits: int = 9) -> int | None:
    """A whole number of so many digits at most, or None where there is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


# Deliveries


class _Asked(msgspec.Struct, frozen=True):
    """The filter of the deliveries."""

    scope: str
    hook: int | None
    state: str

    @property
    def query(self) -> str:
        """As the query of a link."""
        given = {"scope": self.scope, "hook": self.hook, "state": self.state}
        return urlencode({name: value for name, value in given.items() if value})


def _asked(values: Any) -> _Asked:
    state = values("state")
    return _Asked(values("scope").strip()[:200], _whole(values("hook")), state if state in STATES else "")


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """Deliveries to all webhooks, the newest first."""
    return await _list(request, _asked(request.query_value))


async def _list(request: PanelRequest, asked: _Asked, problem: str = "") -> Reply:
    before = _whole(request.query_value("before"), 15)
    found = await deliveries.log(
        reader_of(request), hook_id=asked.hook, state=asked.state, scope=asked.scope, before=before, limit=PER_PAGE + 1
    )
    return show(
        request, "workbench.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        deliveries=found[:PER_PAGE], more=len(found) > PER_PAGE, before=before, asked=asked, states=STATES,
        hooks=await _hooks(request), scopes=_choices(), problem=problem,
        unknown=workbench.unknown_scope(asked.scope) if asked.scope else "", clock_now=request.shop.clock.now(),
        busy=any(one.state == "waiting" for one in found), sent=_whole(request.query_value("sent")),
    )  # fmt: skip


def _choices() -> Sequence[str]:
    """Every event, and the channel's as those of the first one."""
    return [event.replace("#", "1").replace("/*/", "/1/") for event in events()]


@pages.post(HERE + "/again")
async def again(request: PanelRequest) -> Reply:
    """Sends again what the filter finds, in the same or in another order."""
    asked = _asked(request.field)
    times = _whole(request.field("times") or "1")
    shuffle = _whole(request.field("shuffle"))
    if times is None or not 1 <= times <= MOST_TIMES:
        return await _list(request, asked, f"Each can be sent again 1 to {MOST_TIMES} times.")
    if request.field("shuffle") and shuffle is None:
        return await _list(request, asked, "The order is drawn from a whole number.")
    wanted = workbench.Asked((asked.scope,) if asked.scope else (), asked.hook, asked.state)

    async def job(unit: Unit) -> workbench.Replayed:
        return await workbench.send_again(unit, wanted, times=times, shuffle=shuffle)

    try:
        done: workbench.Replayed = await request.shop.write(job)
    except workbench.CannotReplay as error:
        return await _list(request, asked, _in_words(str(error)))
    return go(f"{request.base}/workbench?{urlencode({'done': 'again', 'sent': done.deliveries})}", *SAFE)


def _in_words(sentence: str) -> str:
    return sentence.replace("Hook ", "Webhook ").replace("active hooks", "active webhooks")


# An event by hand


@pages.get(HERE + "/event")
async def event(request: PanelRequest) -> Reply:
    """What an event looks like, and the form that sends it."""
    return await _event(request, request.query_value("scope").strip()[:200], request.query_value("id").strip())


async def _event(
    request: PanelRequest, scope: str, row: str, *, typed: str | None = None, wrong: dict[str, str] | None = None
) -> Reply:
    """The page; `typed` is the data as it was typed, `wrong` what is wrong with which field."""
    problems = dict(wrong or {})
    found: workbench.Sample | None = None
    if row and _whole(row) is None:
        problems["id"] = "An id is a whole number."
    elif scope:
        try:
            found = await workbench.sample(reader_of(request), MODEL, scope, _whole(row))
        except workbench.CannotTrigger as error:
            problems["id" if row and not workbench.unknown_scope(scope) else "scope"] = str(error)
    hooks = {key: hook for key, hook in (await _hooks(request)).items() if hook.is_active}
    subscribed = [key for key, hook in hooks.items() if asks_for(hook.scope, scope)]
    return show(
        request, "workbench_event.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        scope=scope, row=row, wrong=problems, found=found, hooks=hooks, subscribed=subscribed,
        typed=typed if typed is not None else _pretty(found.data) if found is not None else "",
        payload=_payload(request, scope, found.data) if found is not None else "", choices=_choices(),
        chosen=request.field("hook") or request.query_value("hook"),
        never=found is not None and not fired(MODEL, workbench.plain(scope)), events=_by_subject(),
    )  # fmt: skip


def _payload(request: PanelRequest, scope: str, data: Any) -> str:
    """The body of a message."""
    due = DueDelivery(0, 0, scope, msgspec.json.encode(data), "0" * 40, int(request.shop.clock.now()), 0)
    return _pretty(msgspec.json.decode(message.body(request.shop.record, due)))


def _pretty(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


def _by_subject() -> dict[str, list[str]]:
    """Every event, by what it is about."""
    found: dict[str, list[str]] = {}
    for one in _choices():
        words = one.split("/")
        found.setdefault("channel" if words[1] == "channel" and len(words) > 3 else words[1], []).append(one)
    return found


@pages.post(HERE + "/event")
async def send_event(request: PanelRequest) -> Reply:
    """Sends an event as if something had changed."""
    scope, row, typed, hook = (request.field(name) for name in ("scope", "id", "data", "hook"))
    try:
        data = json.loads(typed) if typed else None
    except (ValueError, RecursionError):
        return await _event(request, scope, row, typed=typed, wrong={"data": "This must be JSON."})
    if hook and _whole(hook) is None:
        return await _event(request, scope, row, typed=typed, wrong={"hook": "Choose one of the webhooks."})
    if row and _whole(row) is None:
        return await _event(request, scope, row, typed=typed)

    async def job(unit: Unit) -> workbench.Triggered:
        return await workbench.trigger(unit, scope, data, _whole(row), hook_id=_whole(hook))

    try:
        made: workbench.Triggered = await request.shop.write(job)
    except workbench.CannotTrigger as error:
        field = "hook" if hook and str(error).startswith("Hook ") else "scope"
        return await _event(request, scope, row, typed=typed, wrong={field: _in_words(str(error))})
    if not made.hooks:
        nobody = "No active webhook subscribed to this event: choose one that gets it all the same."
        return await _event(request, scope, row, typed=typed, wrong={"hook": nobody})
    return go(f"{request.base}/workbench?{urlencode({'done': 'event', 'sent': len(made.hooks)})}", *SAFE)


# Signatures


@pages.get(HERE + "/signature")
async def signature(request: PanelRequest) -> Reply:
    """The form."""
    return _signature(request, None)


def _signature(request: PanelRequest, problems: list[str] | None, missing: str = "") -> Reply:
    """The page; `problems` is None before anything was checked."""
    return show(
        request, "workbench_signature.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if missing else HTTPStatus.OK,
        problems=problems, missing=missing, signed=SIGNED, accounts=request.shop.by_client.values(),
        typed={name: request.field(name) for name in ("account", "at", "body", *SIGNED)},
    )  # fmt: skip


@pages.post(HERE + "/signature", asks=True)
async def check(request: PanelRequest) -> Reply:
    """Says whether a message was signed with the secret, and if not, which of the usual mistakes was made."""
    account = request.shop.by_client.get(request.field("account"))
    secret = request.field("secret") or (account.secret if account is not None else "")
    if not secret:
        return _signature(request, None, "Choose an account, or enter a secret.")
    at = request.field("at")
    if at and _whole(at, 12) is None:
        return _signature(request, None, "The time of receipt is a whole number of seconds, in UTC.")
    headers = {name: request.field(name) for name in SIGNED if request.field(name)}
    body = request.form.get("body", [""])[-1]
    now = float(at) if at else time.time()
    return _signature(request, min((workbench.check_signature(secret, headers, text.encode(), now)
                                    for text in _line_ends(body)), key=len))  # fmt: skip


def _line_ends(text: str) -> list[str]:
    """A body as it may have been: a browser sends each end of a line as CR LF."""
    unix = text.replace("\r\n", "\n")
    return list(dict.fromkeys([unix, text, unix.strip()]))
