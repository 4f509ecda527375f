"""Store information and time: read-only facts about the store (rule 122)."""

from __future__ import annotations

import uuid
from typing import Any

from bodega.access.plans import DEFAULT, PLANS
from bodega.access.settings import with_defaults
from bodega.kit.context import Context
from bodega.kit.resource import Resource
from bodega.kit.route import moved, route
from bodega.kit.singleton import Singleton
from bodega.law.outcome import NO_DATE, Validator
from bodega.resources.store import currencies
from bodega.storage import rows


async def information(context: Context) -> dict[str, Any]:
    """The members of GET /v2/store."""
    currency = await currencies.default(context.reader)
    record = context.record
    known = with_defaults(record.settings)
    domain = known["domain"] or f"store-{record.hash}.localhost"
    plan = PLANS.get(record.plan, PLANS[DEFAULT])
    return {
        "id": record.hash,
        "account_uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{record.hash}.{record.created}")),
        "domain": domain,
        "secure_url": f"https://{domain}",
        "control_panel_base_url": f"https://{domain}/manage",
        "status": "live",
        "name": known["name"],
        "first_name": known["first_name"],
        "last_name": known["last_name"],
        "address": known["address"],
        "country": known["country"],
        "country_code": known["country_code"],
        "infrastructure_region": "local",
        "phone": known["phone"],
        "admin_email": known["admin_email"],
        "order_email": known["order_email"],
        "favicon_url": "",
        "timezone": {
            "name": known["timezone"],
            "raw_offset": 0,
            "dst_offset": 0,
            "dst_correction": False,
            "date_format": {"display": "M jS Y", "export": "M jS Y", "extended_display": "M jS Y @ g:i A"},
        },
        "language": known["language"],
        "currency": currency.currency_code,
        "currency_symbol": currency.token,
        "decimal_separator": currency.decimal_token,
        "thousands_separator": currency.thousands_token,
        "decimal_places": currency.decimal_places,
        "currency_symbol_location": currency.token_location,
        "weight_units": known["weight_units"],
        "dimension_units": known["dimension_units"],
        "dimension_decimal_places": 2,
        "dimension_decimal_token": ".",
        "dimension_thousands_token": ",",
        "plan_name": plan.name,
        "plan_level": plan.level,
        "plan_is_trial": plan.name == "trial",
        "industry": known["industry"],
        "logo": {"url": ""},
        "is_price_entered_with_tax": known["prices_include_tax"],
        "store_id": record.number,
        "default_channel_id": 1,
        "default_site_id": 1,
        "active_comparison_modules": [],
        "features": {
            "stencil_enabled": True,
            "sitewidehttps_enabled": True,
            "facebook_catalog_id": "",
            "checkout_type": "optimized",
            "wishlists_enabled": True,
            "graphql_storefront_api_enabled": False,
            "shopper_consent_tracking_enabled": False,
            "multi_storefront_enabled": False,
            "storefront_limits": {"active": 1, "total_including_inactive": 1},
        },
    }


async def unchanged_since(context: Context) -> Validator:
    """The registry's revision changes with the store's settings and plan, the other one with its currency. When
    the settings were changed is not recorded."""
    money = await rows.table_state(context.reader, currencies.TABLE)
    return Validator(context.record.revision + money.revision, NO_DATE)


def time(context: Context) -> dict[str, Any]:
    """The store's clock, in UTC seconds."""
    return {"time": context.now}


STORE = Singleton("store", information, "store_v2_information", unchanged_since)
TIME = Singleton("time", time, "")

routes = (
    route("store", 2, GET=STORE),
    route("time", 2, GET=TIME),
    moved("store_information", 2, "store"),
)

RESOURCE = Resource(routes=routes)
