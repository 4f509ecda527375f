"""Webhooks: every client's hooks, what was delivered to each and what came of it; sent again, and made active again."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bodega.events import deliveries, message
from bodega.events.deliveries import Delivery, Due
from bodega.events.ending import LADDER
from bodega.events.hooks import TABLE, Hook
from bodega.events.scopes import SCOPES
from bodega.http import masking
from bodega.panel import api, forms
from bodega.panel.fields import Field
from bodega.panel.forms import Group
from bodega.panel.templates_of import show
from bodega.panel.web import SAFE, Asked, Pages, Reply, Turned, go
from bodega.storage import rows
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

pages = Pages()

HERE = "/stores/{store}/webhooks"
ONE = HERE + "/{hook}"
PER_PAGE = 30
STATES = ("waiting", "delivered", "failed")
COUNTS = "SELECT hook_id, state, count(*) FROM deliveries GROUP BY hook_id, state"
BLOCKS = "SELECT client_id, domain, blocked_until FROM hook_blocks WHERE blocked_until > $1"


def _reader(asked: Asked) -> Tx:
    if asked.shop.rows is None:
        raise Turned(HTTPStatus.SERVICE_UNAVAILABLE, "The store is being upgraded. Try again in a moment.")
    return asked.shop.rows.reader


def names(asked: Asked) -> dict[str, str]:
    """The store's accounts by their client ids."""
    return {client: account.name for client, account in asked.shop.by_client.items()}


async def the_hook(asked: Asked) -> Hook:
    """The hook in the path. Raises Turned."""
    found = await rows.get(_reader(asked), TABLE, api.number(asked.ids["hook"]))
    if found is None:
        raise Turned(HTTPStatus.NOT_FOUND, "There is no such webhook; its client may have deleted it.")
    hook: Hook = found.entity
    return hook


@pages.get(HERE)
async def listed(asked: Asked) -> Reply:
    """All hooks of all clients, with how their deliveries stand."""
    reader = _reader(asked)
    hooks = [TABLE.decode(row[0], row[1]) for row in await reader.rows("SELECT doc, rest FROM hooks ORDER BY id")]
    counts: dict[int, dict[str, int]] = {}
    for hook_id, state, count in await reader.rows(COUNTS):
        counts.setdefault(hook_id, {})[state] = count
    blocked = {(row[0], row[1]): row[2] for row in await reader.rows(BLOCKS, int(asked.shop.clock.now()))}
    until = {hook.id: blocked.get((hook.client_id, urlsplit(hook.destination).hostname or ""), 0) for hook in hooks}
    return show(asked, "webhooks.html", hooks=hooks, counts=counts, until=until, names=names(asked))


# A new one


def _new_form(asked: Asked) -> list[Group]:
    clients = list(names(asked).items())
    scopes = [(scope, scope) for scope in sorted(SCOPES)]
    return [
        Group(
            "",
            [
                Field("client", "For the account", "choice", "Its secret signs what is sent.", True, choices=clients),
                Field(
                    "scope",
                    "Event",
                    "suggest",
                    "As store/product/*.",
                    True,
                    choices=scopes,
                ),
                Field("destination", "Goes to", "text", "An https address.", True, wide=True),
            ],
        )
    ]


@pages.get(HERE + "/new")
async def new(asked: Asked) -> Reply:
    """The form of a new hook."""
    return show(asked, "webhook_new.html", form=forms.opened(_new_form(asked)))


@pages.post(HERE)
async def create(asked: Asked) -> Reply:
    """Makes a hook in the name of an account."""
    form, draft = forms.read(asked, _new_form(asked), None)
    client = draft.pop("client", "")
    if client not in asked.shop.by_client:
        form.wrong["client"] = "Choose an account of this store."
        return show(asked, "webhook_new.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=form)
    told = await api.ask(asked, "POST", "/v3/hooks", draft, client=client)
    if told.refused:
        forms.complain(form, told)
        return show(asked, "webhook_new.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=form)
    return go(f"{asked.base}/webhooks/{told.data['id']}?done=made", *SAFE)


# One hook


@pages.get(ONE)
async def one(asked: Asked) -> Reply:
    """A hook with its deliveries."""
    return await _show(asked, await the_hook(asked))


async def _show(asked: Asked, hook: Hook, said: str = "") -> Reply:
    reader = _reader(asked)
    state = asked.asked_for("state") if asked.asked_for("state") in STATES else ""
    text = asked.asked_for("before")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    found = await deliveries.log(reader, hook_id=hook.id, state=state, before=before, limit=PER_PAGE + 1)
    custom = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
              for name, value in (hook.headers or {}).items()]  # fmt: skip
    facts: dict[str, Any] = {"deliveries": found[:PER_PAGE], "more": len(found) > PER_PAGE, "state": state}
    template = "deliveries.html" if asked.swapped else "webhook.html"
    return show(
        asked, template, status=HTTPStatus.UNPROCESSABLE_ENTITY if said else HTTPStatus.OK, hook=hook,
        sent=masking.headers(custom), names=names(asked), said=said, states=STATES, before=before,
        busy=any(one.state == "waiting" for one in found), clock_now=asked.shop.clock.now(), **facts,
    )  # fmt: skip


def _back(asked: Asked, done: str) -> Reply:
    return go(f"{asked.base}/webhooks/{asked.ids['hook']}?done={done}", *SAFE)


@pages.post(ONE + "/active")
async def activate(asked: Asked) -> Reply:
    """Makes a hook active again, with what failed sent again where that is wished; or inactive."""
    hook = await the_hook(asked)
    if asked.field("active") == "no":
        return await _as_its_client(asked, hook, "PUT", "inactive")
    replay = asked.field("replay") == "yes"

    async def job(unit: Unit) -> bool:
        return await deliveries.reactivate(unit, hook.id, replay=replay)

    if not await asked.shop.write(job):
        raise Turned(HTTPStatus.NOT_FOUND, "There is no such webhook; its client may have deleted it.")
    return _back(asked, "replayed" if replay else "active")


@pages.post(ONE + "/delete")
async def delete(asked: Asked) -> Reply:
    """Deletes a hook."""
    return await _as_its_client(asked, await the_hook(asked), "DELETE", "deleted")


async def _as_its_client(asked: Asked, hook: Hook, method: str, done: str) -> Reply:
    body = {"is_active": False} if method == "PUT" else None
    told = await api.ask(asked, method, f"/v3/hooks/{hook.id}", body, client=hook.client_id)
    if told.refused:
        return await _show(asked, hook, told.title)
    return go(f"{asked.base}/webhooks?done=deleted", *SAFE) if method == "DELETE" else _back(asked, done)


# One delivery


async def the_delivery(asked: Asked) -> Delivery:
    """The delivery in the path. Raises Turned."""
    found = await deliveries.show(_reader(asked), api.number(asked.ids["delivery"]))
    if found is None or found.hook_id != api.number(asked.ids["hook"]):
        raise Turned(HTTPStatus.NOT_FOUND, "There is no such delivery; the log is kept for some days only.")
    return found


@pages.get(ONE + "/deliveries/{delivery}")
async def delivery(asked: Asked) -> Reply:
    """What is sent, what was answered, and when it is tried next."""
    return await _show_delivery(asked, await the_delivery(asked))


async def _show_delivery(asked: Asked, found: Delivery, said: str = "") -> Reply:
    row = await rows.get(_reader(asked), TABLE, found.hook_id)
    hook: Hook | None = row.entity if row is not None else None
    due = Due(
        found.id, found.hook_id, found.scope, msgspec.json.encode(found.data), found.hash, found.created, found.attempts
    )
    content = message.body(asked.shop.record, due)
    custom = (hook.headers or {}) if hook is not None else {}
    raw = message.headers("", found.hook_id, due, content, found.tried_at or found.created, custom)
    raw |= {"webhook-signature": "v1, signed anew at every attempt with the account's secret"}
    encoded = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in raw.items()]
    ladder: list[int] = asked.shop.settings[LADDER]
    return show(
        asked, "delivery.html", status=HTTPStatus.CONFLICT if said else HTTPStatus.OK, delivery=found, hook=hook,
        sent=masking.headers(encoded), body=json.dumps(json.loads(content), indent=2, ensure_ascii=False),
        said=said, tries=len(ladder) + 1, clock_now=asked.shop.clock.now(), busy=found.state == "waiting",
    )  # fmt: skip


@pages.post(ONE + "/deliveries/{delivery}/again")
async def again(asked: Asked) -> Reply:
    """Sends one once more, from the first step of the ladder."""
    found = await the_delivery(asked)

    async def job(unit: Unit) -> bool:
        return await deliveries.send_again(unit, found.id)

    if not await asked.shop.write(job):
        return await _show_delivery(asked, found, "The webhook is inactive: make it active first.")
    return go(f"{asked.base}/webhooks/{found.hook_id}/deliveries/{found.id}?done=again", *SAFE)
