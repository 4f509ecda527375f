"""Parent relations: the products that have a product as a choice, since a value of their options stands for it (V3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.kit.includes import Include
from bodega.kit.render import json
from bodega.storage.table import numbered_placeholders


async def read(context: Any, products: Sequence[int]) -> dict[int, bytes]:
    """The relations of each product as a list; one query for all."""
    if not products:
        return {}
    placeholders = numbered_placeholders(len(products))
    sql = (
        "SELECT v.stands_for, p.product_id, p.id, p.is_modifier FROM option_values v"
        f" JOIN product_options p ON p.option_id = v.option_id WHERE v.stands_for IN ({placeholders})"
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for child, parent, option, is_modifier in sorted(set(map(tuple, await context.reader.rows(sql, *products)))):
        relation = {
            "type": "modifier" if is_modifier else "variant_option",
            "product_id": parent,
            "attribute_id": option,
        }
        found.setdefault(child, []).append(relation)
    return {child: json(relations) for child, relations in found.items()}


INCLUDE = Include(read, tables="option_values product_options")
