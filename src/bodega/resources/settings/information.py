"""Store information and time: read-only facts about the store (rule 122)."""

from __future__ import annotations

import uuid
from typing import Any

from bodega.access.plans import DEFAULT, PLANS
from bodega.access.settings import with_defaults
from bodega.kit.context import Context
from bodega.kit.fields import FILE_URL
from bodega.kit.resource import Resource
from bodega.kit.route import moved, route
from bodega.kit.singleton import Singleton
from bodega.law.outcome import NO_DATE, Validator
from bodega.resources.geography.places import country
from bodega.resources.settings.shop import (
    LOCALE,
    LOGO,
    PROFILE,
    UNITS,
    locale_settings,
    logo_settings,
    store_profile,
    units_of_measurement,
)
from bodega.resources.settings.storefront import SECURITY, security_settings
from bodega.resources.store import currencies
from bodega.resources.tax.settings import GROUP as TAX
from bodega.resources.tax.settings import tax_settings
from bodega.storage import rows

_READ = (currencies.TABLE, *(group.table for group in (PROFILE, LOCALE, UNITS, LOGO, SECURITY, TAX)))


async def information(context: Context) -> dict[str, Any]:
    """The members of GET /v2/store."""
    currency = await currencies.default(context.reader)
    record = context.record
    known = with_defaults(record.settings)
    reader, operator = context.reader, record.settings
    profile = await store_profile(reader, operator=operator)
    locale = await locale_settings(reader, operator=operator)
    units = await units_of_measurement(reader, operator=operator)
    logo = await logo_settings(reader)
    security = await security_settings(reader)
    taxed = await tax_settings(reader, operator=operator)
    settled = country(locale.store_country)
    domain = known["domain"] or f"store-{record.hash}.localhost"
    plan = PLANS.get(record.plan, PLANS[DEFAULT])
    return {
        "id": record.hash,
        "account_uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{record.hash}.{record.created}")),
        "domain": domain,
        "secure_url": f"https://{domain}",
        "control_panel_base_url": f"https://{domain}/manage",
        "status": "live",
        "name": profile.store_name,
        "first_name": known["first_name"],
        "last_name": known["last_name"],
        "address": profile.store_address,
        "country": locale.store_country,
        "country_code": known["country_code"]
        if locale.store_country == known["country"] or settled is None
        else settled.country_iso2,
        "infrastructure_region": "local",
        "phone": profile.store_phone,
        "admin_email": profile.store_email,
        "order_email": known["order_email"],
        "favicon_url": FILE_URL.show(logo.favicon_url, context.base.files),
        "timezone": {
            "name": known["timezone"],
            "raw_offset": 0,
            "dst_offset": 0,
            "dst_correction": False,
            "date_format": {"display": "M jS Y", "export": "M jS Y", "extended_display": "M jS Y @ g:i A"},
        },
        "language": locale.default_shopper_language,
        "currency": currency.currency_code,
        "currency_symbol": currency.token,
        "decimal_separator": currency.decimal_token,
        "thousands_separator": currency.thousands_token,
        "decimal_places": currency.decimal_places,
        "currency_symbol_location": currency.token_location,
        "weight_units": units.weight_measurement,
        "dimension_units": units.length_measurement,
        "dimension_decimal_places": units.decimal_places,
        "dimension_decimal_token": units.decimal_token,
        "dimension_thousands_token": units.thousands_token,
        "plan_name": plan.name,
        "plan_level": plan.level,
        "plan_is_trial": plan.name == "trial",
        "industry": known["industry"],
        "logo": {"url": FILE_URL.show(logo.logo_image_url, context.base.files) if logo.type == "image" else ""},
        "is_price_entered_with_tax": taxed.tax_entered_with_prices,
        "store_id": record.number,
        "default_channel_id": 1,
        "default_site_id": 1,
        "active_comparison_modules": [],
        "features": {
            "stencil_enabled": True,
            "sitewidehttps_enabled": security.sitewide_https_enabled,
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
    """The registry's revision changes with the operator's settings and plan, the others with what the API set. When
    the operator's were changed is not recorded."""
    states = [await rows.table_state(context.reader, table) for table in _READ]
    revision = context.record.revision + sum(state.revision for state in states)
    return Validator(revision, NO_DATE)


def time(context: Context) -> dict[str, Any]:
    """The store's clock, in UTC seconds."""
    return {"time": context.now}


STORE = Singleton("store", information, "store_v2_information", unchanged_since, files=True)
TIME = Singleton("time", time, "")

routes = (
    route("store", 2, GET=STORE),
    route("time", 2, GET=TIME),
    moved("store_information", 2, "store"),
)

RESOURCE = Resource(routes=routes)
