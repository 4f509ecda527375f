"""Webhooks: every client's hooks with their deliveries and results; redelivery and reactivation."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bodega import masking
from bodega.events import deliveries, message
from bodega.events.attempts import RETRY_SCHEDULE
from bodega.events.deliveries import Delivery, DueDelivery
from bodega.events.hooks import TABLE, Hook
from bodega.events.scopes import SCOPES
from bodega.journal.exchange import LONGEST_BODY, Attempt
from bodega.lab.workbench import check_signature
from bodega.masking import MASK
from bodega.panel import api, forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go, without_rows
from bodega.storage import query
from bodega.storage.registry import Account
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

pages = Pages()

HERE = "/stores/{store}/webhooks"
ONE = HERE + "/{hook}"
PER_PAGE = 30
STATES = ("waiting", "delivered", "failed")
COUNTS = "SELECT hook_id, state, count(*) FROM deliveries GROUP BY hook_id, state"
BLOCKS = "SELECT client_id, domain, blocked_until FROM hook_blocks WHERE blocked_until > $1"


def reader_of(request: PanelRequest) -> Tx:
    """Reads the store's rows. Raises PageError while they cannot be shown."""
    if request.shop.rows is None:
        raise without_rows(request.shop)
    return request.shop.rows.reader


def names(request: PanelRequest) -> dict[str, str]:
    """The store's accounts by their client ids."""
    return {client: account.name for client, account in request.shop.by_client.items()}


async def the_hook(request: PanelRequest) -> Hook:
    """The hook in the path. Raises PageError."""
    found = await query.get(reader_of(request), TABLE, api.number(request.ids["hook"]))
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such webhook; its client may have deleted it.")
    hook: Hook = found.entity
    return hook


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """All hooks of all clients, with the states of their deliveries."""
    reader = reader_of(request)
    hooks = await query.entities(reader, TABLE)
    counts: dict[int, dict[str, int]] = {}
    for hook_id, state, count in await reader.rows(COUNTS):
        counts.setdefault(hook_id, {})[state] = count
    blocks = await reader.rows(BLOCKS, int(request.shop.clock.now()))
    blocked = {(client_id, domain): until for client_id, domain, until in blocks}
    until = {hook.id: blocked.get((hook.client_id, urlsplit(hook.destination).hostname or ""), 0) for hook in hooks}
    return show(request, "webhooks.html", hooks=hooks, counts=counts, until=until, names=names(request))


# A new one


def _new_form(request: PanelRequest) -> list[FieldGroup]:
    clients = list(names(request).items())
    scopes = [(scope, scope) for scope in sorted(SCOPES)]
    return [
        FieldGroup(
            "",
            [
                Field("client", "For the account", "choice", "Its secret signs the messages.", True, choices=clients),
                Field(
                    "scope",
                    "Event",
                    "suggest",
                    "For example store/product/*.",
                    True,
                    choices=scopes,
                ),
                Field("destination", "Goes to", "text", "An https address.", True, wide=True),
            ],
        )
    ]


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new hook."""
    return show(request, "webhook_new.html", form=forms.opened(_new_form(request)))


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a hook in the name of an account."""
    form, draft = forms.read(request, _new_form(request), None)
    client = draft.pop("client", "")
    if client not in request.shop.by_client:
        form.wrong["client"] = "Choose an account of this store."
        return show(request, "webhook_new.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=form)
    reply = await api.send_request(request, "POST", "/v3/hooks", draft, client=client)
    if reply.refused:
        forms.complain(form, reply)
        return show(request, "webhook_new.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=form)
    return go(f"{request.base}/webhooks/{reply.data['id']}?done=made", *SAFE)


# One hook


@pages.get(ONE)
async def detail(request: PanelRequest) -> Reply:
    """A hook with its deliveries."""
    return await _show(request, await the_hook(request))


async def _show(request: PanelRequest, hook: Hook, message: str = "") -> Reply:
    reader = reader_of(request)
    state = request.query_value("state") if request.query_value("state") in STATES else ""
    text = request.query_value("before")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    found = await deliveries.log(reader, hook_id=hook.id, state=state, before=before, limit=PER_PAGE + 1)
    custom = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
              for name, value in (hook.headers or {}).items()]  # fmt: skip
    facts: dict[str, Any] = {"deliveries": found[:PER_PAGE], "more": len(found) > PER_PAGE, "state": state}
    template = "deliveries.html" if request.swapped else "webhook.html"
    return show(
        request, template, status=HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK, hook=hook,
        sent=masking.headers(custom), names=names(request), message=message, states=STATES, before=before,
        busy=any(item.state == "waiting" for item in found), clock_now=request.shop.clock.now(), **facts,
    )  # fmt: skip


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/webhooks/{request.ids['hook']}?done={done}", *SAFE)


@pages.post(ONE + "/active")
async def activate(request: PanelRequest) -> Reply:
    """Activates a hook, optionally redelivering what failed; or deactivates it."""
    hook = await the_hook(request)
    if request.field("active") == "no":
        return await _as_its_client(request, hook, "PUT", "inactive")
    replay = request.field("replay") == "yes"

    async def job(unit: Unit) -> bool:
        return await deliveries.reactivate(unit, hook.id, replay=replay)

    if not await request.shop.write(job):
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such webhook; its client may have deleted it.")
    return _back(request, "replayed" if replay else "active")


@pages.post(ONE + "/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a hook."""
    return await _as_its_client(request, await the_hook(request), "DELETE", "deleted")


async def _as_its_client(request: PanelRequest, hook: Hook, method: str, done: str) -> Reply:
    body = {"is_active": False} if method == "PUT" else None
    reply = await api.send_request(request, method, f"/v3/hooks/{hook.id}", body, client=hook.client_id)
    if reply.refused:
        return await _show(request, hook, sentence_of(reply))
    return go(f"{request.base}/webhooks?done=deleted", *SAFE) if method == "DELETE" else _back(request, done)


# One delivery


async def the_delivery(request: PanelRequest) -> Delivery:
    """The delivery in the path. Raises PageError."""
    found = await deliveries.show(reader_of(request), api.number(request.ids["delivery"]))
    if found is None or found.hook_id != api.number(request.ids["hook"]):
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such delivery; the log is kept for a few days only.")
    return found


@pages.get(ONE + "/deliveries/{delivery}")
async def delivery(request: PanelRequest) -> Reply:
    """What is sent, what was answered, and when it is attempted next."""
    return await _show_delivery(request, await the_delivery(request))


async def _show_delivery(request: PanelRequest, found: Delivery, problem: str = "") -> Reply:
    row = await query.get(reader_of(request), TABLE, found.hook_id)
    hook: Hook | None = row.entity if row is not None else None
    due = DueDelivery(
        found.id, found.hook_id, found.scope, msgspec.json.encode(found.data), found.hash, found.created, found.attempts
    )
    content = message.body(request.shop.record, due)
    custom = (hook.headers or {}) if hook is not None else {}
    raw = message.headers("", due, content, found.tried_at or found.created, custom)
    raw |= {"webhook-signature": "v1, signed anew at every attempt with the account's secret"}
    encoded = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in raw.items()]
    schedule: list[int] = request.shop.settings[RETRY_SCHEDULE]
    made = await request.panel.journal_sync.attempts(
        request.shop.record.hash, hook_id=found.hook_id, message_id=found.hash
    )
    account = request.shop.by_client.get(hook.client_id) if hook is not None else None
    return show(
        request, "delivery.html", status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK, delivery=found, hook=hook,
        signatures={one.number: _judged(account, one) for one in made},
        sent=masking.headers(encoded), body=json.dumps(json.loads(content), indent=2, ensure_ascii=False),
        made=made, message=problem, tries=len(schedule) + 1, clock_now=request.shop.clock.now(),
        busy=found.state == "waiting",
    )  # fmt: skip


def _judged(account: Account | None, made: Attempt) -> list[str] | None:
    """What is wrong with the signature of an attempt; None where not all of it is known."""
    body = made.body or ""
    if account is None or not account.secret or not made.headers or MASK in body or len(body.encode()) >= LONGEST_BODY:
        return None
    return check_signature(account.secret, dict(made.headers), body.encode(), made.at)


@pages.post(ONE + "/deliveries/{delivery}/again")
async def again(request: PanelRequest) -> Reply:
    """Redelivers an event, from the start of the retry schedule."""
    found = await the_delivery(request)

    async def job(unit: Unit) -> bool:
        return await deliveries.send_again(unit, found.id)

    if not await request.shop.write(job):
        return await _show_delivery(request, found, "The webhook is inactive: activate it first.")
    return go(f"{request.base}/webhooks/{found.hook_id}/deliveries/{found.id}?done=again", *SAFE)
