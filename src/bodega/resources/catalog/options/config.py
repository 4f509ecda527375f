"""How a shopper fills in an option: the members of `config`, which differ by type."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.complaint import typed
from bodega.kit.fields import INT32, clean_moment

Length = Annotated[int, msgspec.Meta(ge=0, le=INT32)] | UnsetType
Text = str | UnsetType
Flag = bool | UnsetType
Number = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)] | UnsetType
LARGEST_FILE = 524_288
"""KiB."""


def _in_order(least: Any, maximum: Any, message: str) -> None:
    """A range must not end before it begins; 0 as its end means that it has none."""
    if least is not UNSET and maximum is not UNSET and maximum and least > maximum:
        raise ValueError(message)


class DateConfig(msgspec.Struct, kw_only=True):
    """A date."""

    default_value: Text = UNSET
    date_limited: Flag = UNSET
    date_limit_mode: Literal["earliest", "range", "latest"] | UnsetType = UNSET
    date_earliest_value: Text = UNSET
    date_latest_value: Text = UNSET

    def __post_init__(self) -> None:
        for name in ("default_value", "date_earliest_value", "date_latest_value"):
            value = getattr(self, name)
            if value is not UNSET:
                setattr(self, name, clean_moment(value))
        _in_order(
            self.date_earliest_value, self.date_latest_value, "must have a date_latest_value after date_earliest_value"
        )


class CheckboxConfig(msgspec.Struct, kw_only=True):
    """A box to tick."""

    checked_by_default: Flag = UNSET
    checkbox_label: Text = UNSET


class FileConfig(msgspec.Struct, kw_only=True):
    """A file to upload; its greatest size is in KiB."""

    file_types_mode: Literal["specific", "all"] | UnsetType = UNSET
    file_types_supported: Annotated[list[str], AtMost(100)] | UnsetType = UNSET
    file_types_other: Annotated[list[str], AtMost(100)] | UnsetType = UNSET
    file_max_size: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_FILE)] | UnsetType = UNSET


class TextConfig(msgspec.Struct, kw_only=True):
    """A line of text."""

    default_value: Text = UNSET
    text_characters_limited: Flag = UNSET
    text_min_length: Length = UNSET
    text_max_length: Length = UNSET

    def __post_init__(self) -> None:
        _in_order(
            self.text_min_length, self.text_max_length, "must have a text_max_length of at least text_min_length, or 0"
        )


class LinesConfig(TextConfig, kw_only=True):
    """Text of several lines."""

    text_lines_limited: Flag = UNSET
    text_max_lines: Length = UNSET


class NumberConfig(msgspec.Struct, kw_only=True):
    """A number."""

    default_value: str | int | float | UnsetType = UNSET
    number_limited: Flag = UNSET
    number_limit_mode: Literal["lowest", "highest", "range"] | UnsetType = UNSET
    number_lowest_value: Number = UNSET
    number_highest_value: Number = UNSET
    number_integers_only: Flag = UNSET

    def __post_init__(self) -> None:
        if self.number_limit_mode == "range" and UNSET not in (self.number_lowest_value, self.number_highest_value):
            assert not isinstance(self.number_lowest_value, UnsetType)
            if self.number_lowest_value > self.number_highest_value:  # type: ignore[operator]
                raise ValueError("must have a number_highest_value of at least number_lowest_value")


class ProductListConfig(msgspec.Struct, kw_only=True):
    """Other products to choose from."""

    product_list_adjusts_inventory: Flag = UNSET
    product_list_adjusts_pricing: Flag = UNSET
    product_list_shipping_calc: Literal["none", "weight", "package"] | UnsetType = UNSET


class NoConfig(msgspec.Struct, kw_only=True):
    """A plain choice has no settings."""


CONFIGS: dict[str, type[msgspec.Struct]] = {
    "date": DateConfig,
    "checkbox": CheckboxConfig,
    "file": FileConfig,
    "text": TextConfig,
    "multi_line_text": LinesConfig,
    "numbers_only_text": NumberConfig,
    "product_list": ProductListConfig,
    "product_list_with_images": ProductListConfig,
}


def configured(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """The members that an option of this type has; others are ignored, since clients send them all.

    A member that is null is the same as an absent one. Raises ValueError with the end of a sentence.
    """
    given = {name: value for name, value in config.items() if value is not None}
    return dict(msgspec.to_builtins(typed(given, CONFIGS.get(kind, NoConfig))))
