"""Orders of another store: with their lines, addresses and totals, without taking from stock a second time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bodega.lab.transfer.source import Source
from bodega.lab.transfer.target import Target
from bodega.law.refusal import Refusal

_TAKEN = (
    "customer_id", "status_id", "date_created", "payment_method", "payment_provider_id", "customer_message",
    "staff_notes", "discount_amount", "base_shipping_cost", "shipping_cost_ex_tax", "shipping_cost_inc_tax",
    "handling_cost_ex_tax", "handling_cost_inc_tax", "wrapping_cost_ex_tax", "wrapping_cost_inc_tax",
    "subtotal_ex_tax", "subtotal_inc_tax", "total_ex_tax", "total_inc_tax", "ip_address", "external_id",
    "external_source", "order_is_digital", "ebay_order_id", "channel_id",
)  # fmt: skip
_ADDRESS = (
    "first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip", "country", "country_iso2",
    "phone", "email",
)  # fmt: skip
_LINE = ("name", "quantity", "price_inc_tax", "price_ex_tax", "sku")


async def orders(source: Source, target: Target, told: Callable[[str, int, int], None]) -> None:
    """Places each order as it was, lines included; then levels of stock are what the source says."""
    there = await target.ids("orders")
    known = await target.ids("customers")
    products = await target.ids("products")
    done = 0
    async for rows, _ in source.pages("/v2/orders?sort=id:asc"):
        for row in rows:
            if row["id"] not in there:
                await _order(source, target, row, known, products)
            done += 1
        told("orders", done, 0)
    if done:
        await _levels(source, target)


async def _order(source: Source, target: Target, row: Mapping[str, Any], known: set[int], products: set[int]) -> None:
    body = {name: row[name] for name in _TAKEN if row.get(name) not in (None, "")}
    if body.get("customer_id") not in known:
        body["customer_id"] = 0
    body["billing_address"] = _address(row.get("billing_address") or {})
    lines = await source.rows(f"/v2/orders/{row['id']}/products")
    body["products"] = [_line(one, products) for one in lines]
    places = await source.rows(f"/v2/orders/{row['id']}/shipping_addresses")
    if places:
        body["shipping_addresses"] = [_address(places[0])]
    before = len(target.told)
    if await target.make("orders", "/v2/orders", row["id"], body) is None:
        # What was sold is no longer what is sold: the lines are then known by their words alone.
        del target.told[before:]
        body["products"] = [{name: one[name] for name in _LINE if one.get(name) not in (None, "")} for one in lines]
        await target.make("orders", "/v2/orders", row["id"], body)


def _address(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _ADDRESS if given.get(name) not in (None, "")}


def _line(one: Mapping[str, Any], products: set[int]) -> dict[str, Any]:
    if one.get("product_id") not in products:
        return {name: one[name] for name in _LINE if one.get(name) not in (None, "")}
    line = {name: one[name] for name in ("product_id", "quantity", "price_inc_tax", "price_ex_tax") if name in one}
    if one.get("variant_id"):
        line["variant_id"] = one["variant_id"]
    return line


async def _levels(source: Source, target: Target) -> None:
    """Open orders took from stock what they had taken at the source already."""
    async for rows, _ in source.pages("/v3/catalog/products?include=variants", 50):
        for row in rows:
            home = f"/v3/catalog/products/{row['id']}"
            try:
                if row.get("inventory_tracking") == "product":
                    await target.change(home, {"inventory_level": row["inventory_level"]})
                elif row.get("inventory_tracking") == "variant":
                    for variant in row.get("variants") or []:
                        level = {"inventory_level": variant["inventory_level"]}
                        await target.change(f"{home}/variants/{variant['id']}", level)
            except Refusal:
                continue  # the row itself was refused, which is told
