"""Parent relations: the products that have a product as a choice, since a value of their options stands for it (V3)."""

from __future__ import annotations

from bodega.kit.includes import ChildRows, of_rows
from bodega.kit.render import json
from bodega.resources.catalog.options.product_option import TABLE


def _relation(parent: int, number: int) -> bytes:
    option, is_modifier = divmod(number, 2)
    kind = "modifier" if is_modifier else "variant_option"
    return json({"type": kind, "product_id": parent, "attribute_id": option})


INCLUDE = of_rows(
    ChildRows(
        TABLE,
        "v.stands_for",
        "t.product_id, t.id",
        source="option_values v JOIN product_options t ON t.option_id = v.option_id",
        number="2 * t.id + CASE WHEN t.is_modifier THEN 1 ELSE 0 END",
        tell=_relation,
    ),
    tables="option_values product_options",
)
