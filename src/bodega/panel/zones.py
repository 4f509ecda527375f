"""The store's time zone: what pages show as times, and the days by which lists are filtered.

A store's `timezone` is any text; what is no zone here counts as UTC.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bodega.access.stores import OpenStore

_SHOWN: ContextVar[tzinfo] = ContextVar("zone of the page", default=UTC)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@lru_cache(maxsize=64)
def named(name: str) -> tzinfo:
    """The zone of a name; UTC where there is none."""
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def zone_of(store: OpenStore | None) -> tzinfo:
    """The zone of a store's pages."""
    return UTC if store is None else named(str(store.settings["timezone"]))


def show_in(zone: tzinfo) -> None:
    """Times of the page that is rendered from here on are those of this zone."""
    _SHOWN.set(zone)


def local_time(epoch: float) -> datetime:
    """A time in the zone of the page."""
    return datetime.fromtimestamp(epoch, _SHOWN.get())


def day_bounds(first: str, last: str, zone: tzinfo) -> tuple[str, str]:
    """From the start of one day to the end of another, as dates of the API; what is no day, as 2030-01-31, is empty."""
    since, until = _day(first), _day(last)
    begins = datetime(since.year, since.month, since.day, tzinfo=zone).isoformat() if since else ""
    if until is None:
        return begins, ""
    after = until + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone) - timedelta(seconds=1)
    return begins, end.isoformat()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) and "1000" < text < "9000" else None
    except ValueError:
        return None
