"""The catalogue's part of a line: which variant is meant, what is chosen, what one piece costs (rules 78, 79)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from bodega.domain.pricing.basket import BasketItem
from bodega.domain.pricing.catalogue import unit_price
from bodega.law.refusal import Fault, invalid
from bodega.resources.catalog import brands, bulk_pricing, product, variants
from bodega.resources.catalog.options import product_option, rule
from bodega.resources.catalog.options.adjusting import adjusters_of
from bodega.resources.catalog.options.option import WITHOUT_VALUES
from bodega.resources.catalog.options.product_option import ProductOption
from bodega.resources.catalog.product import Product
from bodega.resources.catalog.variants import Variant
from bodega.resources.orders.conflicts import invalid_option, mandatory_options
from bodega.resources.orders.drafts import LineDraft, OptionDraft
from bodega.resources.orders.line import Chosen
from bodega.resources.pricing import facts
from bodega.storage import query
from bodega.storage.conflicts import dangling
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

TYPES = {
    "date": "Date field", "checkbox": "Checkbox", "file": "File Upload", "text": "Text field",
    "multi_line_text": "Multi-line text field", "numbers_only_text": "Text field", "radio_buttons": "Multiple choice",
    "rectangles": "Multiple choice", "dropdown": "Multiple choice", "product_list": "Product Pick List",
    "product_list_with_images": "Product Pick List", "swatch": "Swatch",
}  # fmt: skip
STYLES = {"radio_buttons": "Radio buttons", "rectangles": "Rectangles", "dropdown": "Drop-down"}


class CatalogItem(NamedTuple):
    """A product, the variant that is bought, and the choices for its options and modifiers."""

    product: Product
    variant: Variant
    chosen: list[Chosen]
    brand: str


class OptionPrompt(NamedTuple):
    """An option or modifier of a product, with its values: their labels by id."""

    option: ProductOption
    values: dict[int, str]

    @property
    def is_choice(self) -> bool:
        """Whether one of its values has to be chosen."""
        return self.option.type not in WITHOUT_VALUES


async def found(unit: Unit, draft: LineDraft, name: str, faults: list[Fault]) -> CatalogItem | None:
    """The catalog item of a line; None if it cannot be determined: `faults` then has the reason."""
    row = await unit.get(product.TABLE, draft.product_id or 0)
    if row is None:
        faults.append(dangling(f"{name}.product_id", "The product does not exist.", [draft.product_id or 0]))
        return None
    owner: Product = row.entity
    asked = await _asked(unit, owner.id)
    answers = {} if draft.product_options is UNSET else {item.id: item for item in draft.product_options}
    wrong = [_unanswerable(owner, item, asked, name) for item in answers.values()]
    faults += [fault for fault in wrong if fault is not None]
    before = len(faults)
    variant = await _variant(unit, owner, draft, asked, answers, name, faults)
    undecided = variant is None and len(faults) == before
    missing = _unanswered(owner, asked, answers, name, options=undecided)
    faults += missing
    if undecided and not any(wrong) and not missing:
        first = next(item.option for item in asked if not item.option.is_modifier)
        option = {**_told(first), "value": answers[first.id].value}
        faults.append(invalid_option(owner, name, option, "must be the options of a variant that there is"))
    if variant is None or any(wrong):
        return None
    chosen = [_of_variant(item, asked) for item in variant.option_values]
    modified = [item for item in asked if item.option.is_modifier and item.option.id in answers]
    chosen += [_answered(item, answers[item.option.id]) for item in modified]
    for item in chosen:
        _renamed(item, answers.get(item.product_option_id))
    brand = await unit.get(brands.TABLE, owner.brand_id) if owner.brand_id else None
    return CatalogItem(owner, variant, chosen, brand.entity.name if brand is not None else "")


async def _asked(unit: Unit, product_id: int) -> list[OptionPrompt]:
    theirs = "product_id = $1"
    options = await query.entities(unit.tx, product_option.TABLE, theirs, product_id, order="sort_order, id")
    if not options:
        return []
    behind = sorted({item.option_id for item in options})
    placeholders = numbered_placeholders(len(behind))
    values: dict[int, dict[int, str]] = {}
    sql = f"SELECT option_id, id, label FROM option_values WHERE option_id IN ({placeholders})"
    for owner, value, label in await unit.tx.rows(sql, *behind):
        values.setdefault(owner, {})[value] = label
    return [OptionPrompt(item, values.get(item.option_id, {})) for item in options]


def _value_id(answer: OptionDraft) -> int:
    """The id of the value that a choice names; 0 if there is none."""
    text = str(answer.value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0


def _told(option: ProductOption) -> dict[str, Any]:
    return {"id": option.id, "display_name": option.display_name}


def _unanswerable(owner: Product, answer: OptionDraft, asked: Sequence[OptionPrompt], name: str) -> Fault | None:
    item = next((item for item in asked if item.option.id == answer.id), None)
    if item is None:
        why, option = f"must name options of the product, as {answer.id} is none", {"id": answer.id}
    elif item.is_choice and _value_id(answer) not in item.values:
        why, option = f"must name a value of the option {answer.id}", _told(item.option)
    elif not item.is_choice and not isinstance(answer.value, str | int | Decimal):
        why, option = f"must answer the option {answer.id} by text", _told(item.option)
    else:
        return None
    return invalid_option(owner, name, {**option, "value": answer.value}, why)


def _unanswered(
    owner: Product, asked: Sequence[OptionPrompt], answers: dict[int, OptionDraft], name: str, *, options: bool
) -> list[Fault]:
    """Rule 79: what a product requires to be answered is answered; of `options` it is all of them."""
    missing = [
        _told(item.option)
        for item in asked
        if item.option.id not in answers and (item.option.is_required if item.option.is_modifier else options)
    ]
    return [mandatory_options(owner, name, missing)] if missing else []


async def _variant(
    unit: Unit,
    owner: Product,
    draft: LineDraft,
    asked: Sequence[OptionPrompt],
    answers: dict[int, OptionDraft],
    name: str,
    faults: list[Fault],
) -> Variant | None:
    """The variant that is meant; None where the answers name none, or with a fault."""
    wanted = draft.variant_id if draft.variant_id not in (UNSET, None, 0) else owner.base_variant_id
    if not wanted:
        given = [item for item in asked if not item.option.is_modifier and item.option.id in answers]
        values = sorted(_value_id(answers[item.option.id]) for item in given)
        combination = ",".join(map(str, values))
        sql = "SELECT id FROM variants WHERE product_id = $1 AND combination = $2"
        wanted = await query.value(unit.tx, sql, owner.id, combination)
        if wanted is None:
            return None
    row = await unit.get(variants.TABLE, int(wanted))
    if row is None or row.entity.product_id != owner.id:
        faults.append(invalid(f"{name}.variant_id", f"must be a variant of the product {owner.id}"))
        return None
    found: Variant = row.entity
    return found


def _of_variant(value: variants.OptionValue, asked: Sequence[OptionPrompt]) -> Chosen:
    item = next((item for item in asked if item.option.id == value.option_id), None)
    made = _described(item.option) if item is not None else Chosen(product_option_id=value.option_id)
    made.display_name = value.option_display_name
    made.display_value, made.value = value.label, str(value.id)
    return made


def _answered(item: OptionPrompt, answer: OptionDraft) -> Chosen:
    made = _described(item.option)
    made.value = str(answer.value)
    made.display_value = item.values[_value_id(answer)] if item.is_choice else made.value
    return made


def _described(item: ProductOption) -> Chosen:
    return Chosen(
        option_id=item.option_id,
        product_option_id=item.id,
        display_name=item.display_name,
        type=TYPES[item.type],
        name=item.name,
        display_style=STYLES.get(item.type, ""),
    )


def _renamed(item: Chosen, answer: OptionDraft | None) -> None:
    """An order may use other names for options than the catalogue does."""
    if answer is None:
        return
    item.display_name = answer.display_name_customer or answer.display_name or item.display_name
    item.display_value = answer.display_value_customer or answer.display_value or item.display_value
    item.display_name_merchant = answer.display_name_merchant or item.display_name_merchant
    item.display_value_merchant = answer.display_value_merchant or item.display_value_merchant


async def price(unit: Unit, goods: CatalogItem, quantity: int, exchange: Decimal, places: int) -> Decimal:
    """The unit price for a quantity, in the order's currency: the variant's price, the choices, then bulk pricing."""
    variant, owner = goods.variant, goods.product
    there = unit.statistics.total
    rules = await facts.rules_of(unit.tx, [owner.id]) if there(rule.TABLE.name) else {}
    tiers = await facts.tiers_of(unit.tx, [owner.id]) if there(bulk_pricing.TABLE.name) else {}
    answers = {item.product_option_id: item.value for item in goods.chosen}
    found = replace(
        facts.price_of(owner, variant),
        adjusters=adjusters_of(rules.get(owner.id, ()), answers, variant.id),
        tiers=tiers.get(owner.id, ()),
    )
    item = BasketItem(key="", quantity=quantity, variant_id=variant.id, catalog=found)
    return unit_price(item, places, exchange).amount
