"""The administration of webhooks: a client's hooks, blocked domains, and e-mail addresses for notices."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from bodega.events.hooks import TABLE
from bodega.kit import render
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.body import parse_json, wrong_type
from bodega.kit.complaint import WrongType
from bodega.kit.context import Context, Found, Write
from bodega.kit.listing import Query
from bodega.kit.parameters import parser
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import NO_DATE, Emptied, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.webhooks import hooks
from bodega.storage import query
from bodega.storage.unit import Unit

MAX_EMAILS = 50
_EMAIL = re.compile(r"[^\s@\x00]{1,64}@[^\s@\x00]{1,190}")
_IS_ACTIVE = parser("BOOLEAN", "is_active")


class ShowAdmin(Action):
    """GET: hooks with their status, blocked domains, addresses."""

    def __init__(self) -> None:
        self.scope = ""
        self.listing = hooks.V3.listing

    def parse(self, query: str) -> Query:
        return self.listing.parse(query, closed=True)

    async def find(self, context: Context) -> Found:
        return Found(Validator(context.now, NO_DATE))  # how long a domain stays blocked changes every second

    async def answer(self, context: Context, found: Found) -> Outcome:
        asked = dict(context.query.given).get("is_active")
        wanted = None if asked is None else _IS_ACTIVE(asked)
        mine = await query.entities(context.reader, TABLE, "client_id = $1", context.client_id)
        listed = [
            {**{name: getattr(hook, name) for name in hooks.v3.shown}, "status": hook.status}
            for hook in mine
            if wanted is None or hook.is_active == wanted
        ]
        blocks = await context.reader.rows(
            "SELECT domain, blocked_until, reasons FROM hook_blocks"
            " WHERE client_id = $1 AND blocked_until > $2 ORDER BY domain",
            context.client_id,
            context.now,
        )
        contacts = "SELECT emails FROM hook_contacts WHERE client_id = $1"
        emails = await query.value(context.reader, contacts, context.client_id)
        data = {
            "emails": msgspec.json.decode(emails) if emails is not None else [],
            "hooks_list": listed,
            "blocked_domains": [
                {"destination": domain, "time_left": until - context.now, "reasons": msgspec.json.decode(reasons)}
                for domain, until, reasons in blocks
            ],
        }
        count = len(listed)
        page = {"total": count, "count": count, "per_page": count, "current_page": 1, "total_pages": 1, "links": {}}
        return Shown(ready=render.json({"data": data, "meta": {"pagination": page}}))


class Contacts(msgspec.Struct):
    """A body: the addresses of e-mails."""

    emails: list[str]


class SetEmails(Action):
    """PUT: who gets an e-mail when a domain is blocked or a hook deactivated."""

    writes = True
    body = True
    takes = Contacts

    def __init__(self) -> None:
        self.scope = ""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def read(self, content: Any) -> Any:
        members = parse_json(content)
        if not isinstance(members, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        emails = members.get("emails")
        if emails is None:
            raise refuse_faults([Fault(Reason.FIELD_MISSING, "emails", "emails is required.")])
        if not isinstance(emails, list):
            raise refuse_faults([wrong_type("emails", WrongType("must be a list", "error.expected.jsarray"))])
        if len(emails) > MAX_EMAILS or not all(map(_is_email, emails)):
            message = f"emails must be a list of at most {MAX_EMAILS} e-mail addresses."
            raise refuse_faults([Fault(Reason.FIELD_INVALID, "emails", message)])
        return list(dict.fromkeys(emails))

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        sql = (
            "INSERT INTO hook_contacts (client_id, emails) VALUES ($1, $2)"
            " ON CONFLICT (client_id) DO UPDATE SET emails = excluded.emails"
        )
        await unit.tx.run(sql, context.client_id, msgspec.json.encode(write.draft).decode())
        return Emptied()


def _is_email(value: Any) -> bool:
    return isinstance(value, str) and _EMAIL.fullmatch(value) is not None


routes = (route("hooks/admin", 3, GET=ShowAdmin(), PUT=SetEmails()),)

RESOURCE = Resource(routes=routes)
