"""Options for the products of a test, and what must be true of products and variants after anything."""

from __future__ import annotations

from typing import Any, NamedTuple

from bodega.resources.catalog import product, variants
from bodega.resources.catalog.options import option, product_option
from bodega.storage.unit import Unit
from shop import Shop
from statistics_check import check_statistics


class Asked(NamedTuple):
    """An option of a product: its V3 id, and the ids of its values by label."""

    id: int
    values: dict[str, int]


def give_options(shop: Shop, product_id: int, **labels: list[str]) -> dict[str, Asked]:
    """Gives a product options of these display names with these values."""

    async def make(unit: Unit) -> dict[str, Asked]:
        made = {}
        for place, (name, words) in enumerate(labels.items()):
            common: dict[str, Any] = {"name": f"{name}-{product_id}", "display_name": name, "type": "dropdown"}
            behind = (await unit.insert(option.TABLE, option.Option(**common, product_id=product_id))).entity.id
            shown = product_option.ProductOption(
                **common, product_id=product_id, option_id=behind, sort_order=place, is_modifier=name == "Engraving"
            )
            seen = (await unit.insert(product_option.TABLE, shown)).entity.id
            values = {}
            for word in words:
                row = await unit.insert(option.VALUES, option.Value(label=word, option_id=behind))
                values[word] = row.entity.id
            made[name] = Asked(seen, values)
        return made

    return write(shop, make)


def write(shop: Shop, job: Any) -> Any:
    """Runs a job in a write transaction of the store."""

    async def work() -> Any:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        return await store.write(job)

    return shop.server.run(work())


def shirt(shop: Shop, **more: Any) -> tuple[int, dict[str, Asked]]:
    """A product with the options Color (Red, Blue, Green) and Size (S, M), and no variant yet."""
    made = shop.product("Shirt", **more)
    return made, give_options(shop, made, Color=["Red", "Blue", "Green"], Size=["S", "M"])


def answer(asked: dict[str, Asked], **chosen: str) -> list[dict[str, int]]:
    """`option_values` by their ids."""
    return [{"option_id": asked[name].id, "id": asked[name].values[label]} for name, label in chosen.items()]


def answer_v2(asked: dict[str, Asked], **chosen: str) -> list[dict[str, int]]:
    """V2's `options`."""
    return [
        {"product_option_id": asked[name].id, "option_value_id": asked[name].values[label]}
        for name, label in chosen.items()
    ]


def check_variants(shop: Shop) -> None:
    """A product is simple with its base variant, or it has variants with options and the sum of their stock; columns,
    links and documents agree; no SKU is given twice."""
    check_statistics(shop)

    async def work() -> None:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        assert store.rows is not None
        reader = store.rows.reader
        of: dict[int, list[Any]] = {}
        skus = []
        columns = ", ".join(variants.TABLE.valued)
        for doc, rest, entity_id, *kept in await reader.rows(f"SELECT doc, rest, id, {columns} FROM variants"):
            variant = variants.TABLE.decode(doc, rest)
            assert variant.id == entity_id
            assert kept == variants.TABLE.values(variant), variant
            links = await reader.rows("SELECT value_id FROM variant_option_values WHERE variant_id = $1", entity_id)
            assert {row[0] for row in links} == {value.id for value in variant.option_values}
            assert variant.sku_id == (None if variant.is_base else variant.id + variants.SKU_OFFSET)
            of.setdefault(variant.product_id, []).append(variant)
            skus += [variant.sku.casefold()] if variant.sku and not variant.is_base else []
        for doc, rest in await reader.rows("SELECT doc, rest FROM products"):
            owner = product.TABLE.decode(doc, rest)
            skus += [owner.sku.casefold()] if owner.sku else []
            mine = of.pop(owner.id)
            if owner.base_variant_id is not None:
                assert [variant.id for variant in mine] == [owner.base_variant_id]
                assert owner.variant_stock == 0
                continue
            assert not any(variant.is_base for variant in mine)
            assert owner.variant_stock == sum(variant.inventory_level for variant in mine) <= 2_147_483_647
            if owner.inventory_tracking == "variant":
                assert owner.inventory_level == owner.variant_stock
        assert not of
        assert len(skus) == len(set(skus))

    shop.server.run(work())


def shirt_of_sizes(shop: Shop, **levels: int) -> tuple[int, dict[str, int]]:
    """A product whose variants have these levels: its id, and theirs."""
    variants = [
        {"sku": size, "inventory_level": many, "option_values": [{"option_display_name": "Size", "label": size}]}
        for size, many in levels.items()
    ]
    made = shop.product("Shirt", inventory_tracking="variant", variants=variants)
    shown = shop.get(f"/v3/catalog/products/{made}/variants").data
    return made, {one["sku"]: one["id"] for one in shown}
