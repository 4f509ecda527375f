"""What the shop says of itself beside its settings of display: privacy, measuring, gift certificates, tax, headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bodega.access.settings import ANY, OFF, read_amounts, read_links
from bodega.resources.carts.drafts import LEAST, MOST
from bodega.resources.customers.settings import privacy_of
from bodega.resources.settings.analytics import analytics_providers
from bodega.resources.settings.storefront import SECURITY
from bodega.resources.tax.settings import GROUP as TAX
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.execution import batch
from bodega.storefront.graphql.fields.prices import money_as
from bodega.storefront.graphql.fields.settings import setting

Args = Mapping[str, Any]
_GOOGLE, _META = 1, 3
_FRAMES = {"deny": "DENY", "same_origin": "SAMEORIGIN"}
_AGES = {"zero_seconds": 0, "five_minutes": 300, "one_year": 31_536_000}


@setting("privacy")
async def _privacy(asking: Asking) -> dict[str, Any]:
    asks, policy = await privacy_of(asking.reader, asking.channel_id)
    return {"cookieConsentEnabled": asks, "privacyPolicyUrl": policy or None}


@setting("socialMediaLinks")
async def _links(asking: Asking) -> list[dict[str, str]]:
    return [{"name": name, "url": url} for name, url in read_links(asking.store.settings.get("social_links") or "")]


@setting("webAnalytics")
async def _analytics(asking: Asking) -> dict[str, Any]:
    found = {one.id: one.code for one in await analytics_providers(asking.reader, asking.channel_id) if one.enabled}
    google, meta = found.get(_GOOGLE), found.get(_META)
    return {
        "ga4": {"tagId": google} if google else None,
        "metaPixel": {"pixelId": meta} if meta else None,
        "segment": None,
    }


@batch("Settings.giftCertificates")
async def _certificates(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    code = args.get("currencyCode")
    if code is None:
        code = (await asking.currencies()).default
    money = await asking.money(code)
    if money is None:
        return [None] * len(things)
    offered = asking.store.settings.get("gift_certificates", ANY)
    months = asking.store.settings.get("gift_certificates.months") or 0
    found: dict[str, Any] = {
        "currencyCode": money.code,
        "isEnabled": offered != OFF,
        "expiry": {"unit": "MONTHS", "value": months} if months else None,
    }
    if offered in (ANY, OFF):
        found |= {
            "__typename": "CustomAmountGiftCertificateSettings",
            "minimumAmount": money_as(Decimal(LEAST), money.currency),
            "maximumAmount": money_as(Decimal(MOST), money.currency),
        }
    else:
        found |= {
            "__typename": "FixedAmountGiftCertificateSettings",
            "amounts": [money_as(one, money.currency) for one in read_amounts(offered)],
        }
    return [found] * len(things)


@setting("tax")
async def _tax(asking: Asking) -> dict[str, str]:
    found = await asking.setting(TAX)
    shown = "INC" if found.tax_entered_with_prices else "EX"
    return {"pdp": shown, "plp": shown}


@setting("security")
async def _security(asking: Asking) -> dict[str, Any]:
    found = await asking.setting(SECURITY)
    frames, hsts = found.x_frame_options_header, found.hsts
    framed = _FRAMES.get(frames.setting) or f"ALLOW-FROM {frames.allowed_url}"
    return {
        "customCspHeader": found.csp_header.header_value if found.csp_header.enabled else None,
        "xFrameOptions": framed if frames.enabled else None,
        "hsts": {
            "hstsOnStorefrontEnabled": hsts.enabled,
            "hstsInPreloadEnabled": hsts.include_preload,
            "hstsInSubdomainsEnabled": hsts.include_subdomains,
            "hstsMaxAgeDurationSeconds": _AGES[hsts.max_age],
        },
    }
