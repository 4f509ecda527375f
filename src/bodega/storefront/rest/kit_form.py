"""What the vendor's own checkout kit is told of a shop: its settings, countries, the ways to pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega import passwords
from bodega.resources.checkouts import settings as checkout_settings
from bodega.resources.geography import places
from bodega.resources.geography.places import COUNTRIES, states_of
from bodega.resources.payments.cards import BRANDS
from bodega.resources.payments.paying import CARD
from bodega.resources.settings.shop import store_profile
from bodega.resources.shipping.destinations import Destination
from bodega.resources.store import channel_currencies, currencies
from bodega.resources.store.currencies import Currency
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking

GATEWAY = "test gateway: no money moves"
REQUIREMENTS = f"A password has at least {passwords.SHORTEST} characters, letters and numbers among them."


def _money(one: Currency) -> dict[str, Any]:
    return {
        "code": one.currency_code,
        "decimalPlaces": str(one.decimal_places),
        "decimalSeparator": one.decimal_token,
        "symbolLocation": one.token_location,
        "symbol": one.token,
        "thousandsSeparator": one.thousands_token,
    }


async def settings_form(asking: Asking, checkout_id: str) -> dict[str, Any]:
    """The settings of a checkout; `checkout_id` is that of the cart in the browser."""
    reader, base = asking.reader, asking.base
    profile = await store_profile(reader, asking.channel_id, asking.store.settings)
    holds = await checkout_settings.of_channel(reader, asking.channel_id)
    sold_in = (await channel_currencies.of_channels(reader, [asking.channel_id]))[asking.channel_id]
    own = await currencies.default(reader)
    row = await query.one(reader, currencies.TABLE, "currency_code = $1", sold_in.default)
    shown: Currency = own if row is None else row.entity
    country = places.country(profile.store_address.rpartition("\n")[2]) or places.country("US")
    return {
        "context": {"checkoutId": checkout_id or None, "flashMessages": [], "payment": {"token": None},
                    "geoCountryCode": ""},
        "customization": {"languageData": []},
        "storeConfig": {
            "cdnPath": base,
            "checkoutSettings": _checkout(holds),
            "currency": _money(own),
            "shopperCurrency": {**_money(shown), "exchangeRate": shown.currency_exchange_rate,
                                "isTransactional": shown.is_default or shown.is_transactional},
            "displayDateFormat": "MMM dd yyyy",
            "inputDateFormat": "MM/dd/yyyy",
            "imageDirectory": "product_images",
            "isAngularDebuggingEnabled": False,
            "links": {
                "cartLink": f"{base}/cart.php",
                "checkoutLink": f"{base}/checkout",
                "createAccountLink": f"{base}/login.php?action=create_account",
                "forgotPasswordLink": f"{base}/login.php?action=reset_password",
                "loginLink": f"{base}/login.php",
                "siteLink": base,
                "orderConfirmationLink": f"{base}/checkout/order-confirmation",
            },
            "paymentSettings": {"bigpayBaseUrl": base, "clientSidePaymentProviders": [CARD]},
            "shopperConfig": {
                "defaultNewsletterSignup": False,
                "showNewsletterSignup": True,
                "passwordRequirements": {
                    "alpha": "/[A-Za-z]/",
                    "numeric": "/[0-9]/",
                    "minlength": passwords.SHORTEST,
                    "error": REQUIREMENTS,
                },
            },
            "storeProfile": {
                "orderEmail": profile.store_email,
                "shopPath": base,
                "storeCountry": "" if country is None else country.country,
                "storeCountryCode": "" if country is None else country.country_iso2,
                "storeHash": asking.store.record.hash,
                "storeId": "1",
                "storeName": profile.store_name,
                "storePhoneNumber": profile.store_phone,
                "storeLanguage": "en_US",
            },
        },
    }  # fmt: skip


def _checkout(holds: dict[str, Any]) -> dict[str, Any]:
    return {
        "features": {},
        "enableOrderComments": True,
        "enableTermsAndConditions": holds["is_order_terms_and_conditions_enabled"],
        "googleMapsApiKey": "",
        "googleRecaptchaSitekey": "",
        "guestCheckoutEnabled": holds["guest_checkout_type"] != "disabled",
        "hasMultiShippingEnabled": True,
        "isAccountCreationEnabled": True,
        "isAnalyticsEnabled": False,
        "isCardVaultingEnabled": False,
        "isCouponCodeCollapsed": True,
        "isPaymentRequestEnabled": False,
        "isPaymentRequestCanMakePaymentEnabled": False,
        "isSignInEmailEnabled": False,
        "isSpamProtectionEnabled": False,
        "isStorefrontSpamProtectionEnabled": False,
        "isTrustedShippingAddressEnabled": False,
        "orderTermsAndConditions": holds["order_terms_and_conditions_textarea"],
        "orderTermsAndConditionsLink": holds["order_terms_and_conditions_link"],
        "orderTermsAndConditionsType": holds["order_terms_and_conditions_type"],
        "privacyPolicyUrl": "",
        "providerWithCustomCheckout": None,
        "realtimeShippingProviders": [],
        "remoteCheckoutProviders": [],
        "requiresMarketingConsent": False,
        "shippingQuoteFailedMessage": "Nothing is delivered to this address.",
    }


def card_method() -> dict[str, Any]:
    """Paying by card, at the gateway for tests."""
    return {
        "id": CARD,
        "gateway": None,
        "method": "credit-card",
        "type": "PAYMENT_TYPE_API",
        "supportedCards": [one.replace("MASTERCARD", "MC").replace("DINERS_CLUB", "DINERS") for one in BRANDS],
        "logoUrl": "",
        "returnUrl": None,
        "nonce": None,
        "initializationData": None,
        "clientToken": None,
        "config": {
            "displayName": f"Credit card ({GATEWAY})",
            "helpText": "",
            "cardCode": True,
            "is3dsEnabled": False,
            "isHostedFormEnabled": False,
            "isVaultingEnabled": False,
            "isVaultingCvvEnabled": False,
            "testMode": True,
        },
    }


def every_country() -> list[dict[str, Any]]:
    """All countries with their states."""
    return countries_form([Destination(one, states_of(one)) for one in COUNTRIES.entities])


def countries_form(found: Sequence[Destination]) -> list[dict[str, Any]]:
    """Countries with their states."""
    return [
        {
            "code": country.country_iso2,
            "name": country.country,
            "hasPostalCodes": True,
            "requiresState": bool(states),
            "subdivisions": [{"code": one.state_abbreviation, "name": one.state} for one in states],
        }
        for country, states in found
    ]
