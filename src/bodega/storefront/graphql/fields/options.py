"""Options and modifiers of products, and those of variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.catalog.options import option, product_option
from bodega.resources.catalog.options.product_option import ProductOption
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing, connection
from bodega.storefront.graphql.execution import batch, plain, plain_with
from bodega.storefront.graphql.fields.products import default_images, sized

Args = Mapping[str, Any]
STYLES = {
    "swatch": "Swatch",
    "radio_buttons": "RadioButtons",
    "rectangles": "RectangleBoxes",
    "dropdown": "DropdownList",
    "product_list": "ProductPickList",
    "product_list_with_images": "ProductPickListWithImages",
}
_KINDS = {
    "date": "DateFieldOption",
    "checkbox": "CheckboxOption",
    "file": "FileUploadFieldOption",
    "text": "TextFieldOption",
    "multi_line_text": "MultiLineTextFieldOption",
    "numbers_only_text": "NumberFieldOption",
}
_VALUES = {
    "swatch": "SwatchOptionValue",
    "product_list": "ProductPickListOptionValue",
    "product_list_with_images": "ProductPickListOptionValue",
}
_NUMBER_LIMITS = {"lowest": "LOWEST_VALUE", "highest": "HIGHEST_VALUE", "range": "RANGE"}
_DATE_LIMITS = {"earliest": "EARLIEST_DATE", "latest": "LATEST_DATE", "range": "RANGE"}


def _thing(row: ProductOption, only: Any = None) -> Thing:
    return Thing(_KINDS.get(row.type, "MultipleChoiceOption"), row, only)


async def _options(asking: Asking, products: Sequence[int]) -> dict[int, list[ProductOption]]:
    async def read() -> dict[int, list[ProductOption]]:
        found: dict[int, list[ProductOption]] = {one: [] for one in products}
        rows = await query.entities_of(
            asking.reader, product_option.TABLE, sorted(set(products)), "product_id", order="sort_order, id"
        )
        for row in rows:
            found[row.product_id].append(row)
        return found

    return await asking.once(("options", tuple(products)), read)


@batch("Product.productOptions")
async def _of_products(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await _options(asking, [thing.row.id for thing in things])
    chosen = [thing.more if isinstance(thing.more, dict) else None for thing in things]
    return [
        connection([_thing(row, picked) for row in found[thing.row.id]], args)
        for thing, picked in zip(things, chosen, strict=True)
    ]


@batch("Variant.productOptions")
async def _of_variants(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await _options(asking, [thing.row.product_id for thing in things])
    made = []
    for thing in things:
        values = {one.option_id: one.id for one in thing.row.option_values}
        rows = [row for row in found[thing.row.product_id] if row.option_id in values or row.id in values]
        made.append(connection([_thing(row, ("only", set(values.values()))) for row in rows], args))
    return made


@batch("Product.options")
async def _old_options(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await _options(asking, [thing.row.id for thing in things])
    return [connection([Thing("ProductOption", row) for row in found[thing.row.id]], args) for thing in things]


@batch("Variant.options")
async def _old_of_variants(_asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return [connection([Thing("ProductOption", one) for one in thing.row.option_values], args) for thing in things]


@batch("MultipleChoiceOption.values")
async def _values(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    by_option = await _read_values(asking, [thing.row.option_id for thing in things])
    made = []
    for thing in things:
        values = by_option.get(thing.row.option_id, [])
        picked: Any = thing.more
        if isinstance(picked, tuple):
            values = [one for one in values if one.id in picked[1]]
        selected = picked.get(thing.row.id) if isinstance(picked, dict) else None
        kind = _VALUES.get(thing.row.type, "MultipleChoiceOptionValue")
        made.append(
            connection([Thing(kind, one, None if picked is None else selected == one.id) for one in values], args)
        )
    return made


async def _read_values(asking: Asking, options: Sequence[int]) -> dict[int, list[option.Value]]:
    async def read() -> dict[int, list[option.Value]]:
        found: dict[int, list[option.Value]] = {}
        wanted = sorted(set(options))
        for one in await query.entities_of(asking.reader, option.VALUES, wanted, "option_id", order="sort_order, id"):
            found.setdefault(one.option_id, []).append(one)
        return found

    return await asking.once(("values", tuple(options)), read)


@batch("ProductOption.values")
async def _old_values(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    whole = [thing for thing in things if isinstance(thing.row, ProductOption)]
    by_option = await _read_values(asking, [thing.row.option_id for thing in whole]) if whole else {}
    return [
        connection(
            [Thing("ProductOptionValue", one) for one in by_option.get(thing.row.option_id, ())]
            if isinstance(thing.row, ProductOption)
            else [Thing("ProductOptionValue", thing.row)],
            args,
        )
        for thing in things
    ]


plain("ProductOptionValue", entityId=lambda thing: thing.row.id, label=lambda thing: thing.row.label)
plain(
    "ProductOption",
    entityId=lambda thing: thing.row.id if isinstance(thing.row, ProductOption) else thing.row.option_id,
    displayName=lambda thing: getattr(thing.row, "display_name", "") or getattr(thing.row, "option_display_name", ""),
    isRequired=lambda thing: getattr(thing.row, "is_required", True),
)

for _kind in ("MultipleChoiceOption", *_KINDS.values()):
    plain(
        _kind,
        entityId=lambda thing: thing.row.id,
        displayName=lambda thing: thing.row.display_name,
        isRequired=lambda thing: thing.row.is_required,
        isVariantOption=lambda thing: not thing.row.is_modifier,
    )
plain("MultipleChoiceOption", displayStyle=lambda thing: STYLES[thing.row.type])


def _config(name: str, default: Any = None) -> Any:
    return lambda thing: thing.row.config.get(name, default)


def _limit(name: str, limited: str) -> Any:
    return lambda thing: thing.row.config.get(name) or None if thing.row.config.get(limited) else None


for _kind in ("TextFieldOption", "MultiLineTextFieldOption"):
    plain(
        _kind,
        defaultValue=_config("default_value"),
        minLength=_limit("text_min_length", "text_characters_limited"),
        maxLength=_limit("text_max_length", "text_characters_limited"),
        maxLines=_limit("text_max_lines", "text_lines_limited"),
    )


def _number(thing: Thing) -> float | None:
    try:
        return float(thing.row.config.get("default_value"))
    except (TypeError, ValueError):
        return None


def _date(name: str) -> Any:
    return lambda thing: thing.row.config.get(name) or None


plain(
    "NumberFieldOption",
    defaultValue=_number,
    lowest=_config("number_lowest_value"),
    highest=_config("number_highest_value"),
    isIntegerOnly=lambda thing: bool(thing.row.config.get("number_integers_only")),
    limitNumberBy=lambda thing: _NUMBER_LIMITS.get(
        thing.row.config.get("number_limit_mode", "") if thing.row.config.get("number_limited") else "", "NO_LIMIT"
    ),
)
plain(
    "DateFieldOption",
    defaultValue=_date("default_value"),
    earliest=_date("date_earliest_value"),
    latest=_date("date_latest_value"),
    limitDateBy=lambda thing: _DATE_LIMITS.get(
        thing.row.config.get("date_limit_mode", "") if thing.row.config.get("date_limited") else "", "NO_LIMIT"
    ),
)
plain(
    "FileUploadFieldOption",
    maxFileSize=lambda thing: thing.row.config.get("file_max_size") or 0,
    fileTypes=lambda thing: [
        *thing.row.config.get("file_types_supported", ()), *thing.row.config.get("file_types_other", ())
    ],
)  # fmt: skip
plain(
    "CheckboxOption",
    checkedByDefault=lambda thing: bool(thing.row.config.get("checked_by_default")),
    label=lambda thing: thing.row.config.get("checkbox_label") or thing.row.display_name,
)


def _box(ticked: bool) -> Any:
    async def resolve(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
        by_option = await _read_values(asking, [thing.row.option_id for thing in things])
        made = []
        for thing in things:
            values = by_option.get(thing.row.option_id, [])
            found = [one.id for one in values if (one.value_data or {}).get("checked_value") is ticked]
            made.append(found[0] if found else 0)
        return made

    return resolve


batch("CheckboxOption.checkedOptionValueEntityId")(_box(ticked=True))
batch("CheckboxOption.uncheckedOptionValueEntityId")(_box(ticked=False))

for _kind in ("MultipleChoiceOptionValue", "SwatchOptionValue", "ProductPickListOptionValue"):
    plain(
        _kind,
        entityId=lambda thing: thing.row.id,
        label=lambda thing: thing.row.label,
        isDefault=lambda thing: thing.row.is_default,
        isSelected=lambda thing: thing.more,
    )
plain("SwatchOptionValue", hexColors=lambda thing: list((thing.row.value_data or {}).get("colors") or ()))
plain("ProductPickListOptionValue", productId=lambda thing: (thing.row.value_data or {}).get("product_id") or 0)


@plain_with("SwatchOptionValue.imageUrl")
def _swatch(asking: Asking, thing: Thing, args: Args) -> str | None:
    found = asking.image((thing.row.value_data or {}).get("image_url") or "")
    return None if found is None else sized(found, args["width"], args.get("height"))


@batch("ProductPickListOptionValue.defaultImage")
async def _picked_image(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    ids = [int((thing.row.value_data or {}).get("product_id") or 0) for thing in things]
    found = await default_images(asking, [one for one in ids if one])
    return [found.get(one) for one in ids]


async def selections(asking: Asking, product_id: int, given: Sequence[Mapping[str, int]], *, defaults: bool) -> Any:
    """The values that a shopper chose, by the option's id; without any None."""
    picked = {one["optionEntityId"]: one["valueEntityId"] for one in given}
    if defaults:
        rows = (await _options(asking, [product_id]))[product_id]
        marks = numbered_placeholders(len(rows))
        if rows:
            shared = {row.option_id: row.id for row in rows}
            of_options = [row.option_id for row in rows]
            for kept in await query.where(asking.reader, option.VALUES, f"option_id IN ({marks})", *of_options):
                value = kept.entity
                if value.is_default:
                    picked.setdefault(shared[value.option_id], value.id)
    return picked or None
