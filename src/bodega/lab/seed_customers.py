"""The customers of a sample store, with the groups and attributes of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from bodega.access.stores import OpenStore
from bodega.kit.fields import moment
from bodega.kit.write import create_one
from bodega.lab.generation import Keyed, Made, everything, first_free, generate, one_by_one, read
from bodega.lab.people import customer, people
from bodega.resources.customers import attributes, customers, groups, subscribers
from bodega.storage.text import caseless
from bodega.storage.unit import Unit


class CustomerDraft(NamedTuple):
    """A customer, and the subscriber of the newsletter that they are, if any."""

    body: dict[str, Any]
    subscriber: dict[str, Any] | None


class Known(NamedTuple):
    """The ids of a store's sample groups and attributes."""

    groups: Sequence[int]
    attributes: Sequence[int]


KEYS: Mapping[str, Callable[[CustomerDraft], str]] = {
    "customers.email_key": lambda draft: caseless(draft.body["email"])
}


async def generate_customers(store: OpenStore, count: int, seed: int, made: Made) -> None:
    """Adds the `count` customers of a seed that do not exist yet. Raises Refusal when the plan is full."""
    known: Known = await store.write(_known)

    def draft(number: int) -> CustomerDraft:
        return _draft(seed, number, known, store.clock.now())

    rows = Keyed(customers.POST, _create, KEYS)
    first = await first_free((await store.ready()).reader, rows, draft)
    await generate(store, range(first, first + count), draft, partial(one_by_one, rows), made)


def _draft(seed: int, number: int, known: Known, now: float) -> CustomerDraft:
    """What a V3 POST of the sample customer asks for."""
    body = customer(seed, number)
    group, age, subscribes = body.pop("group"), body.pop("age"), body.pop("subscribes")
    address = body.pop("registration_ip_address")
    if group is not None:
        body["customer_group_id"] = known.groups[group]
    for value in body["attributes"]:
        value["attribute_id"] = known.attributes[value.pop("attribute")]
    body["attributes"] = [value for value in body["attributes"] if value["attribute_id"]]
    draft = read(customers.POST, body)
    signed_up = moment(now - age)
    draft |= {"date_created": signed_up, "registration_ip_address": address}
    if not subscribes:
        return CustomerDraft(draft, None)
    named = {name: body[name] for name in ("email", "first_name", "last_name")}
    subscriber = read(subscribers.V3, {**named, "source": "storefront"})
    return CustomerDraft(draft, {**subscriber, "date_created": signed_up})


async def _create(unit: Unit, draft: CustomerDraft) -> None:
    await create_one(unit, customers.POST, dict(draft.body), [])
    if draft.subscriber is not None:
        await create_one(unit, subscribers.V3, dict(draft.subscriber), [])


async def _known(unit: Unit) -> Known:
    """The sample groups and attributes, created if missing; 0 for an attribute too many."""
    held = {entity.name: entity.id for entity in await everything(unit, groups.V2)}
    asked = {entity.name: entity.id for entity in await everything(unit, attributes.POST)}
    for name, percent in people().groups:
        if name not in held:
            rules = [{"type": "all", "method": "percent", "amount": percent}] if percent else []
            body = read(groups.V2, {"name": name, "discount_rules": rules})
            held[name] = (await create_one(unit, groups.V2, body, [])).entity.id
    for name, kind in people().attributes:
        if name not in asked and unit.statistics.total(attributes.TABLE.name) < attributes.MAXIMUM:
            body = read(attributes.POST, {"name": name, "type": kind})
            asked[name] = (await create_one(unit, attributes.POST, body, [])).entity.id
    return Known([held[name] for name, _ in people().groups], [asked.get(name, 0) for name, _ in people().attributes])
