"""What templates can call: Jinja, and the filters that show a value as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from bodega.access.settings import SETTINGS
from bodega.dates import parse_moment
from bodega.panel.assets import HERE, static_url
from bodega.panel.zones import local_time


def environment() -> Environment:
    """Jinja with autoescape: what clients wrote is text wherever it is shown."""
    made = Environment(
        loader=PackageLoader(HERE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(static=static_url, settings=SETTINGS)
    made.filters.update(moment=moment, clock=clock, ago=ago, number=number, took=took, part=part)
    made.filters.update(money=money, when=when, day=day, from_now=from_now, chosen_first=chosen_first)
    return made


def moment(epoch: float) -> str:
    """A time for people, in the zone of the page."""
    return local_time(epoch).strftime("%-d %B %Y, %H:%M:%S %Z")


def clock(epoch: float) -> str:
    """The time of day, to the second."""
    return local_time(epoch).strftime("%H:%M:%S")


def ago(epoch: float | None, now: float) -> str:
    """How long ago."""
    if not epoch:
        return "never"
    seconds = max(0, int(now - epoch))
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def from_now(epoch: float, now: float) -> str:
    """How long until then."""
    seconds = int(epoch - now)
    if seconds <= 0:
        return "now"
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"in {count} {word}{'s' if count > 1 else ''}"
    return "now"


def number(value: float) -> str:
    """A number with thousands separators."""
    return f"{value:,}"


def money(amount: Decimal | float | str) -> str:
    """An amount with two decimal places, or more if it has them."""
    exact = Decimal(str(amount or 0))
    short = exact.quantize(Decimal("0.01"))
    return f"{short if short == exact else exact.normalize():,}"


def when(text: str) -> str:
    """A date of the API, in either version's form, for people."""
    try:
        return moment(parse_moment(text)) if text else "\N{EN DASH}"
    except ValueError:
        return text


def day(text: str) -> str:
    """The day of a date of the API."""
    try:
        return local_time(parse_moment(text)).strftime("%-d %b %Y") if text else "\N{EN DASH}"
    except ValueError:
        return text


def chosen_first(choices: Sequence[tuple[str, str]], chosen: Sequence[str]) -> list[tuple[str, str]]:
    """Choices with the chosen ones first: of many, these are what one looks for."""
    return sorted(choices, key=lambda choice: choice[0] not in chosen)


def took(us: int) -> str:
    """A duration in microseconds, for people."""
    if us < 1_000:
        return f"{us} \N{MICRO SIGN}s"
    if us < 10_000:
        return f"{us / 1000:.1f} ms"
    if us < 1_000_000:
        return f"{us // 1000} ms"
    return f"{us / 1_000_000:.1f} s"


def part(value: object) -> str:
    """A value as one segment of a path."""
    return quote(str(value), safe="")
