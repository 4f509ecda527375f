"""Validating the password of a customer: for other systems in which the store's customers sign in."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import msgspec

from bodega import passwords
from bodega.domain import guesses
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity
from bodega.kit.fields import Id
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.customers import customer, settings
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

Word = Annotated[str, msgspec.Meta(max_length=1000)]


class Guess(Entity, kw_only=True):
    """The password to validate: V2 names the customer in its path, V3 by the e-mail address."""

    email: Word = ""
    password: Word
    channel_id: Id = channels.DEFAULT


class Checked(NamedTuple):
    """A result that has not been sent yet; `subject` is the customer for whom guesses are counted."""

    subject: str
    right: bool
    customer_id: int


v2 = V2Shape(Guess, "validate", "validate", "password*")
v3 = V3Shape(Guess, required="email password")

V2 = Endpoint(2, customer.TABLE, Listing(customer.TABLE, 2, ""), "store_v2_customers", "", v2=v2, secret=True)
V3 = Endpoint(
    3,
    customer.TABLE,
    Listing(customer.TABLE, 3, ""),
    "store_v2_customers",
    "",
    v3=v3,
    secret=True,
)


class ValidateCredentials(Action):
    """POST: whether e-mail address and password match, and are valid at a channel."""

    anew = True
    writes = True
    body = True

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=True)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Checked:
        """The password is compared before the transaction, since that takes too long for one."""
        email, channel = caseless(draft["email"]), draft.get("channel_id", channels.DEFAULT)
        if await query.get(context.reader, channels.TABLE, channel) is None:
            raise refuse_faults([invalid("channel_id", "must be the id of a channel")])
        subject = guesses.subject_of(email)
        await guesses.check_guesses(context.reader, subject, context.now)
        who = await settings.who_signs_in(context.reader, email, channel)
        right = await passwords.is_right(who.password if who else "", draft["password"])
        return Checked(subject, right, who.id if who else 0)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        checked: Checked = write.prefetched
        await guesses.answered(unit, checked.subject, right=checked.right)
        customer_id = checked.customer_id if checked.right else None
        return Shown(ready=json({"customer_id": customer_id, "is_valid": checked.right}))


class ValidatePassword(ValidateCredentials):
    """POST: whether this is the password of the customer in the path."""

    anew = True

    async def find(self, context: Context) -> Found:
        return await self._find_item(context)

    def read(self, content: Any) -> Any:
        return v2.read(content, creating=True)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Checked:
        who: customer.Customer = found.row.entity(customer.TABLE)
        subject = guesses.subject_of(caseless(who.email))
        await guesses.check_guesses(context.reader, subject, context.now)
        right = await passwords.is_right(who.password, draft["password"])
        return Checked(subject, right, who.id)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        checked: Checked = write.prefetched
        if await unit.get(customer.TABLE, write.found.entity_id) is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        await guesses.answered(unit, checked.subject, right=checked.right)
        return Shown(value={"success": checked.right}, root="validate")


routes = (
    route("customers/{id}/validate", 2, v2, POST=ValidatePassword(V2)),
    route("customers/validate-credentials", 3, POST=ValidateCredentials(V3)),
)

RESOURCE = Resource(routes=routes)
