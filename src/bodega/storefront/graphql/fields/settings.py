"""The settings of the shop, as the channel has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bodega.resources.settings.selling import CATALOG, INVENTORY
from bodega.resources.settings.shop import LOCALE, LOGO, PROFILE
from bodega.resources.settings.storefront import (
    PRODUCT,
    ROBOTS_TXT,
    SEARCH,
    SEO,
    STATUS,
)
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import batch, plain, plain_with
from bodega.storefront.graphql.fields.products import seo

Args = Mapping[str, Any]
Read = TypeVar("Read", bound=Callable[[Asking], Awaitable[Any]])
_STATUSES = {"prelaunch": "PRE_LAUNCH", "active": "LAUNCHED", "connected": "LAUNCHED"}


@batch("Site.settings")
async def _settings(_asking: Asking, things: Sequence[Any], _args: Args) -> list[Any]:
    return [Thing("Settings", None) for _ in things]


def setting(name: str) -> Callable[[Read], Read]:
    """Declares how a field of the settings is read, of which there is one a shop."""

    def declare(read: Read) -> Read:
        async def resolve(asking: Asking, things: Sequence[Any], _args: Args) -> list[Any]:
            return [await asking.once(name, lambda: read(asking))] * len(things)

        batch(f"Settings.{name}")(resolve)
        return read

    return declare


async def _profile(asking: Asking) -> Any:
    return await asking.setting(PROFILE)


async def _logo(asking: Asking) -> Any:
    return await asking.setting(LOGO)


@setting("storeName")
async def _name(asking: Asking) -> str:
    return str((await _profile(asking)).store_name)


@plain_with("Settings.storeHash")
def _hash(asking: Asking, _thing: Thing, _args: Args) -> str:
    return asking.store.record.hash


@plain_with("Settings.channelId")
def _channel(asking: Asking, _thing: Thing, _args: Args) -> int:
    return asking.channel_id


@setting("status")
async def _status(asking: Asking) -> str:
    found = await query.value(asking.reader, "SELECT status FROM channels WHERE id = $1", asking.channel_id)
    return _STATUSES.get(str(found), "MAINTENANCE")


@setting("statusMessage")
async def _message(asking: Asking) -> str | None:
    found = await asking.setting(STATUS)
    status = await _status(asking)
    return {"PRE_LAUNCH": found.prelaunch_message, "MAINTENANCE": found.down_for_maintenance_message}.get(status)


@setting("logo")
async def _old_logo(asking: Asking) -> dict[str, Any]:
    found = await _logo(asking)
    title = found.logo_text or (await _profile(asking)).store_name
    return {
        "title": title,
        "image": asking.image(found.logo_image_url, title, default=True) or Thing("Image", "", (title, True)),
    }


plain("LogoField", title=lambda found: found["title"], image=lambda found: found["image"])


@setting("logoV2")
async def _new_logo(asking: Asking) -> dict[str, Any]:
    found = await _logo(asking)
    text = found.logo_text or (await _profile(asking)).store_name
    if found.type == "image" and found.logo_image_url:
        return {"__typename": "StoreImageLogo", "image": asking.image(found.logo_image_url, text, default=True)}
    return {"__typename": "StoreTextLogo", "text": text}


@setting("faviconUrl")
async def _favicon(asking: Asking) -> str | None:
    address = (await _logo(asking)).favicon_url
    return asking.file(address) if address else None


@setting("contact")
async def _contact(asking: Asking) -> dict[str, str]:
    found = await _profile(asking)
    places = await asking.setting(LOCALE)
    return {
        "address": found.store_address, "country": places.store_country, "addressType": found.store_address_type,
        "email": found.store_email, "phone": found.store_phone,
    }  # fmt: skip


@plain_with("Settings.url")
def _url(asking: Asking, _thing: Thing, _args: Args) -> dict[str, str]:
    return {"vanityUrl": asking.base, "cdnUrl": urlsplit(asking.base).netloc, "checkoutUrl": asking.base}


@setting("display")
async def _display(asking: Asking) -> dict[str, Any]:
    found = await asking.setting(PRODUCT)
    return {
        "shortDateFormat": "M jS Y",
        "extendedDateFormat": "M jS Y @ g:i A",
        "showProductRating": found.show_product_rating,
    }


@setting("search")
async def _search(asking: Asking) -> dict[str, bool]:
    found = await asking.setting(SEARCH)
    return {"productFilteringEnabled": found.product_filtering_enabled}


@setting("storefront")
async def _storefront(asking: Asking) -> dict[str, Any]:
    found = await asking.setting(CATALOG)
    return {"catalog": {"productComparisonsEnabled": found.enable_product_comparisons}}


@setting("reviews")
async def _reviews(asking: Asking) -> dict[str, bool]:
    return {"enabled": (await asking.setting(PRODUCT)).show_product_rating}


plain("Settings", isGoogleAiPredictionEnabled=lambda _thing: False, newsletter=lambda _thing: {
    "showNewsletterSignup": True
}, reCaptcha=lambda _thing: {
    "siteKey": "", "isEnabledOnStorefront": False, "isEnabledOnCheckout": False,
}, checkout=lambda _thing: {"reCaptchaEnabled": False, "persistentCartEnabled": True})  # fmt: skip


@setting("inventory")
async def _inventory(asking: Asking) -> dict[str, Any]:
    found = await asking.setting(INVENTORY)
    behaviour = found.product_out_of_stock_behavior.upper()
    return {
        "productOutOfStockBehavior": behaviour if behaviour in _BEHAVIOURS else None,
        "optionOutOfStockBehavior": found.option_out_of_stock_behavior.upper(),
        "stockLevelDisplay": found.stock_level_display.upper(),
        "defaultOutOfStockMessage": found.default_out_of_stock_message,
        "hideInProductFiltering": found.hide_in_product_filtering,
        "showPreOrderStockLevels": found.show_pre_order_stock_levels,
        "showOutOfStockMessage": found.show_out_of_stock_message,
        "updateStockBehavior": found.update_stock_behavior.upper(),
        "showBackorderAvailabilityPrompt": False,
        "backorderAvailabilityPrompt": None,
        "showQuantityOnBackorder": False,
        "showBackorderMessage": False,
    }


_BEHAVIOURS = ("DO_NOTHING", "HIDE_PRODUCT", "HIDE_PRODUCT_AND_ACCESSIBLE", "HIDE_PRODUCT_AND_REDIRECT")


@setting("locales")
async def _locales(asking: Asking) -> list[dict[str, Any]]:
    found = await asking.setting(LOCALE)
    codes = [one.strip() for one in found.default_shopper_language.split(",")]
    return [{"code": one, "isDefault": place == 0} for place, one in enumerate(codes)]


@setting("currency")
async def _currency(asking: Asking) -> dict[str, str]:
    return {"defaultCurrency": (await asking.currencies()).default}


@setting("seo")
async def _seo(asking: Asking) -> dict[str, str]:
    found = await asking.setting(SEO)
    return seo(found.page_title, found.meta_description, found.meta_keywords)


@setting("robotsTxt")
async def _robots(asking: Asking) -> str:
    return str((await asking.setting(ROBOTS_TXT)).robots_txt_ssl)
