"""Sites: the address of a channel on the web, its primary, canonical and checkout URLs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.actions import Create, Delete, ListAll, ShowItem, Update
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import channel_of, fires
from bodega.kit.fields import Id, Moment, moment
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.parameters import one_of
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import Route, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import NO_DATE, Outcome, Shown, Validator
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.channels.addresses import (
    SITE_URL,
    canonical_url,
    host_of,
    key_of,
    main_domain,
    shop_url,
    usual_url,
)
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.operands import SqlTest
from bodega.storage.registry import StoreRecord
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_sites"
KINDS = ("primary", "canonical", "checkout")
Url = Annotated[str, SITE_URL]


class Site(Entity, kw_only=True):
    """`url` is the primary URL, empty while the site has the store's usual one; the moments are those of its URLs, of
    which the canonical one never changes."""

    channel_id: Id
    created_at: Moment = ""
    updated_at: Moment = ""
    ssl_status: Literal["dedicated", "shared"] = "shared"
    is_checkout_url_customized: bool = False
    url: str = ""
    checkout_url: str = ""
    url_changed: Moment = ""
    checkout_created: Moment = ""
    checkout_changed: Moment = ""


def own_site(unit: Unit) -> list[Site]:
    """The site of the store's own storefront, a default row of every store."""
    now = moment(unit.now)
    return [Site(id=1, channel_id=channels.DEFAULT, created_at=now, updated_at=now, url_changed=now)]


TABLE = stored(
    "sites",
    Site,
    noun="site",
    columns="channel_id is_checkout_url_customized",
    computed={"url_key": ("TEXT", lambda site: key_of(site.url) if site.url else None)},
    hidden="url checkout_url url_changed checkout_created checkout_changed",
    uniques=[
        Unique(("channel_id",), "channel_id", "The channel has a site already."),
        Unique(("url_key",), "url", "Another site has this URL."),
    ],
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
    first=own_site,
)


def primary_of(record: StoreRecord, site: Site) -> str:
    """The URL at which shoppers find the site."""
    return site.url or usual_url(record, site.channel_id)


def urls_of(record: StoreRecord, site: Site) -> list[dict[str, str]]:
    """Every URL of a site. One whose checkout has no URL of its own shows none: its shoppers pay at the store's."""
    urls = [
        (primary_of(record, site), "primary", site.created_at, site.url_changed),
        (canonical_url(record, site.channel_id), "canonical", site.created_at, site.created_at),
    ]
    if site.checkout_url:
        urls.append((site.checkout_url, "checkout", site.checkout_created, site.checkout_changed))
    names = ("url", "type", "created_at", "updated_at")
    return [dict(zip(names, known, strict=True)) for known in urls]


async def site_of(tx: Tx, channel: int) -> Site | None:
    """The site of a channel."""
    row = await query.one(tx, TABLE, "channel_id = $1", channel)
    return row.entity if row is not None else None


async def storefront_url(tx: Tx, record: StoreRecord, channel: int) -> str:
    """Where the shoppers of a channel are: its site's primary URL, or the address that it always has."""
    site = await site_of(tx, channel)
    return canonical_url(record, channel) if site is None else primary_of(record, site)


async def shop_origin(context: Context, channel: int) -> str:
    """What the addresses of a channel's pages begin with, for whoever sent this request."""
    site = await site_of(context.reader, channel)
    return shop_url(context.record, channel, site.url if site is not None else "", context.base.files)


async def checkout_url(tx: Tx, record: StoreRecord, channel: int) -> str:
    """Where the shoppers of a channel pay: its own checkout URL, or the primary URL of the store's storefront."""
    site = await site_of(tx, channel)
    if site is not None and site.checkout_url:
        return site.checkout_url
    return await storefront_url(tx, record, channels.DEFAULT)


async def _url(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    sites = await query.entities_of(context.reader, TABLE, ids)
    return {site.id: json(primary_of(context.record, site)) for site in sites}


async def _urls(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    sites = await query.entities_of(context.reader, TABLE, ids)
    return {site.id: json(urls_of(context.record, site)) for site in sites}


_URL_TYPES = SqlTest(
    "('primary' IN ({placeholders}) OR 'canonical' IN ({placeholders})"
    " OR ('checkout' IN ({placeholders}) AND is_checkout_url_customized))"
)
"""Every site has a primary and a canonical URL; those with a checkout of their own have a third."""

HIDDEN = "url checkout_url url_changed checkout_created checkout_changed"
_OWN = "id created_at updated_at ssl_status is_checkout_url_customized"
v3 = V3Shape(
    Site, required="url channel_id", read_only=_OWN, hidden=HIDDEN, write_only={"url": Url}, set_once="channel_id"
)
of_channel = V3Shape(Site, required="url", read_only=f"{_OWN} channel_id", hidden=HIDDEN, write_only={"url": Url})
_LIST = Listing(
    TABLE,
    3,
    ":channel_id:in",
    mapped={":url_type:in": FilterField(_URL_TYPES, one_of(KINDS))},
    exact=True,
    includes={"url": Include(_url, b'""', tables=TABLE.name), "urls": Include(_urls, tables=TABLE.name)},
    inside="url urls",
    shown=(*v3.shown, "url", "urls"),
)
V3 = Endpoint(3, TABLE, _LIST, SCOPE, "sites", v3=v3, told=("url", "urls"))
OF_CHANNEL = Endpoint(
    3, TABLE, _LIST, SCOPE, "channels/{}/site", v3=of_channel, key="channel_id", told=("url", "urls")
)  # fmt: skip
NEW_OF_CHANNEL = Endpoint(
    3,
    TABLE,
    _LIST,
    SCOPE,
    "channels/{}/site",
    v3=of_channel,
    created=200,
    parents=(Parent("channel_id", channels.TABLE),),
    told=("url", "urls"),
)


class _Addressed:
    """What a site shows follows from the store's hash and domain too, which the registry keeps."""

    async def _included(self, context: Context) -> list[Validator]:
        states: list[Validator] = await super()._included(context)  # type: ignore[misc]
        return [*states, Validator(context.record.revision, NO_DATE)]

    def _includes_now(self, unit: Unit, context: Context) -> list[Validator]:
        states: list[Validator] = super()._includes_now(unit, context)  # type: ignore[misc]
        return [*states, Validator(context.record.revision, NO_DATE)]


class ListSites(_Addressed, ListAll):
    """GET of a collection of sites."""


class ShowSite(_Addressed, ShowItem):
    """GET of a site."""


class CreateSite(_Addressed, Create):
    """POST of a site."""


class UpdateSite(_Addressed, Update):
    """PUT of a site; the usual URL of the store, sent back, does not become the site's own."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        site: Site = write.found.row.entity(TABLE)
        if write.draft.get("url") == primary_of(context.record, site):
            draft = {name: value for name, value in write.draft.items() if name != "url"}
            write = msgspec.structs.replace(write, draft=draft)
        return await super().perform(unit, context, write)


class DropSite(_Addressed, Delete):
    """DELETE of a site."""


class CreateSiteOfChannel(CreateSite):
    """POST of the site of a channel, where it is found from then on."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        outcome = await super().perform(unit, context, write)
        outcome.location = f"{context.base.url}/{self.endpoint.home.format(*context.ids)}"
        return outcome


class DropSiteOfChannel(DropSite):
    """DELETE of the site of a channel: 200, with nothing inside."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await super().perform(unit, context, write)
        return Shown(ready=b'{"data":{},"meta":{}}')


routes: tuple[Route, ...] = (
    route("sites", 3, GET=ListSites(V3), POST=CreateSite(V3)),
    route("sites/{site_id}", 3, GET=ShowSite(V3), PUT=UpdateSite(V3), DELETE=DropSite(V3)),
    route(
        "channels/{channel_id}/site",
        3,
        GET=ShowSite(OF_CHANNEL),
        POST=CreateSiteOfChannel(NEW_OF_CHANNEL),
        PUT=UpdateSite(OF_CHANNEL),
        DELETE=DropSiteOfChannel(OF_CHANNEL),
    ),
)


async def date_the_urls(unit: Unit, old: Site | None, new: Site) -> None:
    """Each URL tells when it was made and when it changed; the site when any of it did."""
    now = moment(unit.now)
    if old is None:
        new.created_at = new.created_at or now
        new.url_changed = new.url_changed or now
        new.updated_at = new.updated_at or now
        new.is_checkout_url_customized = bool(new.checkout_url)
        return
    new.is_checkout_url_customized = bool(new.checkout_url)
    if new.url != old.url:
        new.url_changed = now
        sql = "SELECT 1 FROM site_certificates WHERE site_id = $1 AND host = $2"
        there = bool(new.url) and await unit.tx.row(sql, new.id, host_of(new.url)) is not None
        new.ssl_status = "dedicated" if there else "shared"
    if new.checkout_url != old.checkout_url:
        new.checkout_created = (old.checkout_created or now) if new.checkout_url else ""
        new.checkout_changed = now if new.checkout_url else ""
    if not TABLE.says_the_same(old, new):
        new.updated_at = now


@depends_on("url checkout_url")
async def check_out_in_the_same_domain(_unit: Unit, old: Site | None, new: Site) -> None:
    """A checkout is in the main domain of its storefront; one that a new primary URL leaves behind is refused."""
    if not new.checkout_url or not new.url or (old is not None and _urls_stay(old, new)):
        return
    if main_domain(host_of(new.checkout_url)) != main_domain(host_of(new.url)):
        name = "url" if old is not None and old.checkout_url == new.checkout_url else "checkout_url"
        why = f"must be in the main domain of {new.checkout_url if name == 'url' else new.url}"
        raise refuse_faults([invalid(name, why)])


def _urls_stay(old: Site, new: Site) -> bool:
    return (old.url, old.checkout_url) == (new.url, new.checkout_url)


async def keep_the_stores_own(unit: Unit, ids: Sequence[int]) -> None:
    """The store's own storefront always has a site."""
    sql = f"SELECT id FROM sites WHERE channel_id = $1 AND id IN ({numbered_placeholders(len(ids), 2)})"
    if await unit.tx.row(sql, channels.DEFAULT, *ids) is not None:
        raise refuse_faults([invalid("channel_id", "is that of the store's own storefront, which always has a site")])


def site_changed(old: Site | None, new: Site | None) -> dict[str, Any] | None:
    """The payload of a change of a channel's site, other than of its checkout URL."""
    if old is not None and new is not None and old.url == new.url and old.ssl_status == new.ssl_status:
        return None
    known = new if new is not None else old
    assert known is not None
    return {"channel_id": known.channel_id}


def checkout_changed(old: Site, new: Site) -> dict[str, Any] | None:
    """The payload of a new checkout URL."""
    return {"channel_id": new.channel_id} if new.checkout_url and old.checkout_url != new.checkout_url else None


def checkout_dropped(old: Site, new: Site) -> dict[str, Any] | None:
    """The payload of a checkout URL that is gone."""
    return {"channel_id": new.channel_id} if old.checkout_url and not new.checkout_url else None


_EVENT = "store/channel/#/settings/site"

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_write=(check_out_in_the_same_domain, date_the_urls),
            before_delete=(keep_the_stores_own,),
            signals=(
                fires(f"{_EVENT}/updated", site_changed, on="created updated deleted", channels=channel_of),
                fires(f"{_EVENT}/checkoutUrl/updated", checkout_changed, channels=channel_of),
                fires(f"{_EVENT}/checkoutUrl/deleted", checkout_dropped, channels=channel_of),
            ),
        ),
    ),
    routes=routes,
)
