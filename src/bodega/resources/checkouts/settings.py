"""Settings of checkouts: the scripts that take the place of its pages, and for each channel how it is done there."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import fires
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.channel_settings import EVERYWHERE, holding, of_its_channel
from bodega.resources.checkouts.checkout import SCOPE
from bodega.resources.store import channels
from bodega.storage.aggregate import Aggregate
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

Url = Annotated[str, msgspec.Meta(max_length=2_048)]
Word = Annotated[str, msgspec.Meta(max_length=255)]
Text = Annotated[str, msgspec.Meta(max_length=65_535)]


class CheckoutSettings(Entity, kw_only=True):
    """One row for the store, and one for each channel with its own settings. None: the store's, or what holds by
    default."""

    custom_checkout_script_url: Url | None = None
    order_confirmation_use_custom_checkout_script: bool | None = None
    custom_order_confirmation_script_url: Url | None = None
    custom_checkout_supports_uco_settings: bool | None = None
    custom_checkout_sri_hash: Word | None = None
    custom_order_confirmation_sri_hash: Word | None = None
    checkout_type: Word | None = None
    guest_checkout_type: Word | None = None
    guest_checkout_for_existing_accounts: Word | None = None
    policy_consent: Word | None = None
    order_confirmation_contact_email: Word | None = None
    is_order_terms_and_conditions_enabled: bool | None = None
    order_terms_and_conditions_type: Word | None = None
    order_terms_and_conditions_link: Url | None = None
    order_terms_and_conditions_textarea: Text | None = None
    should_redirect_to_storefront_for_auth: bool | None = None


SCRIPTS = (
    "custom_checkout_script_url", "order_confirmation_use_custom_checkout_script",
    "custom_order_confirmation_script_url", "custom_checkout_supports_uco_settings", "custom_checkout_sri_hash",
    "custom_order_confirmation_sri_hash",
)  # fmt: skip
"""What can be set for the whole store."""

ALL = tuple(name for name in CheckoutSettings.__struct_fields__ if name != "id")
DEFAULTS: dict[str, Any] = {
    "custom_checkout_script_url": "",
    "order_confirmation_use_custom_checkout_script": False,
    "custom_order_confirmation_script_url": "",
    "custom_checkout_supports_uco_settings": False,
    "custom_checkout_sri_hash": "",
    "custom_order_confirmation_sri_hash": "",
    "checkout_type": "single",
    "guest_checkout_type": "enabled",
    "guest_checkout_for_existing_accounts": "allow",
    "policy_consent": "",
    "order_confirmation_contact_email": "",
    "is_order_terms_and_conditions_enabled": False,
    "order_terms_and_conditions_type": "link",
    "order_terms_and_conditions_link": "",
    "order_terms_and_conditions_textarea": "",
    "should_redirect_to_storefront_for_auth": False,
}
"""What holds where nothing was set; only the first six are published with a meaning for an empty value."""

TABLE = stored("checkout_settings", CheckoutSettings, noun="checkout settings", columns="")
_LIST = Listing(TABLE, 3, "")
STORE = Endpoint(3, TABLE, _LIST, SCOPE, "checkouts/settings", v3=V3Shape(CheckoutSettings, required=""))
CHANNEL = Endpoint(
    3,
    TABLE,
    _LIST,
    SCOPE,
    "checkouts/settings/channels/{}",
    v3=V3Shape(CheckoutSettings, required=""),
    parents=(Parent("id", channels.TABLE),),
)


async def of_channel(tx: Tx, channel_id: int = EVERYWHERE) -> dict[str, Any]:
    """The settings that hold for a channel: its own, else the store's, else the default ones."""
    return await holding(tx, TABLE, DEFAULTS, channel_id)


class ShowCheckoutSettings(Action):
    """GET: of the store, or what holds for the channel of the path."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        try:
            parent = await self.selection.enter(context)
        except Refusal as refusal:
            if refusal.reason is not Reason.NO_SUCH_ENTITY:
                raise
            raise refuse_faults([invalid("channel_id", "must be a channel of the store")]) from refusal
        return Found(await self._collection(context), parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        shown = await of_channel(context.reader, found.parent or EVERYWHERE)
        names = ALL if self.endpoint.parents else SCRIPTS
        return Shown(ready=json({"data": {name: shown[name] for name in names}, "meta": {}}))


class ChangeCheckoutSettings(ShowCheckoutSettings):
    """PUT: settings that the body does not name stay; null, or an empty text, takes one back."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        assert self.endpoint.v3 is not None
        draft = self.endpoint.v3.read(content, creating=False)
        return draft if self.endpoint.parents else {name: draft[name] for name in SCRIPTS if name in draft}

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        row_id = write.found.parent or EVERYWHERE
        old = await unit.get(TABLE, row_id)
        faults = _faults(write.draft)
        if faults:
            raise refuse_faults(faults)
        holds = await of_channel(unit.tx, row_id)  # what holds already is not made the channel's own
        draft = {name: value for name, value in write.draft.items() if (value or DEFAULTS[name]) != holds[name]}
        was: CheckoutSettings = old.entity if old is not None else CheckoutSettings(id=row_id)
        new = replace(was, **draft)
        if draft.get("order_confirmation_use_custom_checkout_script") and (
            "custom_order_confirmation_script_url" not in draft
        ):
            new.custom_order_confirmation_script_url = ""  # as documented: the checkout's script does both
        if new != was:
            await unit.save(TABLE, old, new)
        return await self.answer(context.within(unit), write.found)


_HASH = re.compile(r"sha(256|384|512)-[A-Za-z0-9+/]+=*")


def _faults(draft: dict[str, Any]) -> list[Fault]:
    faults = []
    for name, value in draft.items():
        if name.endswith("script_url") and value and not value.startswith(("https://", "http://", "webdav:")):
            faults.append(invalid(name, "must be an address that begins with https://, http:// or webdav:"))
        elif name.endswith("sri_hash") and value and not all(map(_HASH.fullmatch, value.split())):
            faults.append(invalid(name, "must be a hash of subresource integrity, as sha384-..."))
    return faults


def changed(_old: CheckoutSettings | None, new: CheckoutSettings) -> dict[str, Any]:
    """The payload of a change."""
    return {"channel_id": new.id}


routes = (
    route("checkouts/settings", 3, GET=ShowCheckoutSettings(STORE), PUT=ChangeCheckoutSettings(STORE)),
    route(
        "checkouts/settings/channels/{channel_id}",
        3,
        GET=ShowCheckoutSettings(CHANNEL),
        PUT=ChangeCheckoutSettings(CHANNEL),
    ),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            signals=(
                fires(
                    "store/channel/#/settings/checkout/updated",
                    changed,
                    on="created updated",
                    channels=of_its_channel,
                ),
            ),
        ),
    ),
    routes=routes,
)
