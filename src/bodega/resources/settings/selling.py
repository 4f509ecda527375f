"""How a store sells: catalogue, stock and who is told of it, e-mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.fields import WORDS, Line, clean_email
from bodega.law.refusal import Fault, invalid
from bodega.resources.settings.actions import served
from bodega.resources.settings.group import Group

Frozen = msgspec.Struct


class CatalogSettings(Frozen, frozen=True):
    """Whether reviews are shown without being approved first; whether shoppers can compare products."""

    auto_approve_reviews: bool = False
    enable_product_comparisons: bool = True


class EmailStatuses(Frozen, frozen=True):
    """Which e-mails the store sends."""

    abandoned_cart_email: bool = True
    account_details_changed_email: bool = True
    combined_order_status_email: bool = True
    create_account_email: bool = True
    create_guest_account_email: bool = True
    gift_certificate_email: bool = True
    invoice_email: bool = True
    order_message_notification_email: bool = True
    product_review_email: bool = False
    return_confirmation_email: bool = True
    return_statuschange_email: bool = True


class InventorySettings(Frozen, frozen=True):
    """What happens without stock, when orders take it and give it back, and what shoppers see of it."""

    product_out_of_stock_behavior: Literal[
        "do_nothing", "hide_product", "hide_product_and_accessible", "hide_product_and_redirect"
    ] = "do_nothing"
    option_out_of_stock_behavior: Literal["do_nothing", "hide_option", "label_option"] = "do_nothing"
    update_stock_behavior: Literal["order_placed", "order_completed_or_shipped"] = "order_placed"
    edit_order_stock_adjustment: bool = True
    refund_order_stock_adjustment: bool = True
    stock_level_display: Literal["dont_show", "show", "show_when_low"] = "dont_show"
    default_out_of_stock_message: Line = "Currently out of stock"
    hide_in_product_filtering: bool = False
    show_pre_order_stock_levels: bool = False
    show_out_of_stock_message: bool = False


Addresses = Annotated[list[Annotated[str, msgspec.Meta(max_length=255)]], AtMost(100), WORDS]


class InventoryNotifications(Frozen, frozen=True):
    """Who is told when stock runs low, and when it has run out."""

    low_stock_notification_address: Addresses = msgspec.field(default_factory=list)
    out_of_stock_notification_address: Addresses = msgspec.field(default_factory=list)


def only_addresses(holds: InventoryNotifications) -> Sequence[Fault]:
    """Every address is one of e-mail."""
    faults = []
    for name in InventoryNotifications.__struct_fields__:
        try:
            for address in getattr(holds, name):
                clean_email(address)
        except ValueError:
            faults.append(invalid(name, "must be a list of e-mail addresses"))
    return faults


CATALOG = Group(CatalogSettings, "catalog_settings", "settings/catalog", events={"settings/catalog/updated": ""})
EMAILS = Group(
    EmailStatuses,
    "email_statuses",
    "settings/email-statuses",
    events={"settings/emailStatus/updated": "", "settings/emailStatus/deleted": ""},
)
INVENTORY = Group(
    InventorySettings,
    "inventory_settings",
    "settings/inventory",
    backed={
        "update_stock_behavior": "stock.taken",
        "edit_order_stock_adjustment": "stock.follows_edits",
        "refund_order_stock_adjustment": "stock.returns",
    },
)
NOTIFICATIONS = Group(
    InventoryNotifications,
    "inventory_notifications",
    "settings/inventory/notifications",
    check=only_addresses,
    events={"notifications/inventory/updated": ""},
)

catalog_settings, email_statuses = CATALOG.of, EMAILS.of
inventory_settings, inventory_notifications = INVENTORY.of, NOTIFICATIONS.of

RESOURCE = served(CATALOG, EMAILS, INVENTORY, NOTIFICATIONS)
