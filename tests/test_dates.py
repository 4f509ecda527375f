"""Moments on the wire: HTTP dates (RFC 9110 5.6.7), V2 and V3 dates, and date filters (rule 16)."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, formatdate, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.dates import http_date, iso, parse_http_date, parse_moment, rfc2822

MOMENT = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
LAST = 253402300799
moments = st.integers(0, LAST)


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 +0000",  # as V2 writes it
        "Sun, 06 Nov 1994 10:49:37 +0200",
    ],
)
def test_each_form_of_an_http_date_is_read(value: str) -> None:
    """RFC 9110 5.6.7"""
    assert parse_http_date(value) == parse_http_date(value.encode()) == MOMENT


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "784111777",
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +9900",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=12",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        " " * 100_000,
    ],
)
def test_an_unreadable_http_date_is_none(value: str) -> None:
    """RFC 9110 13.1.3: such a date is to be ignored."""
    assert parse_http_date(value) is None


def test_bytes_outside_ascii_are_unreadable() -> None:
    assert parse_http_date(b"Sun, 06 Nov 1994 08:49:37 \xff") is None


@pytest.mark.parametrize(
    ("two_digits", "year"),
    [("30", 2030), ("75", 2075), ("76", 1976), ("99", 1999), ("00", 2000)],
)
def test_a_two_digit_year_is_never_more_than_fifty_years_ahead(two_digits: str, year: int) -> None:
    """RFC 9110 5.6.7"""
    now = int(datetime(2025, 6, 1, tzinfo=UTC).timestamp())
    read = parse_http_date(f"Sunday, 06-Nov-{two_digits} 08:49:37 GMT", now=now)
    assert read == int(datetime(year, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp())


def test_a_leap_second_is_the_start_of_the_next_minute() -> None:
    """RFC 9110 5.6.7 lets second 60 through."""
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_http_date("Sun, 01 Jan 2017 00:00:00 GMT")


@given(moments)
def test_http_dates_agree_with_the_standard_library(epoch: int) -> None:
    written = http_date(epoch).decode()
    assert written == format_datetime(datetime.fromtimestamp(epoch, UTC), usegmt=True)
    assert parse_http_date(written) == epoch


@given(moments)
def test_v2_dates_agree_with_the_standard_library(epoch: int) -> None:
    """rule 16"""
    written = rfc2822(epoch)
    assert parsedate_to_datetime(written).timestamp() == epoch
    assert parse_moment(written) == epoch


@given(moments)
def test_v3_dates_agree_with_the_standard_library(epoch: int) -> None:
    written = iso(epoch)
    assert written == datetime.fromtimestamp(epoch, UTC).isoformat()
    assert parse_moment(written) == epoch


def test_the_wire_forms_look_as_published() -> None:
    assert rfc2822(1348194661) == "Fri, 21 Sep 2012 02:31:01 +0000"
    assert iso(1534344526) == "2018-08-15T14:48:46+00:00"
    assert http_date(0) == b"Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2013", "2013-01-01T00:00:00"),
        ("2013-12", "2013-12-01T00:00:00"),
        ("2013-12-05", "2013-12-05T00:00:00"),
        ("2013-12-05T10:20", "2013-12-05T10:20:00"),
        ("2013-12-05T10:20:30", "2013-12-05T10:20:30"),
        ("2013-12-05 10:20:30", "2013-12-05T10:20:30"),
        ("2013-12-05T10:20:30Z", "2013-12-05T10:20:30"),
        ("2013-12-05t10:20:30z", "2013-12-05T10:20:30"),
        ("2013-12-05T10:20:30.999999Z", "2013-12-05T10:20:30"),
        ("2013-12-05T10:20:30,5+02:00", "2013-12-05T08:20:30"),
        ("2013-12-05T10:20:30-0530", "2013-12-05T15:50:30"),
        ("2013-12-05T10:20:30 02:00", "2013-12-05T08:20:30"),  # an unescaped plus in a query string
        ("  2013-12-05  ", "2013-12-05T00:00:00"),
        ("Thu, 05 Dec 2013 10:20:30 +0000", "2013-12-05T10:20:30"),
        ("Thu, 05 Dec 2013 10:20:30  0200", "2013-12-05T08:20:30"),  # likewise
        ("5 Dec 2013 10:20 EST", "2013-12-05T15:20:00"),
        ("Thu, 05 Dec 2013 10:20:30 GMT", "2013-12-05T10:20:30"),
        ("Thu, 05 Dec 2013 10:20:30", "2013-12-05T10:20:30"),
        ("1386238830", "2013-12-05T10:20:30"),
        ("0", "1970-01-01T00:00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
    ],
)
def test_a_date_filter_is_read(text: str, meaning: str) -> None:
    """rule 16: RFC 2822 and ISO 8601, partial too"""
    assert parse_moment(text) == int(datetime.fromisoformat(meaning).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "20131205",
        "201312",
        "13",
        "-1",
        "1386238830123",
        "1969",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-01:00",
        "10000-01-01",
        "0000",
        "2013-13",
        "2013-00",
        "2013-02-30",
        "2013-12-05T25:00:00",
        "2013-12-05T10:20:61",
        "2013-12-05T10:20:30+24:00",
        "2013-12-05T10:20:30+02:60",
        "2013-12-05T10",
        "2013-12-5",
        "2013-12-05\n2013",
        "Thu, 05 Dec 13 10:20:30 +0000",
        "Thu, 05 Dez 2013 10:20:30 +0000",
        "٢٠١٣",
        "1" * 5000,
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_moment(text)


@given(moments, st.integers(-14 * 60, 14 * 60), st.integers(0, 999_999))
def test_a_date_means_the_same_in_every_zone(epoch: int, minutes: int, fraction: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    here = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(max(epoch, 86400), LAST - 86400))
    there = here.astimezone(zone).replace(microsecond=fraction)
    assert parse_moment(there.isoformat()) == int(here.timestamp())
    assert parse_moment(format_datetime(there)) == int(here.timestamp())


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    parse_http_date(text)
    try:
        assert 0 <= parse_moment(text) <= LAST
    except ValueError as error:
        assert str(error)  # noqa: PT017


def test_local_time_of_the_machine_does_not_matter() -> None:
    assert parse_moment(formatdate(MOMENT, localtime=True)) == MOMENT
