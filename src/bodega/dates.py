"""Moments on the wire: HTTP dates (RFC 9110 5.6.7), the dates of V2 and V3, and the filters that read either.

A moment is a whole number of UTC seconds since 1970 everywhere below the wire.
"""

import re
import time
from calendar import timegm
from datetime import datetime
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_LAST = 253402300799  # 9999-12-31T23:59:59Z
_LONGEST = 64  # no readable date is longer; keeps the patterns away from huge values

_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY = r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"

# A zone's sign may be a space: an unescaped "+" in a query string arrives as one.
_OFFSET = r"[+\- ]\d{2}:?\d{2}"
_NAMED_ZONES = {"ut": 0, "utc": 0, "gmt": 0, "z": 0, "": 0}
_NAMED_ZONES |= {"edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8}


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII | re.IGNORECASE)


_IMF_FIXDATE = _pattern(
    rf"{_DAY}, (?P<day>\d{{1,2}}) {_MONTH} (?P<year>\d{{4}}) {_CLOCK} (?P<zone>GMT|UTC|[+-]\d{{4}})"
)
_RFC_850 = _pattern(rf"{_LONG_DAY}, (?P<day>\d{{2}})-{_MONTH}-(?P<year>\d{{2}}) {_CLOCK} (?P<zone>GMT)")
_ASCTIME = _pattern(rf"{_DAY} {_MONTH} (?P<day>\d{{2}}| \d) {_CLOCK} (?P<year>\d{{4}})(?P<zone>)")

_RFC_2822 = _pattern(
    rf"(?:{_DAY}\s*,\s*)?(?P<day>\d{{1,2}})\s+{_MONTH}\s+(?P<year>\d{{4}})\s+"
    rf"(?P<hour>\d{{2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}}))?"
    rf"(?:\s+(?P<zone>[+\-]?\d{{4}}|UTC?|GMT|Z|[ECMP][SD]T))?"
)
_ISO_8601 = _pattern(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    rf"(?P<zone>Z|{_OFFSET})?)?)?)?"
)
_UNIX = _pattern(r"0|\d{9,12}")


@lru_cache(maxsize=4096)
def http_date(epoch: int) -> bytes:
    """Write seconds as an IMF-fixdate, b"Fri, 21 Sep 2012 02:31:01 GMT" (RFC 9110 5.6.7)."""
    return http_date_text(epoch).encode()


@lru_cache(maxsize=4096)
def http_date_text(epoch: int) -> str:
    """As `http_date`, as text."""
    return f"{_day_and_clock(epoch)} GMT"


@lru_cache(maxsize=4096)
def rfc2822(epoch: int) -> str:
    """Write seconds as V2 does, "Fri, 21 Sep 2012 02:31:01 +0000" (rule 16)."""
    return f"{_day_and_clock(epoch)} +0000"


@lru_cache(maxsize=4096)
def iso(epoch: int) -> str:
    """Write seconds as V3 does, "2018-08-15T14:48:46+00:00"; never with a fraction."""
    year, month, day, hour, minute, second, *_ = time.gmtime(epoch)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00"


def parse_http_date(value: bytes | str, *, now: int | None = None) -> int | None:
    """Read an HTTP date in any of its three forms; None when it is unreadable (RFC 9110 5.6.7).

    A numeric zone is taken too: clients send back the dates V2 gave them, which end in "+0000".
    `now` (seconds) fixes the century of a two-digit year; by default the present does.
    """
    text = value if isinstance(value, str) else value.decode("latin-1")
    if len(text) > _LONGEST:
        return None
    found = _IMF_FIXDATE.fullmatch(text) or _RFC_850.fullmatch(text) or _ASCTIME.fullmatch(text)
    if found is None:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year = _full_year(year, now)
    try:
        return _moment(year, found)
    except ValueError:
        return None


def parse_moment(text: str) -> int:
    """Read a date filter or field into seconds (rule 16); a partial date is its first second.

    Reads ISO 8601 with an offset, with Z or without a zone (UTC), fractions dropped; "2013", "2013-12", "2013-12-05";
    RFC 2822; and UNIX seconds of 9 to 12 digits. Raises ValueError for anything else and outside 1970..9999.
    """
    return parse_span(text)[0]


def parse_span(text: str) -> tuple[int, int]:
    """The first and the last second that a date means: of a day, a month or a year all of it; a moment is both.

    Reads what `parse_moment` reads, and raises as it does.
    """
    text = text.strip()
    if len(text) <= _LONGEST:
        if _UNIX.fullmatch(text):
            moment = _within_reach(int(text))
            return moment, moment
        if found := _ISO_8601.fullmatch(text) or _RFC_2822.fullmatch(text):
            first = _within_reach(_moment(int(found["year"]), found))
            return first, first if found["hour"] else _last_second(int(found["year"]), found["month"], found["day"])
    raise ValueError("not a date")


def _last_second(year: int, month: str | None, day: str | None) -> int:
    if day:
        return timegm((year, int(month or 1), int(day), 23, 59, 59))
    after = int(month) + 1 if month else 13
    return timegm((year + after // 13, (after - 1) % 12 + 1, 1, 0, 0, 0)) - 1


def _day_and_clock(epoch: int) -> str:
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(epoch)
    return f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{second:02}"


def _full_year(two_digits: int, now: int | None) -> int:
    """The year meant by two digits: never more than 50 years ahead (RFC 9110 5.6.7)."""
    present = time.gmtime(now).tm_year
    year = present - present % 100 + two_digits
    return year - 100 if year > present + 50 else year


def _moment(year: int, found: re.Match[str]) -> int:
    """Seconds of a matched date whose missing parts are their first; ValueError for 30 February and its like."""
    month = found["month"] or "1"
    second = int(found["second"] or 0)
    leap = second == 60  # RFC 9110 lets a leap second through; it is the first second of the next minute
    civil = datetime(
        year,
        _MONTH_NUMBER.get(month.lower()) or int(month),
        int(found["day"] or 1),
        int(found["hour"] or 0),
        int(found["minute"] or 0),
        second - leap,
    )
    return timegm(civil.timetuple()) + leap - _offset(found["zone"] or "")


def _offset(zone: str) -> int:
    """Seconds east of UTC."""
    named = _NAMED_ZONES.get(zone.lower())
    if named is not None:
        return named * 3600
    digits = zone.lstrip("+- ").replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError("not a zone")
    return (-1 if zone[0] == "-" else 1) * (hours * 3600 + minutes * 60)


def _within_reach(epoch: int) -> int:
    if not 0 <= epoch <= _LAST:
        raise ValueError("a date outside 1970..9999")
    return epoch


_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_duration(text: str) -> int:
    """Seconds of a duration as "48h" or "1h30m". Raises ValueError."""
    if not re.fullmatch(r"([0-9]{1,9}[dhms])+", text):
        raise ValueError(f"{text} is not a duration: write it as 48h, 30m, 10s, 2d or 1h30m.")
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]{1,9})([dhms])", text))
