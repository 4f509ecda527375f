"""Settings of customers: for the whole store, and for channels that differ.

The default group and that of guests are stored with the groups themselves; setting them here changes the groups.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.body import Changes
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import fires
from bodega.kit.fields import Id
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.channel_settings import EVERYWHERE, of_its_channel
from bodega.resources.customers import customer, groups, logins
from bodega.resources.store import channels
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import duplicate
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.tx import Clash, Statement, Tx
from bodega.storage.unit import Unit

ROLES = {"guest_customer_group_id": "is_group_for_guests", "default_customer_group_id": "is_default"}
Unset = msgspec.UnsetType
"""What a body does not name stays."""


class Privacy(msgspec.Struct, omit_defaults=True):
    """In a body, and as it is kept."""

    ask_shopper_for_tracking_consent: bool | Unset | None = msgspec.UNSET
    policy_url: Annotated[str, msgspec.Meta(max_length=2048)] | Unset | None = msgspec.UNSET


class GroupSettings(msgspec.Struct, omit_defaults=True):
    """0 is no group; null, for a channel, is that of the store."""

    guest_customer_group_id: Id | Unset | None = msgspec.UNSET
    default_customer_group_id: Id | Unset | None = msgspec.UNSET


class CustomerSettings(Entity, kw_only=True):
    """One row for the store, and one for each channel with its own settings."""

    privacy_settings: Privacy = msgspec.field(default_factory=Privacy)
    customer_group_settings: GroupSettings = msgspec.field(default_factory=GroupSettings)
    allow_global_logins: bool | None = None


TABLE = stored("customer_settings", CustomerSettings, noun="customer settings", columns="")


_ON_CHANNEL = "store/channel/#/settings/"


def privacy_changed(old: CustomerSettings | None, new: CustomerSettings) -> dict[str, Any] | None:
    """The payload of a change of the privacy settings."""
    was = old.privacy_settings if old is not None else Privacy()
    return {"channel_id": new.id} if was != new.privacy_settings else None


def default_group_changed(old: CustomerSettings | None, new: CustomerSettings) -> dict[str, Any] | None:
    """The payload of a change of the channel's default group."""
    was = old.customer_group_settings if old is not None else GroupSettings()
    now = new.customer_group_settings
    return {"channel_id": new.id} if was.default_customer_group_id != now.default_customer_group_id else None


v3 = V3Shape(CustomerSettings, required="")
_LIST = Listing(TABLE, 3, "")
STORE = Endpoint(3, TABLE, _LIST, "store_v2_customers", "customers/settings", v3=v3)
CHANNEL = Endpoint(
    3,
    TABLE,
    _LIST,
    "store_v2_customers",
    "customers/settings/channels/{}",
    v3=v3,
    parents=(Parent("id", channels.TABLE),),
)


def _value(kept: Any, otherwise: Any) -> Any:
    return otherwise if kept is msgspec.UNSET or kept is None else kept


async def _of_store(tx: Tx) -> dict[str, Any]:
    row = await query.get(tx, TABLE, EVERYWHERE)
    return {
        "privacy_settings": _privacy_everywhere(row.entity if row is not None else CustomerSettings()),
        "customer_group_settings": {name: await groups.holder(tx, role) for name, role in ROLES.items()},
    }


def _privacy_everywhere(kept: CustomerSettings) -> dict[str, Any]:
    return {
        "ask_shopper_for_tracking_consent": _value(
            kept.privacy_settings.ask_shopper_for_tracking_consent, otherwise=False
        ),
        "policy_url": _value(kept.privacy_settings.policy_url, ""),
    }


async def privacy_of(tx: Tx, channel_id: int) -> tuple[bool, str]:
    """Whether a channel asks shoppers for their consent, and where its policy stands: what it says, or the store."""
    kept = {one.id: one.privacy_settings for one in await query.entities_of(tx, TABLE, [EVERYWHERE, channel_id])}
    own, store = kept.get(channel_id, Privacy()), kept.get(EVERYWHERE, Privacy())
    asks = _value(own.ask_shopper_for_tracking_consent, _value(store.ask_shopper_for_tracking_consent, otherwise=False))
    return bool(asks), str(_value(own.policy_url, _value(store.policy_url, "")))


def _of_channel(kept: CustomerSettings) -> dict[str, Any]:
    """Null is what the channel leaves to the store."""
    privacy, of_groups = kept.privacy_settings, kept.customer_group_settings
    return {
        "privacy_settings": {name: _value(getattr(privacy, name), None) for name in Privacy.__struct_fields__},
        "customer_group_settings": {
            name: _value(getattr(of_groups, name), None) for name in GroupSettings.__struct_fields__
        },
        "allow_global_logins": _allows(kept.allow_global_logins, kept.id),
    }


def _allows(kept: bool | None, channel: int) -> bool:
    """The store's own storefront takes customers of all channels, unless it is told otherwise."""
    return kept if kept is not None else channel == channels.DEFAULT


async def takes_global_logins(tx: Tx, channel: int) -> bool:
    """Whether customers who belong to no channel in particular can sign in at this one."""
    row = await query.get(tx, TABLE, channel)
    return _allows(row.entity.allow_global_logins if row is not None else None, channel)


async def _taking(tx: Tx) -> list[int]:
    """The channels that take global logins."""
    own = {row.entity.id: row.entity for row in await query.where(tx, TABLE, "id <> $1", EVERYWHERE)}
    known = await query.values(tx, "SELECT id FROM channels ORDER BY id")
    return [item for item in known if _allows(own[item].allow_global_logins if item in own else None, item)]


async def lets_in(tx: Tx, who: customer.Customer, channel: int) -> bool:
    """Whether a customer can sign in at a channel."""
    if who.channel_ids is not None:
        return channel in who.channel_ids
    return await takes_global_logins(tx, channel)


async def who_signs_in(tx: Tx, email_key: str, channel: int) -> customer.Customer | None:
    """The account that has this address at a channel: one of the channel's own goes before one of all channels."""
    found: list[customer.Customer] = await query.entities(tx, customer.TABLE, "email_key = $1", email_key)
    found.sort(key=lambda who: who.channel_ids is None)
    for who in found:
        if await lets_in(tx, who, channel):
            return who
    return None


class ShowCustomerSettings(Action):
    """GET: of the store, or of the channel that the path names."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        of_groups = await rows.table_state(context.reader, groups.TABLE)
        now = await rows.table_state(context.reader, TABLE)
        state = Validator.of_all(*(Validator(one.revision, one.modified) for one in (now, of_groups)))
        return Found(state, parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        return Shown(ready=json({"data": await self._shown(context.reader, found.parent), "meta": {}}))

    async def _shown(self, tx: Tx, channel: Any) -> dict[str, Any]:
        if not self.endpoint.parents:
            return await _of_store(tx)
        row = await query.get(tx, TABLE, channel)
        return _of_channel(row.entity if row is not None else CustomerSettings(id=channel))


class ChangeCustomerSettings(ShowCustomerSettings):
    """PUT: what the body does not name stays."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if write.recheck is not None:
            of = (TABLE.name, groups.TABLE.name)
            write.recheck(Validator.of_all(*(Validator(*unit.statistics.state(name)) for name in of)))
        draft: Changes = dict(write.draft)
        wanted = draft.get("customer_group_settings", GroupSettings())
        if not self.endpoint.parents:
            _name_values(draft)
            draft.pop("allow_global_logins", None)
            draft.pop("customer_group_settings", None)
            for name, role in ROLES.items():
                if getattr(wanted, name) is not msgspec.UNSET:
                    await groups.appoint(unit, role, getattr(wanted, name) or 0)
        await _know_the_groups(unit, wanted)
        await _keep(unit, write.found.parent or EVERYWHERE, draft)
        return Shown(ready=json({"data": await self._shown(unit.tx, write.found.parent), "meta": {}}))


def _name_values(draft: Changes) -> None:
    """Null leaves a value to the store, which itself has nobody to leave it to."""
    faults = [
        invalid(f"{part}.{name}", "must not be null: only a channel can leave it to the store")
        for part in ("privacy_settings", "customer_group_settings")
        if part in draft
        for name in draft[part].__struct_fields__
        if getattr(draft[part], name) is None
    ]
    if faults:
        raise refuse_faults(faults)


async def _know_the_groups(unit: Unit, wanted: GroupSettings) -> None:
    faults: list[Fault] = []
    for name in GroupSettings.__struct_fields__:
        group = getattr(wanted, name)
        if group and await unit.get(groups.TABLE, group) is None:
            faults.append(invalid(f"customer_group_settings.{name}", "must be the id of a customer group, or 0"))
    if faults:
        raise refuse_faults(faults)


async def _keep(unit: Unit, settings_id: int, draft: Changes) -> None:
    old = await unit.get(TABLE, settings_id)
    was = old.entity if old is not None else CustomerSettings(id=settings_id)
    new = msgspec.structs.replace(was, **{name: _merged(getattr(was, name), value) for name, value in draft.items()})
    shown = _of_channel if settings_id else _privacy_everywhere
    if shown(was) == shown(new):
        return
    await unit.save(TABLE, old, new)
    took, takes = (_allows(kept.allow_global_logins, settings_id) for kept in (was, new))
    if settings_id and takes and not took:
        await logins.open_to_all(unit, settings_id)
    elif settings_id and took and not takes:
        await logins.close_to_others(unit, settings_id, await _taking(unit.tx))


def _merged(was: Any, given: Any) -> Any:
    if not isinstance(given, msgspec.Struct):
        return given
    named = {name: value for name in given.__struct_fields__ if (value := getattr(given, name)) is not msgspec.UNSET}
    return msgspec.structs.replace(was, **named)


routes = (
    route("customers/settings", 3, GET=ShowCustomerSettings(STORE), PUT=ChangeCustomerSettings(STORE)),
    route(
        "customers/settings/channels/{channel_id}",
        3,
        GET=ShowCustomerSettings(CHANNEL),
        PUT=ChangeCustomerSettings(CHANNEL),
    ),
)


async def assign_channel_and_group(
    unit: Unit, changes: Changes, old: customer.Customer | None, _notes: list[Fault]
) -> None:
    """Rules 102 and 103: a customer created at a channel without global logins belongs to it, and one without a group
    joins the default group, the channel's before the store's."""
    if old is not None:
        return
    origin = changes.get("origin_channel_id", channels.DEFAULT)
    if changes.get("channel_ids") is None and not await takes_global_logins(unit.tx, origin):
        changes["channel_ids"] = [origin]
    if "customer_group_id" not in changes:
        row = await unit.get(TABLE, origin)
        chosen = row.entity.customer_group_settings.default_customer_group_id if row is not None else None
        changes["customer_group_id"] = _value(chosen, await groups.holder(unit.tx, "is_default"))


# One account for an e-mail address at each channel (rule 97).


def sign_in_everywhere(_unit: Unit, old: customer.Customer | None, new: customer.Customer) -> list[Statement]:
    """An account of no channel in particular signs in wherever global logins are taken."""
    if old is not None or new.channel_ids is not None:
        return []
    return [logins.kept(caseless(new.email), new.id, [logins.GLOBAL])]


async def sign_in_at_its_channels(unit: Unit, old: customer.Customer | None, new: customer.Customer) -> None:
    """The accounts of channels, and those that get another address or other channels."""
    if old is None:
        if new.channel_ids is None:
            return
    elif (caseless(old.email), old.channel_ids) == (caseless(new.email), new.channel_ids):
        return
    else:
        await unit.tx.run("DELETE FROM customer_logins WHERE customer_id = $1", new.id)
    sql, values = logins.kept(caseless(new.email), new.id, await _places(unit.tx, new))
    try:
        await unit.tx.run(sql, *values)
    except Clash:
        await unit.refuse_conflicts(customer.TABLE, new)
        raise


async def _places(tx: Tx, who: customer.Customer) -> list[int]:
    return logins.places(who.channel_ids, await _taking(tx) if who.channel_ids is not None else ())


async def be_the_only_one_there(tx: Tx, new: customer.Customer) -> list[Fault]:
    """Rule 97: where an account would sign in no other has its address."""
    at = await _places(tx, new)
    sql = (
        "SELECT customer_id FROM customer_logins WHERE email_key = $1 AND customer_id <> $2"
        f" AND channel_id IN ({numbered_placeholders(len(at), 3)})"
    )
    other = await query.value(tx, sql, caseless(new.email), new.id, *at)
    if other is None:
        return []
    return [duplicate("email", "Another customer has this e-mail address.", customer.TABLE.noun, other)]


async def unset_deleted_group(unit: Unit, ids: Any) -> None:
    """A channel whose group goes has the store's again."""
    for (settings_id,) in await unit.tx.rows("SELECT id FROM customer_settings ORDER BY id"):
        row = await unit.get(TABLE, settings_id)
        assert row is not None
        kept = row.entity.customer_group_settings
        gone = [name for name in ROLES if getattr(kept, name) in set(ids)]
        if gone:
            for name in gone:
                setattr(kept, name, None)
            await unit.rewrite(TABLE, row)


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            signals=(
                fires(
                    f"{_ON_CHANNEL}customerPrivacy/updated",
                    privacy_changed,
                    on="created updated",
                    channels=of_its_channel,
                ),
                fires(
                    f"{_ON_CHANNEL}defaultCustomerGroup/updated",
                    default_group_changed,
                    on="created updated",
                    channels=of_its_channel,
                ),
            ),
        ),
    ),
    routes=routes,
)
