"""Options of a product: V3's, which distinguish its variants, and V2's view of all its options (rules 62 to 64)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bodega.kit.actions import Delete, ShowItem
from bodega.kit.body import Changes, wrong_type
from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.includes import Include, children
from bodega.kit.listing import Listing
from bodega.kit.route import collection, count, item, route
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import create_one, update_one
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.catalog import product
from bodega.resources.catalog.options import option
from bodega.resources.catalog.options.config import configured
from bodega.resources.catalog.options.option import CHOICES, VALUES, Option, Value, invalid
from bodega.resources.catalog.options.options import values_of
from bodega.resources.catalog.options.own_copy import OwnCreate, OwnDelete, OwnUpdate, own_name
from bodega.resources.catalog.options.product_option import TABLE, ProductOption
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

SCOPE = "store_v2_products"
PAGE_CAP = 10
"""Rule 26: the most products on a page that shows their options or modifiers."""

Doc = Callable[[int, int, bytes], bytes]
"""The product option's id, the value's id, its document: what is shown of it."""


def values_inside(telling: Callable[[Context, Sequence[int]], Awaitable[Doc]], *, tables: str = "") -> Include:
    """The values of options or modifiers, in their order, inside each of them."""

    async def read(context: Context, parents: Sequence[int]) -> dict[int, bytes]:
        if not parents:
            return {}
        sql = (
            "SELECT o.id, v.id, v.doc FROM product_options o JOIN option_values v ON v.option_id = o.option_id"
            f" WHERE o.id IN ({numbered_placeholders(len(parents))}) ORDER BY o.id, v.sort_order, v.id"
        )
        tell = await telling(context, parents)
        found: dict[int, list[bytes]] = {}
        for parent, value, doc in await context.reader.rows(sql, *parents):
            found.setdefault(parent, []).append(tell(parent, value, doc))
        return {parent: b"[" + b",".join(docs) + b"]" for parent, docs in found.items()}

    return Include(read, tables=f"{TABLE.name} {VALUES.name} {tables}".strip())


async def _as_they_are(_call: Context, _parents: Sequence[int]) -> Doc:
    return lambda _parent, _value, doc: doc


def values_by(endpoint: Callable[[], Endpoint]) -> Callable[[Unit, Any, list[Changes], list[Fault]], Awaitable[None]]:
    """Writes the values in the body of an option or modifier. Those that it does not name stay."""

    async def write(unit: Unit, parent: ProductOption, drafts: list[Changes], notes: list[Fault]) -> None:
        for place, draft in enumerate(drafts):
            try:
                await _write_value(unit, endpoint(), parent, dict(draft), notes)
            except Refusal as refusal:
                raise refusal.inside(f"option_values.{place}") from refusal

    return write


async def _write_value(
    unit: Unit, endpoint: Endpoint, parent: ProductOption, draft: Changes, notes: list[Fault]
) -> None:
    """A draft that names a value updates it; so does one for the same state of a checkbox."""
    rows = {row.entity.id: row.entity for row in await values_of(unit, parent.option_id)}
    named = draft.pop("id", 0)
    if not named and parent.type == "checkbox":
        state = (draft.get("value_data") or {}).get("checked_value")
        named = next((one.id for one in rows.values() if one.value_data == {"checked_value": state}), 0)
    if not named:
        await create_one(unit, endpoint, {**draft, "option_id": parent.option_id}, notes)
    elif named in rows:
        await update_one(unit, endpoint, named, draft, notes)
    else:
        message = f"The option value {named} does not exist here."
        raise Refusal(Reason.NO_SUCH_ENTITY, message, details={"missing_ids": [named]})


v2 = V2Shape(
    ProductOption,
    "options",
    "option",
    "id! option_id! display_name! sort_order! is_required!",
    {"is_required": Alias("is_required")},
)
v3_values = V3Shape(Value, required="label sort_order", hidden="option_id value")
v3 = V3Shape(
    ProductOption,
    required="display_name type option_values",
    read_only="id product_id name required",
    hidden="is_required is_modifier option_id option_set_option_id",
    nested={"option_values": Nested(v3_values, values_by(lambda: V3_VALUES), maximum=option.MAX_VALUES)},
)

OF_PRODUCT = (Parent("product_id", product.TABLE),)
V2 = Endpoint(
    2, TABLE, Listing(TABLE, 2, "min_id max_id"), SCOPE, "products/{}/options", v2=v2, parents=OF_PRODUCT
)  # fmt: skip
INSIDE = values_inside(_as_they_are)


def of_product(shape: V3Shape, values: Include, path: str, *, modifiers: bool) -> Endpoint:
    """The options of a product in V3, or its modifiers, with their values inside."""
    listing = Listing(
        TABLE,
        3,
        "",
        order="sort_order",
        includes={"option_values": values},
        inside="option_values",
        shown=(*shape.shown, "option_values"),
    )
    return Endpoint(
        3,
        TABLE,
        listing,
        SCOPE,
        path,
        v3=shape,
        created=200,
        parents=OF_PRODUCT,
        only={"is_modifier": modifiers},
    )


V3 = of_product(v3, INSIDE, "catalog/products/{}/options", modifiers=False)
V3_VALUES: Endpoint = Endpoint(
    3,
    VALUES,
    Listing(VALUES, 3, "", order="sort_order", shown=v3_values.shown),
    SCOPE,
    "catalog/products/{}/options/{}/values",
    v3=v3_values,
    created=200,
    parents=(*OF_PRODUCT, Parent("option_id", TABLE, "option_id", "NOT is_modifier")),
)

routes = (
    collection("products/{product_id}/options", V2, "GET"),
    item("products/{product_id}/options/{id}", V2, "GET"),
    count("products/{product_id}/options/count", V2),
    collection("catalog/products/{product_id}/options", V3, "GET POST"),
    route(
        "catalog/products/{product_id}/options/{id}",
        3,
        GET=ShowItem(V3),
        PUT=OwnUpdate(V3),
        DELETE=Delete(V3),
    ),
    collection("catalog/products/{product_id}/options/{option_id}/values", V3_VALUES, "GET").also(
        route("", 3, POST=OwnCreate(V3_VALUES))
    ),
    route(
        "catalog/products/{product_id}/options/{option_id}/values/{id}",
        3,
        GET=ShowItem(V3_VALUES),
        PUT=OwnUpdate(V3_VALUES),
        DELETE=OwnDelete(V3_VALUES),
    ),
)

INCLUDE = children(
    TABLE,
    "product_id",
    order="sort_order, id",
    where="NOT is_modifier",
    inside={"option_values": INSIDE},
    page_cap=PAGE_CAP,
)


async def check_type(_unit: Unit, changes: dict[str, Any], old: ProductOption | None, _notes: list[Fault]) -> None:
    """An option is a choice; what a shopper fills in or ticks is a modifier. Each type has its own settings."""
    known: Mapping[str, Any] = changes if old is None else {"type": old.type, "is_modifier": old.is_modifier, **changes}
    kind = known["type"]
    if not known.get("is_modifier") and kind not in CHOICES:
        raise invalid("type", "must be one of " + ", ".join(name for name in option.V2_TYPES if name in CHOICES))
    if "config" in changes or (old is not None and kind != old.type):
        config = changes.get("config", old.config if old is not None else {})
        try:
            changes["config"] = configured(kind, config)
        except ValueError as error:
            raise refuse_faults([wrong_type("config", error)]) from None
    if "required" in changes:
        changes["is_required"] = changes.pop("required")


async def create_option_behind(
    unit: Unit, changes: dict[str, Any], old: ProductOption | None, _notes: list[Fault]
) -> None:
    """Rule 64: V3's options are the product's own; their name contains the time and the product."""
    if old is not None:
        return
    product_id, shown = changes["product_id"], changes["display_name"]
    name = await own_name(unit, shown, product_id)
    made = Option(
        name=name, display_name=shown, type=changes["type"], config=changes.get("config", {}), product_id=product_id
    )
    changes["option_id"] = (await unit.insert(option.TABLE, made)).entity.id
    changes["name"] = name


async def update_option_behind(unit: Unit, old: ProductOption | None, new: ProductOption) -> None:
    """Updates the product's own option from what the product shows of it."""
    if old is None:
        return
    behind = await unit.get(option.TABLE, new.option_id)
    if behind is not None and behind.entity.product_id == new.product_id:
        told = replace(behind.entity, display_name=new.display_name, type=new.type, config=new.config)
        if told != behind.entity:
            await unit.update(option.TABLE, behind, told)


async def delete_option_behind(unit: Unit, deleted: Sequence[int]) -> None:
    """Deletes the option behind it too, if it is the product's own."""
    ids = f"SELECT option_id FROM product_options WHERE id IN ({numbered_placeholders(len(deleted))})"
    own = [row.entity.id for row in await unit.where(option.TABLE, f"product_id <> 0 AND id IN ({ids})", *deleted)]
    await unit.delete(option.TABLE, [one for one in own if (option.TABLE.name, one) not in unit.leaving])
