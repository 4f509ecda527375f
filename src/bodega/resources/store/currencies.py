"""Currencies: those in which the store shows prices, and those in which it is paid. Exactly one is the default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from bodega.domain.currency_codes import codes
from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, FieldType, Moment, as_is, moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v2_members import Derived
from bodega.kit.v2_shape import V2Shape
from bodega.kit.write import unchanging
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAX_RATE = Decimal(1_000_000_000)
_NUMBER = re.compile(r"(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]{1,2})?")
RATE_PLACES = Decimal("1e-10")


def _rate(value: Any) -> Decimal:
    """The value of one US dollar in this currency: ten places, since some currencies are worth very little."""
    text = "" if isinstance(value, bool) else str(value).strip()
    rate = Decimal(text) if _NUMBER.fullmatch(text) else Decimal(0)
    if 0 < rate <= MAX_RATE:
        rate = rate.quantize(RATE_PLACES).normalize()
    if not 0 < rate <= MAX_RATE:
        raise ValueError(f"must be a number over 0 and at most {MAX_RATE}")
    return rate


def _code(value: Any) -> str:
    if not isinstance(value, str) or value not in codes():
        raise ValueError("must be a currency code of ISO 4217, as EUR")
    return str(value)


RATE = FieldType("string", "{:f}".format, _rate, _rate)
CODE = FieldType("string", as_is, _code, _code)
Token = Annotated[str, msgspec.Meta(max_length=1)]


class Currency(Entity, kw_only=True):
    """`token` is its symbol; the other tokens are the decimal and the thousands separator."""

    is_default: bool = False
    last_updated: Moment = ""
    country_iso2: Annotated[str, msgspec.Meta(max_length=2)] = ""
    currency_code: Annotated[str, CODE]
    currency_exchange_rate: Annotated[Decimal, RATE]
    auto_update: bool = False
    token_location: Literal["left", "right"]
    token: Annotated[str, msgspec.Meta(max_length=10)]
    decimal_token: Token
    thousands_token: Token
    decimal_places: Annotated[int, msgspec.Meta(ge=0, le=4)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100), NAME]
    enabled: bool = True
    is_transactional: bool = False


def of_the_store(unit: Unit) -> list[Currency]:
    """The default currency of a new store, from its settings."""
    known = unit.terms.settings
    code = known.get("currency", "USD")
    return [
        Currency(
            id=1,
            is_default=True,
            is_transactional=True,
            last_updated=moment(unit.now),
            country_iso2=known.get("country_code", "US"),
            currency_code=code,
            currency_exchange_rate=Decimal(1),
            token=known.get("currency_symbol", "$"),
            token_location=known.get("currency_symbol_location", "left"),
            decimal_token=known.get("decimal_separator", "."),
            thousands_token=known.get("thousands_separator", ","),
            decimal_places=known.get("decimal_places", 2),
            name=codes()[code].name if code in codes() else code,
        )
    ]


TABLE = stored(
    "currencies",
    Currency,
    noun="currency",
    columns="currency_code is_default enabled",
    uniques=[
        Unique(("currency_code",), "currency_code", "The store has this currency already."),
        Unique(("is_default",), "is_default", "The store has a default currency already.", "is_default"),
    ],
    first=of_the_store,
)

v2 = V2Shape(
    Currency,
    "currencies",
    "currency",
    "id! is_default last_updated! country_iso2 default_for_country_codes? currency_code* currency_exchange_rate*"
    " auto_update token_location* token* decimal_token* thousands_token* decimal_places* name* enabled is_transactional"
    " use_default_name?",
    {
        "default_for_country_codes": Derived(
            lambda currency: [currency.country_iso2] if currency.country_iso2 else [], "array"
        ),
        "use_default_name": Derived(lambda currency: _has_usual_name(currency), "boolean"),
    },
)


def _has_usual_name(currency: Currency) -> bool:
    known = codes().get(currency.currency_code)
    return known is not None and known.name == currency.name


V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_information", "currencies", v2=v2, created=200)
ALL_BUT_THE_DEFAULT = Endpoint(2, TABLE, V2.listing, V2.scope, V2.home, v2=v2, only={"is_default": False})  # rule 110

routes = (
    collection("currencies", V2, "GET POST").also(collection("currencies", ALL_BUT_THE_DEFAULT, "DELETE")),
    item("currencies/{id}", V2),
)


async def move_default_currency(unit: Unit, changes: Changes, old: Currency | None, _notes: list[Fault]) -> None:
    """Rule 110: a new default currency replaces the previous one; the default cannot simply be unset."""
    was = old is not None and old.is_default
    if was and changes.get("is_default") is False:
        raise refuse_faults([invalid("is_default", "can only be set to true, on another currency")])
    if changes.get("is_default") and not was:
        for (other,) in await unit.tx.rows("SELECT id FROM currencies WHERE is_default"):
            row = await unit.get(TABLE, other)
            assert row is not None
            row.entity.is_default = False
            await unit.rewrite(TABLE, row)


async def check_separators(unit: Unit, _old: Currency | None, new: Currency) -> None:
    """The decimal and the thousands separator differ, and the default currency is enabled."""
    faults = []
    if new.decimal_token == new.thousands_token:
        faults.append(invalid("thousands_token", "must differ from decimal_token"))
    if new.is_default and not new.enabled:
        faults.append(invalid("enabled", "must be true for the default currency"))
    if faults:
        raise refuse_faults(faults)
    new.last_updated = moment(unit.now)


async def check_country(_unit: Unit, old: Currency | None, new: Currency) -> None:
    """A country is two letters; which ones is left open, as the euro's are EU."""
    code = new.country_iso2
    if (
        (old is None or old.country_iso2 != code)
        and code
        and not (code.isascii() and code.isalpha() and len(code) == 2)
    ):
        raise refuse_faults([invalid("country_iso2", "must be the two letters of a country, as US")])


async def keep_default_currency(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 110: the default currency cannot be deleted."""
    sql = f"SELECT id FROM currencies WHERE is_default AND id IN ({numbered_placeholders(len(ids))})"
    if await unit.tx.row(sql, *ids) is not None:
        raise refuse_faults([invalid("is_default", "is true: make another currency the default first")])


async def default(tx: Tx) -> Currency:
    """The default currency of a store."""
    found = await query.one(tx, TABLE, "is_default")
    assert found is not None
    currency: Currency = found.entity
    return currency


async def enabled(tx: Tx) -> list[str]:
    """The codes of the enabled currencies."""
    return await query.values(tx, "SELECT currency_code FROM currencies WHERE enabled ORDER BY id")


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(
                unchanging("currency_code"),
                move_default_currency,
            ),
            before_write=(check_country, check_separators),
            before_delete=(keep_default_currency,),
        ),
    ),
    routes=routes,
)
