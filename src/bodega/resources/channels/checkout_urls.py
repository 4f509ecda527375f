"""The checkout URL of a channel's site: where its shoppers pay, if not at the store's own storefront."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec.structs import replace

from bodega.kit import render
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.channels import sites
from bodega.resources.channels.addresses import clean_site_url, host_of, main_domain
from bodega.resources.channels.sites import SCOPE, TABLE, Site, UpdateSite, primary_of
from bodega.storage.query import Row
from bodega.storage.unit import Unit


def secure_url(text: str) -> str:
    """A URL of HTTPS: HTTP is made HTTPS."""
    url = clean_site_url(text)
    return f"https:{url[5:]}" if url.startswith("http:") else url


Secure = Annotated[str, sites.SITE_URL._replace(clean=secure_url)]
v3 = V3Shape(
    Site,
    required="url",
    read_only=f"{sites._OWN} channel_id",
    hidden=sites.HIDDEN,
    write_only={"url": Secure},
)
OF_CHANNEL = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", includes=sites.V3.listing.includes, inside="url urls"),
    SCOPE,
    "",
    v3=v3,
    key="channel_id",
    told=("url", "urls"),
)


class PutCheckoutUrl(UpdateSite):
    """PUT: made or replaced. The reply is the site, without `data` around it."""

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        row = await _changed(self, unit, context, write, write.draft["url"])
        (document,) = await render.shown(self.endpoint, context, [row])
        return Shown(ready=document)


class DropCheckoutUrl(UpdateSite):
    """DELETE: shoppers pay at the store's own storefront again."""

    body = False

    def read(self, content: Any) -> Any:
        return {}

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """There is nothing to fetch."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await _changed(self, unit, context, write, "")
        return Shown(ready=b'{"data":{},"meta":{}}')


async def _changed(action: UpdateSite, unit: Unit, context: Context, write: Write, url: str) -> Row:
    old = await unit.get(TABLE, write.found.entity_id)
    if old is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    recheck = action._unchanged(unit, context, write)
    if recheck is not None:
        recheck(Validator(old.version, old.modified))
    site: Site = old.entity
    primary = primary_of(context.record, site)
    if url and main_domain(host_of(url)) != main_domain(host_of(primary)):
        raise refuse_faults([invalid("url", f"must be in the main domain of {primary}")])
    if site.checkout_url == url:
        return old
    return await unit.update(TABLE, old, replace(site, checkout_url=url))


routes = (
    route(
        "channels/{channel_id}/site/checkout-url",
        3,
        PUT=PutCheckoutUrl(OF_CHANNEL),
        DELETE=DropCheckoutUrl(OF_CHANNEL),
    ),
)

RESOURCE = Resource(routes=routes)
