"""The settings of a store that its owner can change: `bodega store set HASH KEY=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.access.providers import read_providers
from bodega.dates import parse_duration


class Setting(NamedTuple):
    """`read` turns the text of the command line into the value; it raises ValueError with a sentence."""

    default: Any
    read: Callable[[str], Any]
    meaning: str


def _text(value: str) -> str:
    if len(value) > 255 or any(ord(letter) < 32 for letter in value):
        raise ValueError("must be at most 255 printable characters")
    return value


def _short(maximum: int) -> Callable[[str], str]:
    """Text of at most so many characters."""

    def read(value: str) -> str:
        if len(value) > maximum or any(ord(letter) < 32 for letter in value):
            raise ValueError(f"must be at most {maximum} printable character{'' if maximum == 1 else 's'}")
        return value

    return read


def _flag(value: str) -> bool:
    if value.lower() in ("true", "on", "1", "yes"):
        return True
    if value.lower() in ("false", "off", "0", "no"):
        return False
    raise ValueError("must be true or false")


def _seconds(value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= 86_400:
        raise ValueError("must be a whole number of seconds from 1 to 86400")
    return int(value)


def _long_time(value: str) -> int:
    if not value.isdigit() or not 60 <= int(value) <= 31_536_000:
        raise ValueError("must be a whole number of seconds from 60 to 31536000")
    return int(value)


def _days(value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= 3650:
        raise ValueError("must be a whole number of days from 1 to 3650")
    return int(value)


def _megabytes(value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= 100_000:
        raise ValueError("must be a whole number of megabytes from 1 to 100000")
    return int(value)


def _places(value: str) -> int:
    if not value.isdigit() or int(value) > 4:
        raise ValueError("must be a whole number from 0 to 4")
    return int(value)


class OneOf:
    """One of a few words; a form shows `allowed` as a choice."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed

    def __call__(self, value: str) -> str:
        if value not in self.allowed:
            raise ValueError("must be one of " + ", ".join(self.allowed))
        return value


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isalpha() or not value.isupper():
        raise ValueError("must be a currency code of three capital letters, as EUR")
    return value


def _rates(value: str) -> str:
    """Per cent by the number of a tax class; it stays text, which is how it is shown."""
    seen = set()
    for part in value.split(",") if value else ():
        number, _, rate = part.partition("=")
        if not (number.isascii() and number.isdigit() and int(number) <= 255) or not _PER_CENT.fullmatch(rate):
            raise ValueError("must be rates by tax class, in per cent, as 0=20,1=0,2=5.5")
        if number in seen:
            raise ValueError("must have one rate a tax class")
        seen.add(number)
    return value


_PER_CENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")


def _ladder(value: str) -> list[int]:
    try:
        steps = [int(step) for step in value.split(",")]
    except ValueError:
        raise ValueError("must be whole seconds joined by commas") from None
    if not steps or any(step < 1 or step > 604_800 for step in steps):
        raise ValueError("must be seconds from 1 to 604800, joined by commas")
    return steps


def _providers(value: str) -> str:
    """Registrations of providers; they stay text, which is how they are shown."""
    read_providers(value)
    return value


OFF = "off"


def read_links(value: str) -> list[tuple[str, str]]:
    """Links of a shop elsewhere, as name and address. Raises ValueError."""
    found = []
    for part in value.split(",") if value else ():
        name, _, address = part.strip().partition("=")
        if not name or not address.startswith("https://") or any(ord(letter) <= 32 for letter in address):
            raise ValueError(
                "must be names with https addresses, as facebook=https://facebook.example/shop,x=https://..."
            )
        found.append((name, address))
    return found


def _links(value: str) -> str:
    """Links; they stay text, which is how they are shown."""
    read_links(_short(2_000)(value))
    return value


def read_amounts(value: str) -> list[Decimal]:
    """The amounts of gift certificates; none: the buyer says one. Raises ValueError."""
    found = [Decimal(part) if _AMOUNT.fullmatch(part) else Decimal(0) for part in value.split(",") if value]
    if not all(1 <= one <= 1_000 for one in found):
        raise ValueError("must be any, off, or amounts from 1 to 1000 joined by commas, as 10,25.50")
    return found


def _amounts(value: str) -> str:
    if value not in (ANY, OFF):
        read_amounts(value or "0")
    return value


ANY = "any"
_AMOUNT = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")


def _months(value: str) -> int:
    if not value.isdigit() or int(value) > 120:
        raise ValueError("must be a whole number of months from 0 to 120")
    return int(value)


def _interval(value: str) -> str:
    """How often, as it was written; `off` is never."""
    if value.lower() in (OFF, "never", "0"):
        return OFF
    try:
        seconds = parse_duration(value)
    except ValueError:
        seconds = 0
    if not 60 <= seconds <= 31_536_000:
        raise ValueError("must be off, or a duration from 1m to 365d, as 24h, 30m or 7d")
    return value


def _copies(value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= 1000:
        raise ValueError("must be a whole number from 1 to 1000")
    return int(value)


SHOP_QUOTA = "storefront.requests_per_window"


def _quota(value: str) -> str:
    """A number of requests, as it was written; `off` is none."""
    if value.lower() in (OFF, "none", "unlimited"):
        return OFF
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise ValueError("must be off, or a whole number from 0 to 999999999")
    return str(int(value))


def every_seconds(settings: Mapping[str, Any]) -> int:
    """How often a store is backed up, in seconds; 0: never."""
    value = settings["backup.every"]
    return 0 if value == OFF else parse_duration(value)


SETTINGS: dict[str, Setting] = {
    "name": Setting("My store", _text, "the store's name, in store information"),
    "domain": Setting("", _text, "the domain shown in store information; empty: store-HASH.localhost"),
    "address": Setting("", _text, "the postal address shown in store information"),
    "country": Setting("United States", _text, "the country shown in store information"),
    "country_code": Setting("US", _short(2), "its two-letter code"),
    "phone": Setting("", _text, "the telephone number shown in store information"),
    "first_name": Setting("", _text, "the owner's first name"),
    "last_name": Setting("", _text, "the owner's last name"),
    "admin_email": Setting("", _text, "the address for the owner's mail"),
    "order_email": Setting("", _text, "the address for orders"),
    "industry": Setting("", _text, "the kind of business"),
    "timezone": Setting("UTC", _text, "the name of the store's time zone"),
    "language": Setting("en", _text, "the language of the storefront"),
    "currency": Setting("USD", _currency, "the default currency"),
    "currency_symbol": Setting("$", _short(10), "its symbol"),
    "currency_symbol_location": Setting("left", OneOf("left", "right"), "the side of the amount on which it is shown"),
    "decimal_separator": Setting(".", _short(1), "between units and cents"),
    "thousands_separator": Setting(",", _short(1), "between groups of three digits"),
    "decimal_places": Setting(2, _places, "digits after the decimal separator"),
    "weight_units": Setting("LBS", OneOf("LBS", "Ounces", "KGS", "Grams", "Tonnes"), "the unit of weights"),
    "dimension_units": Setting("Inches", OneOf("Inches", "Centimeters"), "the unit of lengths"),
    "tax.rates": Setting(
        "", _rates, "tax rates in per cent by tax class, as 0=20,1=0,2=5.5; a class without one has none"
    ),
    "stock.taken": Setting(
        "order_placed",
        OneOf("order_placed", "order_completed_or_shipped"),
        "when orders take their stock",
    ),
    "stock.follows_edits": Setting(True, _flag, "whether edits of orders move stock"),
    "stock.returns": Setting(True, _flag, "whether refunded and cancelled orders give stock back"),
    "gift_certificates": Setting(
        ANY, _amounts, "which gift certificates the storefront offers: any amount, off, or amounts, as 10,25,50"
    ),
    "gift_certificates.months": Setting(0, _months, "for how many months it says that they are good; 0: for ever"),
    "social_links": Setting("", _links, "where else the shop is found, as facebook=https://facebook.example/shop"),
    "prices_include_tax": Setting(False, _flag, "whether prices are entered with tax"),
    "maintenance.retry_after": Setting(120, _seconds, "Retry-After of a store in maintenance, in seconds"),
    "suspended": Setting(False, _flag, "whether the store is suspended: it then answers 503"),
    "limits.concurrent": Setting(
        True, _flag, "whether the endpoints that have one keep their limit of requests at once"
    ),
    "images.allow_private": Setting(False, _flag, "whether images may be fetched from private addresses"),
    "tasks.keep_seconds": Setting(604_800, _long_time, "how long a task that ended is kept, in seconds"),
    "journal": Setting("heads", OneOf("off", "heads", "full"), "what the journal keeps of requests: full keeps bodies"),
    "backup.every": Setting(OFF, _interval, "how often the server backs the store up, as 24h, 30m or 7d; off: never"),
    "backup.keep": Setting(7, _copies, "how many of these backups are kept; the oldest go when a new one was checked"),
    "journal.keep_days": Setting(7, _days, "how long requests are kept in the journal, in days"),
    "journal.keep_megabytes": Setting(
        50, _megabytes, "how much of them is kept; as much again of attempts to deliver webhooks"
    ),
    "providers": Setting(
        "", _providers, "the apps that are asked for taxes and for shipping costs, as tax:acme=https://acme.example/tax"
    ),
    "providers.seconds": Setting(10, _seconds, "how long a provider may take to answer, in seconds"),
    "providers.keep_seconds": Setting(
        600, _seconds, "how long a provider's answer to the same request is remembered, in seconds"
    ),
    "providers.allow_private": Setting(False, _flag, "whether providers may be at private addresses"),
    "storefront.pages": Setting(True, _flag, "whether the server shows its own small storefront at the shop's host"),
    SHOP_QUOTA: Setting(
        OFF,
        _quota,
        "how many requests all shoppers together may send to /graphql and the REST API for shoppers in"
        " 30 s; off: no bound",
    ),
    "payments.test": Setting(True, _flag, "whether the checkout offers the test gateway, by which no money moves"),
    "webhooks.allow_private": Setting(False, _flag, "whether webhooks may go to private addresses"),
    "webhooks.keep_days": Setting(7, _days, "how long the log of deliveries is kept, in days"),
    "webhooks.retry_seconds": Setting(
        [60, 180, 300, 600, 900, 1800, 3600, 7200, 21600, 50400, 86400],
        _ladder,
        "the pauses between deliveries that fail, in seconds",
    ),
}


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings: those given, the rest at their defaults."""
    return {key: given.get(key, setting.default) for key, setting in SETTINGS.items()}
