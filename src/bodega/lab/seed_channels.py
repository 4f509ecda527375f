"""Sample channels: a second storefront with a site and currencies of its own, and a marketplace with listings.

In which state a product is listed follows from the seed and its number, from a stream of its own.
"""

from __future__ import annotations

from typing import Any

from bodega.kit.write import create_one
from bodega.lab.deterministic import DeterministicRandom
from bodega.lab.generation import read
from bodega.resources.channels import currency_assignments, listings, site_routes, sites
from bodega.resources.channels.own import put
from bodega.resources.store import channels, currencies
from bodega.resources.store.channel_currencies import ChannelCurrencies
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

_SALT = 0xC4A77E1
LISTED = 3
"""One product in so many is listed on the marketplace."""
STATES = ("active", "active", "active", "active", "pending", "disabled", "rejected")

STOREFRONT = {"name": "West coast shop", "type": "storefront", "platform": "next", "external_id": "west"}
MARKETPLACE = {"name": "Sample market", "type": "marketplace", "platform": "custom", "external_id": "market"}
URL = "https://west.shop.example"
ROUTES = (("product", "/products/{slug}"), ("category", "/{slug}"), ("home", "/"), ("cart", "/cart"))
EURO = {
    "currency_code": "EUR", "currency_exchange_rate": "0.92", "token_location": "left", "token": "€",
    "decimal_token": ".", "thousands_token": ",", "decimal_places": 2, "name": "Euro", "country_iso2": "DE",
    "is_transactional": True,
}  # fmt: skip


def listed_as(seed: int, k: int) -> str:
    """The state of the listing of sample product `k`; empty if it is not listed."""
    rng = DeterministicRandom(seed ^ _SALT, k)
    return rng.pick(STATES) if rng.one_in(LISTED) else ""


async def channels_of_sample(unit: Unit) -> int:
    """The id of the sample marketplace. It and the storefront are created if missing."""
    if await _known(unit, STOREFRONT) is None:
        shop = (await create_one(unit, channels.V3, read(channels.V3, STOREFRONT), [])).entity.id
        await _furnish(unit, shop)
    market = await _known(unit, MARKETPLACE)
    return market or int((await create_one(unit, channels.V3, read(channels.V3, MARKETPLACE), [])).entity.id)


async def _known(unit: Unit, wanted: dict[str, str]) -> int | None:
    sql = "SELECT id FROM channels WHERE name_key = $1 AND platform = $2 AND type = $3"
    found: int | None = await query.value(unit.tx, sql, caseless(wanted["name"]), wanted["platform"], wanted["type"])
    return found


async def _furnish(unit: Unit, shop: int) -> None:
    """Gives the storefront a site with routes, and a currency beside the store's."""
    taken = await query.value(unit.tx, "SELECT id FROM sites WHERE url_key = $1", URL.removeprefix("https://"))
    if taken is None:
        body = read(sites.V3, {"url": URL, "channel_id": shop})
        site = (await create_one(unit, sites.V3, body, [])).entity.id
        for kind, path in ROUTES:
            route = read(site_routes.V3, {"type": kind, "matching": "*", "route": path})
            await create_one(unit, site_routes.V3, {**route, "site_id": site}, [])
    if await query.value(unit.tx, "SELECT id FROM currencies WHERE currency_code = $1", EURO["currency_code"]) is None:
        await create_one(unit, currencies.V2, read(currencies.V2, EURO), [])
    enabled = await currencies.enabled(unit.tx)
    usual = (await currencies.default(unit.tx)).currency_code
    codes = list(dict.fromkeys(code for code in (usual, str(EURO["currency_code"])) if code in enabled))
    await put(
        unit,
        currency_assignments.OF_CHANNEL,
        shop,
        lambda row: ChannelCurrencies(id=row, channel_id=row, enabled_currencies=codes, default_currency=usual),
    )


async def list_product(unit: Unit, market: int, product_id: int, state: str) -> None:
    """Lists a product on the marketplace, with all its variants."""
    if not state:
        return
    ids = await query.values(unit.tx, "SELECT id FROM variants WHERE product_id = $1 ORDER BY id", product_id)
    listed: list[dict[str, Any]] = [
        {"product_id": product_id, "variant_id": variant, "state": state} for variant in ids
    ]
    draft = {"product_id": product_id, "state": state, "variants": listed, "channel_id": market}
    await create_one(unit, listings.V3, draft, [])
