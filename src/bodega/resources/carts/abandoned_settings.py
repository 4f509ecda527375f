"""Settings of abandoned carts: who is written to about them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bodega.kit.fields import clean_email
from bodega.law.refusal import Fault, invalid
from bodega.resources.settings.group import Group


class AbandonedCartSettings(msgspec.Struct, frozen=True):
    """Which e-mails are sent about carts that were left."""

    enable_notification: bool = False
    email_customer_until_cart_is_recovered: bool = False
    marketing_emails_require_customer_consent: bool = False
    email_merchant_when_cart_is_converted: bool = False
    email_merchant_when_cart_is_abandoned: bool = False
    merchant_email_address: Annotated[str, msgspec.Meta(max_length=500)] = ""
    merchant_abandoned_cart_email_frequency_type: Literal["digest", "individual"] = "individual"
    merchant_abandoned_cart_digest_email_frequency: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 10


def _wrong(new: AbandonedCartSettings) -> list[Fault]:
    try:
        if new.merchant_email_address:
            clean_email(new.merchant_email_address)
    except ValueError as error:
        return [invalid("merchant_email_address", str(error))]
    return []


SETTINGS = Group(
    AbandonedCartSettings,
    "abandoned_cart_settings",
    "abandoned-carts/settings",
    check=_wrong,
    events={"notifications/abandonedCart/updated": ""},
    in_path=True,
)
