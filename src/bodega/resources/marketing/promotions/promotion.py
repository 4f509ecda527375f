"""A promotion and its table: when, where and for whom it applies, and the rules of what it gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, OBJECT, Count, FieldType, Id, Line, Moment, clean_object
from bodega.resources.marketing.promotions.forms import (
    MOST_RULES,
    AddressMatcher,
    ChannelId,
    Eligible,
    Notification,
    Rule,
    Schedule,
    settled,
)
from bodega.storage.table import Link
from bodega.storage.text import caseless

SCOPE = "store_v2_marketing"
EVERYWHERE = "*"
NO_END = "9999-12-31T23:59:59Z"


def _form(holds: Any) -> FieldType:
    return OBJECT._replace(holds=holds, deep=True, clean=lambda value: settled(clean_object(value)))


RULES = Annotated[list[Rule], AtMost(MOST_RULES)]
CHANNELS = Annotated[list[ChannelId], AtMost(1_000)]
NOTIFICATIONS = Annotated[list[Notification], AtMost(100)]


class ShownCode(msgspec.Struct, kw_only=True):
    """The code of a coupon promotion, as the promotion shows it."""

    id: int
    code: str
    current_uses: int
    max_uses: int
    max_uses_per_customer: int
    created: str


class SeveralCodes(msgspec.Struct, kw_only=True):
    """Whether a coupon promotion has more than one code."""

    has_multiple_codes: bool = False


class Promotion(Entity, kw_only=True, omit_defaults=True):
    """`rules` are tried in order. `channels`: none named are all. A `max_uses` of 0, like none, is no limit.

    The members of coupons are None for automatic promotions. `codes` is the first code of a SINGLE promotion.
    Promotions are tried by `priority`, the lowest first.
    """

    redemption_type: Literal["AUTOMATIC", "COUPON"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    display_name: Line = ""
    created_from: Literal["react_ui", "legacy_ui", "api"]
    channels: Annotated[CHANNELS, _form(CHANNELS)]
    customer: Annotated[Eligible, _form(Eligible)]
    rules: Annotated[RULES, _form(RULES)]
    current_uses: int
    max_uses: Count | None = None
    status: Literal["ENABLED", "DISABLED", "INVALID"]
    start_date: Moment
    end_date: Moment | None = None
    stop: bool
    can_be_used_with_other_promotions: bool
    currency_code: Annotated[str, msgspec.Meta(min_length=1, max_length=3)]
    notifications: Annotated[NOTIFICATIONS, _form(NOTIFICATIONS)]
    shipping_address: Annotated[AddressMatcher, _form(AddressMatcher)] | None = None
    schedule: Annotated[Schedule, _form(Schedule)] | None = None
    coupon_overrides_other_promotions: bool | None = None
    coupon_overrides_automatic_when_offering_higher_discounts: bool | None = None
    coupon_type: Literal["SINGLE", "BULK"] | None = None
    codes: ShownCode | None = None
    multiple_codes: SeveralCodes | None = None
    priority: Id


def lane(promotion: Promotion) -> str | None:
    """By what carts find an automatic promotion that is enabled: its channel (`*`: all, `~`: several) and currency.

    So a cart reads only promotions of its own channel and currency, however many others there are.
    """
    if promotion.redemption_type != "AUTOMATIC" or promotion.status != "ENABLED":
        return None
    channels = {channel.id for channel in promotion.channels}
    where = EVERYWHERE if not channels else str(*channels) if len(channels) == 1 else "~"
    return f"{where}:{promotion.currency_code}"


def ends(promotion: Promotion) -> str:
    """Its last moment, far away if it has none: so that one comparison tells whether it is over."""
    return promotion.end_date or NO_END


TABLE = stored(
    "promotions",
    Promotion,
    noun="promotion",
    columns="name redemption_type status start_date currency_code priority",
    computed={
        "name_key": ("TEXT", lambda promotion: caseless(promotion.name)),
        "is_everywhere": ("BOOLEAN", lambda promotion: not promotion.channels),
        "lane": ("TEXT", lane),
        "ends": ("TEXT", ends),
    },
    indexed="priority name_key",
    hidden="priority",
    links=[
        Link(
            "promotion_channels",
            "promotion_id",
            "channel_id",
            "channels",
            "channels",
            "A channel does not exist.",
            lambda promotion: [channel.id for channel in promotion.channels],
        )
    ],
    more_schema="CREATE INDEX promotions_running ON promotions (lane, ends);",
)
