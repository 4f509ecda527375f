"""Which stock an item of a body is about: it is named by SKU, by variant or by product."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.fields import Id, Sku
from bodega.law.refusal import Fault, invalid, missing
from bodega.resources.catalog.stock_levels import Stock
from bodega.storage import query
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.text import caseless, composed
from bodega.storage.tx import Tx
from bodega.storage.unit import AT_ONCE

Unset = UnsetType


class Identity(msgspec.Struct, kw_only=True):
    """The name of an item. Several members must agree: clients send back what a list told them."""

    sku: Sku | Unset = UNSET
    variant_id: Id | Unset = UNSET
    product_id: Id | Unset = UNSET

    @property
    def given(self) -> dict[str, Any]:
        """The members that name it, surest first."""
        members = {"variant_id": self.variant_id, "sku": self.sku, "product_id": self.product_id}
        return {name: value for name, value in members.items() if value is not UNSET and value != ""}

    def __str__(self) -> str:
        return next((f"{name} {value}" for name, value in self.given.items()), "nothing")


class _Variant(NamedTuple):
    id: int
    product_id: int
    is_base: bool
    sku_key: str | None


class _Product(NamedTuple):
    id: int
    tracking: str
    sku_key: str | None


class Known(NamedTuple):
    """The variants and products that a body may mean."""

    variants: dict[int, _Variant]
    by_sku: dict[str, _Variant]
    base: dict[int, int]
    products: dict[int, _Product]
    products_by_sku: dict[str, _Product]

    def stock(self, identity: Identity, name: str, faults: list[Fault]) -> Stock | None:
        """What the identity names; None if that is at fault, which `faults` then tells of the member `name`."""
        given = identity.given
        before = f"{name}." if name else ""
        if not given:
            faults.append(missing(f"{before}variant_id"))
            return None
        first, value = next(iter(given.items()))
        variant, owner = self._named(first, value)
        if owner is None:
            faults.append(invalid(f"{before}{first}", "must be that of an item of this store"))
            return None
        for other, given_value in given.items():
            if other == first:
                continue
            also, same = self._named(other, given_value)
            if same != owner or (also is not None and variant is not None and also.id != variant.id):
                faults.append(invalid(f"{before}{other}", f"must name the same item as {first}"))
                return None
        if variant is None or variant.is_base:
            if variant is None and owner.tracking == "variant" and owner.id not in self.base:
                why = f"names product {owner.id}, which is tracked by variant: use the variant_id or sku"
                faults.append(invalid(f"{before}{first}", why))
                return None
            return owner.id, 0
        if owner.tracking == "product":
            why = f"names a variant of product {owner.id}, which is tracked by product: use its product_id"
            faults.append(invalid(f"{before}{first}", why))
            return None
        return owner.id, variant.id

    def _named(self, member: str, value: Any) -> tuple[_Variant | None, _Product | None]:
        if member == "product_id":
            return None, self.products.get(value)
        variant = self.variants.get(value) if member == "variant_id" else self.by_sku.get(_key(value))
        if variant is not None:
            return variant, self.products.get(variant.product_id)
        return None, self.products_by_sku.get(_key(value)) if member == "sku" else None


def _key(sku: str) -> str:
    return composed(caseless(sku))


async def known(tx: Tx, identities: Iterable[Identity]) -> Known:
    """Reads what these identities may name: a few statements whatever their number."""
    named = list(identities)
    ids = {one.variant_id for one in named if one.variant_id is not UNSET}
    skus = {_key(one.sku) for one in named if one.sku is not UNSET and one.sku}
    owners = {one.product_id for one in named if one.product_id is not UNSET}
    found = [
        *await _variants(tx, "id", ids),
        *await _variants(tx, "sku_key", skus),
    ]
    variants = {variant.id: variant for variant in found}
    owners |= {variant.product_id for variant in found}
    products = {product.id: product for product in await _products(tx, "id", owners)}
    by_sku = {variant.sku_key: variant for variant in found if variant.sku_key}
    own = {product.sku_key: product for product in await _products(tx, "sku_key", skus - by_sku.keys())}
    products |= {product.id: product for product in own.values()}
    base = {variant.product_id: variant.id for variant in await _variants(tx, "is_base AND product_id", products)}
    return Known(variants, by_sku, base, products, {key: product for key, product in own.items() if key})


async def _variants(tx: Tx, column: str, values: Collection[Any]) -> list[_Variant]:
    return await _read(tx, _Variant, "id, product_id, is_base, sku_key FROM variants", column, values)


async def _products(tx: Tx, column: str, values: Collection[Any]) -> list[_Product]:
    return await _read(tx, _Product, "id, inventory_tracking, sku_key FROM products", column, values)


async def _read(tx: Tx, kind: Any, source: str, column: str, values: Collection[Any]) -> list[Any]:
    found: list[Any] = []
    for some in parts(sorted(values), AT_ONCE):
        sql = f"SELECT {source} WHERE {column} IN ({numbered_placeholders(len(some))})"
        found += await query.named(tx, kind, sql, *some)
    return found
