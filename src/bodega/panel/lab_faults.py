"""Faults: the rules in force with what they have struck, a new one, and an end to them."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Any, get_args

from bodega.lab.control import faults
from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.lab.faults import words
from bodega.lab.faults.kept import KeptRule, shown
from bodega.lab.faults.reading import PARTS, statuses
from bodega.lab.faults.rule import Disconnect, FaultRule, RateLimit, Webhook, effect_words
from bodega.law.reasons import Reason
from bodega.panel import forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.lab import asked, complain, lab_page, status_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go

pages = Pages()

HERE = "/stores/{store}/lab/faults"
MOST_OFFERED = 30
"""So many operations are offered for what was typed."""

_WEBHOOK = {
    "dropped": "Lost", "doubled": "Sent twice", "delayed": "Sent late", "reordered": "Out of order",
    "unsigned": "Without a signature", "badly_signed": "With a wrong signature",
}  # fmt: skip
_DISCONNECT = {"before": "Before it is carried out", "after": "After it was carried out"}


def _words(choices: Any, titles: dict[str, str]) -> list[tuple[str, str]]:
    return [("", "As usual"), *((word, titles.get(word, word.capitalize())) for word in get_args(choices))]


def _form(request: PanelRequest) -> list[FieldGroup]:
    clients = [("", "All"), *((client, account.name) for client, account in request.shop.by_client.items())]
    reasons = [("", "None"), *((one.name, f"{one.v3} {one.name}") for one in sorted(Reason, key=lambda one: one.v3))]
    known = [("", "As usual"), *((str(status), str(status)) for status in statuses())]
    return [
        FieldGroup("Which requests", [
            Field("operation", "Operation", "suggest", "As GET /v3/catalog/products/{id}. Empty: all.", wide=True),
            Field("path", "Or a path", "text", "As /v3/orders/*; ** crosses slashes."),
            Field("method", "Method", "text", "As GET, or POST,PUT."),
            Field("account", "Account", "choice", choices=clients),
        ]),
        FieldGroup("What happens", [
            Field("status", "Answered with", "choice", choices=known),
            Field("reason", "Reason", "choice", "Says more than a status alone.", choices=reasons),
            Field("retry_after", "Retry after", "text", "In seconds, with a status or a reason."),
            Field("field", "Field that it names", "text", "With a status or a reason."),
            Field("latency", "Late by", "text", "Milliseconds, as 200 or 200-800."),
            Field("disconnect", "Disconnected", "choice", choices=_words(Disconnect, _DISCONNECT)),
            Field("truncate", "Cut off after", "text", "Bytes of the body."),
            Field("bytes_per_second", "Bytes a second", "text", "How fast the body leaves."),
            Field("rate_limit", "Quota headers", "choice", choices=_words(RateLimit, {})),
            Field("broken", "A body that cannot be parsed", "flag", blank=False),
        ]),
        FieldGroup("How often", [
            Field("count", "At most", "text", "Times; then the rule is over."),
            Field("probability", "Chance", "text", "From 0 to 1, as 0.25."),
            Field("every", "Every", "text", "3 strikes the third, the sixth."),
            Field("nth", "Only call number", "text"),
            Field("from", "From", "text", "By the store's clock, as 2030-01-31T12:00:00Z."),
            Field("until", "Until", "text"),
            Field("seed", "Seed of the chance", "text", "The same seed, the same faults."),
        ]),
        FieldGroup("Or deliveries of webhooks", [
            Field("webhook", "What becomes of them", "choice", choices=_words(Webhook, _WEBHOOK)),
            Field("delay", "Held back", "text", "Seconds, if sent late or out of order."),
            Field("scope", "Events", "text", "As store/order/*."),
            Field("destination", "Goes to", "text", "As https://receiver.example/*."),
        ], open=False),
    ]  # fmt: skip


@pages.get(HERE)
@lab_page
async def listed(request: PanelRequest, lab: Lab) -> Reply:
    """The rules in force, the oldest first."""
    rules = await asked(request, lab, faults.rules(lab, request.shop.record.hash))
    return show(request, "lab_faults.html", rules=[_row(one) for one in rules])


def _row(one: KeptRule) -> dict[str, Any]:
    """A rule in words, what it struck, and how often it may still strike."""
    counted, most = shown(one), one.rule.schedule.count
    left = "over" if counted["over"] else str(most - counted["struck"]) if most else "no end"
    return {**_told(one.rule), "id": one.rule.id, "seen": one.seen, "struck": counted["struck"], "left": left}


def _told(rule: FaultRule) -> dict[str, str]:
    spelled = "" if rule.of_webhooks else effect_words(rule.effect)
    return {"about": words.about(rule), "often": words.often(rule.schedule), "happens": words.happens(rule.effect),
            "header": spelled}  # fmt: skip


@pages.get(HERE + "/operations")
@lab_page
async def offered(request: PanelRequest, lab: Lab) -> Reply:
    """The operations whose names have the words that were typed, as options of a list."""
    sought = request.query_value("operation").lower().split()
    found = [one for one in faults.served(lab) if all(word in one.lower() for word in sought)]
    body = "".join(f'<option value="{escape(one)}">' for one in found[:MOST_OFFERED])
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store"), *SAFE]
    return Reply(HTTPStatus.OK, headers, body.encode())


@pages.get(HERE + "/new")
@lab_page
async def new(request: PanelRequest, lab: Lab) -> Reply:
    """The form of a new rule."""
    return _show(request, forms.opened(_form(request)))


def _show(request: PanelRequest, form: Form, problem: Problem | None = None, preview: Any = None) -> Reply:
    return show(request, "lab_fault_new.html", status=status_of(form, problem), form=form, preview=preview)


@pages.post(HERE)
@lab_page
async def create(request: PanelRequest, lab: Lab) -> Reply:
    """Adds a rule, or shows it in words without adding it."""
    form, draft = forms.read(request, _form(request), None)
    parts = {part: {name: draft[name] for name in names if draft.get(name)} for part, names in PARTS.items()}
    if "method" in parts["match"]:
        parts["match"]["method"] = parts["match"]["method"].replace(" ", "")
    body = faults.FaultAsked(**parts)
    try:
        if request.field("preview"):
            return _show(request, form, preview=_told(faults.read_fault(lab, body)))
        await asked(request, lab, faults.add_fault(lab, request.shop.record.hash, body))
    except Problem as problem:
        complain(form, problem, {"effect": ""})
        if "effect" in problem.errors:
            form.rest = ["Choose what happens: a status, a reason, a delay or another effect."]
        return _show(request, form, problem)
    return go(f"{request.base}/lab/faults?done=made", *SAFE)


@pages.post(HERE + "/clear")
@lab_page
async def clear(request: PanelRequest, lab: Lab) -> Reply:
    """Deletes all rules."""
    await asked(request, lab, faults.delete_faults(lab, request.shop.record.hash))
    return go(f"{request.base}/lab/faults?done=cleared", *SAFE)


@pages.post(HERE + "/{fault}/delete")
@lab_page
async def delete(request: PanelRequest, lab: Lab) -> Reply:
    """Deletes a rule."""
    try:
        await asked(request, lab, faults.delete_fault(lab, request.shop.record.hash, request.ids["fault"]))
    except Problem as problem:
        if problem.status == HTTPStatus.NOT_FOUND:
            raise PageError(HTTPStatus.NOT_FOUND, "There is no such rule; somebody else may have deleted it.") from None
        raise
    return go(f"{request.base}/lab/faults?done=deleted", *SAFE)
