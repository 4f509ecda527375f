"""Permissions as a matrix: what an account may do (nothing, read, modify) with each kind of resource, by groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from typing import Any, NamedTuple

from bodega.access.scopes import DEFAULT, READERS, SCOPES
from bodega.http.router import Routes

NONE, READ, MODIFY = "none", "read", "modify"
LEVELS = (NONE, READ, MODIFY)

TITLES = {
    "store_v2_content": "Pages, blog, widgets",
    "store_content_checkout": "Scripts on the checkout",
    "store_v2_customers_login": "Customer log-in",
    "store_v2_information": "Store information and settings",
    "store_v2_transactions": "Payments and refunds",
    "store_cart": "Carts",
    "store_checkout": "Checkouts",
    "store_logs_read_only": "Logs",
    "store_infrastructure_logs_read_only": "Hosting logs",
    "store_infrastructure_projects_manage": "Hosting projects",
    "store_infrastructure_deployments_manage": "Hosting deployments",
    "store_infrastructure_deployments_create_preview": "Hosting previews",
    "store_storefront_api_customer_impersonation": "Storefront tokens that act for a customer",
    "store_storefront_api": "Storefront tokens",
    "store_payments_access_token_create": "Payment tokens",
    "store_payments_methods_read": "Payment methods",
    "store_stored_payment_instruments": "Stored cards",
    "store_metafield_write": "Metafields",
    "store_metafield_write_all": "Metafields, all",
    "store_metafield_change_owner": "Metafields, their owner",
}
"""Where the words of a scope's name are no title."""

GROUPS: Mapping[str, str] = {
    "Catalogue": "store_v2_products store_inventory store_locations store_metafield_write store_metafield_write_all"
    " store_metafield_change_owner",
    "Orders and payments": "store_v2_orders store_order_fulfillment_manage store_fulfillment_methods_manage"
    " store_v2_transactions store_cart store_checkout store_payments_access_token_create store_payments_methods_read"
    " store_stored_payment_instruments",
    "Customers and marketing": "store_v2_customers store_v2_customers_login store_v2_marketing",
    "Storefront": "store_v2_content store_content_checkout store_themes_manage store_sites store_storefront_api"
    " store_storefront_api_customer_impersonation store_channel_listings store_channel_settings store_translations",
    "Store": "store_v2_information store_logs_read_only store_app_extensions_manage",
    "Hosting": "store_infrastructure_projects_manage store_infrastructure_deployments_manage"
    " store_infrastructure_deployments_create_preview store_infrastructure_logs_read_only",
}
"""Where rows stand; what is named nowhere stands under Account."""

REST = "Account"

ASKED_BESIDE = frozenset({"store_content_checkout", "store_v2_customers_login"})
"""Scopes that no route asks for by itself: one is asked for by what a script is for, one by a link that logs in."""


class Permission(NamedTuple):
    """A row. `reads` and `modifies` are the scopes behind its choices, empty if there is no such choice."""

    key: str
    title: str
    meaning: str
    reads: str
    modifies: str

    def scope(self, level: str) -> str:
        """The scope of a choice; empty for none, and for a choice that this row does not have."""
        return {READ: self.reads, MODIFY: self.modifies}.get(level, "")

    def level(self, granted: Set[str]) -> str:
        """What an account with these scopes may do."""
        if self.modifies and self.modifies in granted:
            return MODIFY
        return READ if self.reads and self.reads in granted else NONE

    def nearest(self, level: str) -> str:
        """The scope of a choice, or the lesser one where this row does not have it."""
        return self.scope(level) or (self.reads if level == MODIFY else "")


class PermissionGroup(NamedTuple):
    """Rows that belong together."""

    title: str
    rows: tuple[Permission, ...]


class Preset(NamedTuple):
    """What an account of one kind usually needs: `modifies` and `reads` name rows, "*" all of the store's."""

    key: str
    title: str
    reads: frozenset[str]
    modifies: frozenset[str]

    def level(self, row: Permission) -> str:
        """What the preset gives of a row."""
        ours = row.key.startswith("store_")
        if row.key in self.modifies or (ours and "*" in self.modifies):
            return MODIFY
        return READ if row.key in self.reads or (ours and "*" in self.reads) else NONE


PRESETS = (
    Preset("read", "Read only: see everything, change nothing", frozenset("*"), frozenset()),
    Preset(
        "catalogue", "Catalogue sync: products, prices and stock",
        frozenset({"store_v2_information", "store_locations", "store_channel_settings"}),
        frozenset({"store_v2_products", "store_inventory", "store_channel_listings"}),
    ),
    Preset(
        "orders", "Order sync: orders, shipments and who bought",
        frozenset({"store_v2_information", "store_v2_products", "store_v2_customers", "store_v2_transactions",
                   "store_inventory", "store_locations"}),
        frozenset({"store_v2_orders", "store_order_fulfillment_manage"}),
    ),
    Preset("modify", "Everything of the store", frozenset(), frozenset("*")),
)  # fmt: skip


@cache
def matrix() -> tuple[Permission, ...]:
    """Every row: those of stores first, by title, then those of the owning account."""
    twins = set(READERS.values())
    rows = []
    for scope, meaning in SCOPES.items():
        if scope == DEFAULT or scope in twins:
            continue
        only_reads = scope.endswith(("_read", "_read_only"))
        reads = scope if only_reads else READERS.get(scope, "")
        rows.append(
            Permission(scope, _title(scope), meaning.removesuffix(", for reading"), reads, "" if only_reads else scope)
        )
    return tuple(sorted(rows, key=lambda row: (not row.key.startswith("store_"), row.title)))


def served(routes: Iterable[Routes]) -> frozenset[str]:
    """The rows whose scopes something that is served here asks for."""
    asked = set(ASKED_BESIDE)
    for one in routes:
        for route in one.all:
            for action in route.actions.values():
                asked.update(action.scope.split("|"))
    return frozenset(asked)


def grouped(keys: Set[str], granted: Set[str]) -> list[PermissionGroup]:
    """The rows that are shown, by group: those that are served, and those that the account has anyway."""
    shown = {row.key: row for row in matrix() if row.key in keys or row.level(granted) != NONE}
    found = [
        PermissionGroup(title, tuple(shown.pop(key) for key in names.split() if key in shown))
        for title, names in GROUPS.items()
    ]
    return [group for group in (*found, PermissionGroup(REST, tuple(shown.values()))) if group.rows]


def effective(granted: Set[str]) -> list[str]:
    """Every scope that an account with these can act on: to modify implies to read."""
    return sorted({*granted, *(READERS[scope] for scope in granted if scope in READERS)} - {DEFAULT})


def shown(routes: Iterable[Routes], granted: Set[str]) -> dict[str, Any]:
    """What a template needs to show the matrix of an account."""
    groups = grouped(served(routes), granted)
    return {"groups": groups, "granted": granted, "presets": PRESETS, "effective_scopes": effective(granted)}


def _title(scope: str) -> str:
    if scope in TITLES:
        return TITLES[scope]
    words = scope.removeprefix("store_").removeprefix("v2_")
    for ending in ("_manage", "_read", "_write", "_create"):
        words = words.removesuffix(ending)
    return words.replace("_", " ").capitalize().replace(" api", " API")


def preset_of(key: str) -> Preset | None:
    """A preset by its key."""
    return next((preset for preset in PRESETS if preset.key == key), None)


def chosen(form: Mapping[str, Sequence[str]], preset: str) -> frozenset[str]:
    """The scopes that a submitted matrix grants; a preset overrides the choices of single rows."""
    given = preset_of(preset)
    levels = (
        (row, given.level(row) if given is not None else form.get(f"may.{row.key}", [NONE])[-1]) for row in matrix()
    )
    return frozenset(scope for row, level in levels if (scope := row.nearest(level)))


def row_of(scope: str) -> Permission | None:
    """The row in which a scope is granted."""
    return next((row for row in matrix() if scope and scope in (row.reads, row.modifies)), None)
