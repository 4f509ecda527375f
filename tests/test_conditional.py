"""Preconditions in the order of RFC 9110 13.2.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.dates import http_date
from bodega.http.conditions import Validators, Verdict, has_conditions, judge, tag

MODIFIED = 1_000_000_000
CURRENT = Validators(tag(17), MODIFIED)
UNDATED = Validators(tag(17), None)
BEFORE, SAME, AFTER = (http_date(MODIFIED + seconds) for seconds in (-1, 0, 1))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (tag(17), b'"17"'),
        (tag("a9"), b'"a9"'),
        (tag(17, gzip=True), b'"17-gz"'),
        (tag(17, xml=True), b'"17-x"'),
        (tag(17, xml=True, gzip=True), b'"17-x-gz"'),
    ],
)
def test_each_form_has_its_own_strong_tag(made: bytes, expected: bytes) -> None:
    """RFC 9110 8.8.3.3"""
    assert made == expected


@pytest.mark.parametrize(
    ("value", "current", "verdict"),
    [
        (b'"17"', CURRENT, "go_on"),
        (b'"16"', CURRENT, "failed"),
        (b'"16", "17"', CURRENT, "go_on"),
        (b'"16","17" ,', CURRENT, "go_on"),
        (b', ,"17"', CURRENT, "go_on"),
        (b'"1,7", "17"', CURRENT, "go_on"),
        (b'"17-gz"', CURRENT, "go_on"),
        (b'"17-x"', CURRENT, "failed"),
        (b'"17"', Validators(tag(17, gzip=True), None), "go_on"),
        (b'W/"17"', CURRENT, "failed"),  # strong comparison (8.8.3.2)
        (b'W/"17", "17"', CURRENT, "go_on"),
        (b"*", CURRENT, "go_on"),
        (b" * ", CURRENT, "go_on"),
        (b"*", None, "failed"),
        (b'"17"', None, "failed"),
        (b"17", CURRENT, "failed"),
        (b"", CURRENT, "failed"),
        (b'"17', CURRENT, "failed"),
        (b'x"17"', CURRENT, "failed"),
        (b'"17" "17"', CURRENT, "failed"),
        (b'w/"17"', CURRENT, "failed"),
        (b"\xff\x00", CURRENT, "failed"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
def test_if_match_needs_the_current_strong_tag(
    value: bytes, current: Validators | None, verdict: Verdict, method: str
) -> None:
    """RFC 9110 13.1.1"""
    assert judge({b"if-match": value}, method, current) == verdict


@pytest.mark.parametrize(
    ("value", "current", "matches"),
    [
        (b'"17"', CURRENT, True),
        (b'W/"17"', CURRENT, True),  # weak comparison (8.8.3.2)
        (b'W/"17-gz"', CURRENT, True),
        (b'"17-gz"', CURRENT, True),
        (b'"17-x"', CURRENT, False),
        (b'"17-x-gz"', Validators(tag(17, xml=True), None), True),
        (b'"15", W/"16", W/"17"', CURRENT, True),
        (b'"16"', CURRENT, False),
        (b"*", CURRENT, True),
        (b"*", None, False),
        (b'"17"', None, False),
        (b"17", CURRENT, False),
        (b"", CURRENT, False),
        (b'*, "16"', CURRENT, False),
        (b'"*"', CURRENT, False),
    ],
)
@pytest.mark.parametrize(
    ("method", "when_it_matches"),
    [("GET", "not_modified"), ("HEAD", "not_modified"), ("PUT", "failed"), ("POST", "failed"), ("DELETE", "failed")],
)
def test_if_none_match_stops_what_is_known_already(
    value: bytes, current: Validators | None, matches: bool, method: str, when_it_matches: Verdict
) -> None:
    """RFC 9110 13.1.2"""
    assert judge({b"if-none-match": value}, method, current) == (when_it_matches if matches else "go_on")


@pytest.mark.parametrize(
    ("value", "method", "current", "verdict"),
    [
        (SAME, "GET", CURRENT, "not_modified"),
        (AFTER, "GET", CURRENT, "not_modified"),
        (BEFORE, "GET", CURRENT, "go_on"),
        (SAME, "HEAD", CURRENT, "not_modified"),
        (SAME, "PUT", CURRENT, "go_on"),  # for reads only
        (SAME, "GET", UNDATED, "go_on"),
        (SAME, "GET", None, "go_on"),
        (b"garbage", "GET", CURRENT, "go_on"),
        (b"", "GET", CURRENT, "go_on"),
        (SAME + b", " + SAME, "GET", CURRENT, "go_on"),
        (b"Sunday, 09-Sep-01 01:46:40 GMT", "GET", CURRENT, "not_modified"),
        (b"Sun Sep  9 01:46:40 2001", "GET", CURRENT, "not_modified"),
    ],
)
def test_if_modified_since(value: bytes, method: str, current: Validators | None, verdict: Verdict) -> None:
    """RFC 9110 13.1.3"""
    assert judge({b"if-modified-since": value}, method, current) == verdict


@pytest.mark.parametrize(
    ("value", "current", "verdict"),
    [
        (BEFORE, CURRENT, "failed"),
        (SAME, CURRENT, "go_on"),
        (AFTER, CURRENT, "go_on"),
        (BEFORE, UNDATED, "go_on"),
        (BEFORE, None, "go_on"),
        (b"garbage", CURRENT, "go_on"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_if_unmodified_since(value: bytes, current: Validators | None, verdict: Verdict, method: str) -> None:
    """RFC 9110 13.1.4"""
    assert judge({b"if-unmodified-since": value}, method, current) == verdict


@pytest.mark.parametrize(
    ("headers", "method", "verdict"),
    [
        # If-Match is there, so If-Unmodified-Since is not looked at, whatever either says
        ({b"if-match": b'"17"', b"if-unmodified-since": BEFORE}, "PUT", "go_on"),
        ({b"if-match": b'"16"', b"if-unmodified-since": AFTER}, "PUT", "failed"),
        # If-None-Match is there, so If-Modified-Since is not looked at
        ({b"if-none-match": b'"16"', b"if-modified-since": AFTER}, "GET", "go_on"),
        ({b"if-none-match": b'"17"', b"if-modified-since": BEFORE}, "GET", "not_modified"),
        ({b"if-none-match": b"garbage", b"if-modified-since": AFTER}, "GET", "go_on"),
        # the first pair comes before the second
        ({b"if-match": b'"16"', b"if-none-match": b'"17"'}, "GET", "failed"),
        ({b"if-match": b'"17"', b"if-none-match": b'"17"'}, "GET", "not_modified"),
        ({b"if-match": b'"17"', b"if-none-match": b'"17"'}, "PUT", "failed"),
        ({b"if-unmodified-since": BEFORE, b"if-modified-since": AFTER}, "GET", "failed"),
        ({b"if-unmodified-since": AFTER, b"if-modified-since": AFTER}, "GET", "not_modified"),
        # methods that neither select nor change a representation (13.2.1)
        ({b"if-match": b'"16"'}, "OPTIONS", "go_on"),
        ({b"if-none-match": b"*"}, "TRACE", "go_on"),
        ({}, "GET", "go_on"),
    ],
)
def test_preconditions_are_judged_in_order(headers: dict[bytes, bytes], method: str, verdict: Verdict) -> None:
    """RFC 9110 13.2.2"""
    assert judge(headers, method, CURRENT) == verdict


@pytest.mark.parametrize("name", [b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"])
def test_each_precondition_is_seen(name: bytes) -> None:
    assert has_conditions({b"host": b"a", name: b""})
    assert not has_conditions({b"host": b"a", b"if-range": b'"17"'})


@given(st.binary(max_size=60), st.sampled_from(["GET", "PUT"]))
def test_garbage_never_claims_to_know_the_current_tag(value: bytes, method: str) -> None:
    if b'"17' not in value and value.strip(b" \t") != b"*":
        assert judge({b"if-match": value}, method, CURRENT) == "failed"
        assert judge({b"if-none-match": value}, method, CURRENT) == "go_on"


@given(st.lists(st.tuples(st.booleans(), st.text("!a,-gz0", max_size=4)), max_size=5))
def test_a_list_matches_when_one_of_its_tags_does(listed: list[tuple[bool, str]]) -> None:
    value = ", ".join(f'{"W/" if weak else ""}"{opaque}"' for weak, opaque in listed).encode()
    same = [(weak, opaque) for weak, opaque in listed if opaque.removesuffix("-gz") == "0"]
    current = Validators(tag(0), None)
    strong = any(not weak for weak, _ in same)
    assert judge({b"if-match": value}, "PUT", current) == ("go_on" if strong else "failed")
    assert judge({b"if-none-match": value}, "GET", current) == ("not_modified" if same else "go_on")
