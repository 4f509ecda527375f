"""Accept, Accept-Encoding and Content-Type (RFC 9110 8.3, 12.4, 12.5; rule 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from bodega.http.negotiation import BodyKind, Media, accepts_gzip, choose_media, media_of

JSON, XML = Media.JSON, Media.XML
V2 = (JSON, XML)
V3 = (JSON,)
BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        (b"", JSON),
        (b"  ", JSON),
        (b",, ;", JSON),
        (b"garbage", JSON),
        (b"application/xml;q=high", JSON),
        (b"application/xml;q=2", JSON),
        (b"*/*", JSON),
        (b"*", JSON),
        (b"application/*", JSON),
        (b"application/json", JSON),
        (b"application/xml", XML),
        (b"APPLICATION/XML", XML),
        (b" application/xml ; charset=utf-8 ", XML),
        (b'application/xml;x="a,b;q=0"', XML),
        (b"application/xml; q=1.000", XML),
        (b"application/xml; Q=0.5", XML),
        (b"application/xml;q=.5", XML),
        (b"text/xml", XML),
        (b"application/vnd.bc.v1+json", JSON),
        (b"application/problem+json", JSON),
        (b"text/html", None),
        (b"image/*", None),
        (b"text/*", None),
        (b"*/json", JSON),  # no range at all, so nothing was asked for
        (b"application/json;q=0", None),
        (b"*/*;q=0", None),
        (b"text/html, garbage", None),
        (b"application/json, application/xml", JSON),
        (b"application/xml, application/json", JSON),
        (b"application/xml;q=0.9, application/json;q=0.8", XML),
        (b"application/xml;q=0.8, application/json;q=0.9", JSON),
        (b"application/xml, application/json;q=0.9", XML),
        (b"application/xml, */*", XML),  # a named type before a wildcard (rule 14)
        (b"application/xml;q=0.9, */*", JSON),
        (b"application/json;q=0, */*", XML),
        (b"application/json;q=0.1, */*;q=0.5", XML),  # the closest range decides
        (b"application/*;q=0, */*", None),
        (b"application/json;q=0.2, application/*;q=0", JSON),
        (b"application/problem+json, application/json;q=0.5, application/xml;q=0.7", XML),
        (b"application/problem+json;q=0, */*", JSON),
        (b"text/xml;q=0", None),
        (BROWSER, XML),
        (b"x/y;" + b"p=1;" * 1000 + b"q=1, application/xml", XML),
    ],
)
def test_accept_alone_chooses(accept: bytes | None, chosen: Media | None) -> None:
    """RFC 9110 12.5.1"""
    assert choose_media(accept, "", V2) is chosen


@pytest.mark.parametrize(
    ("accept", "suffix", "chosen"),
    [
        (None, "xml", XML),
        (None, "json", JSON),
        (b"*/*", "xml", XML),
        (b"application/*", "xml", XML),
        (b"garbage", "xml", XML),
        (b"application/json", "xml", JSON),  # q=1 goes first
        (b"application/xml", "json", XML),
        (b"application/json;q=0.9", "xml", XML),  # the suffix goes before a lower q
        (b"application/json;q=0.9, application/xml;q=0.1", "xml", XML),
        (b"application/json, application/xml", "xml", XML),
        (b"application/json, application/xml;q=0.9", "xml", JSON),
        (b"application/xml;q=0, */*", "xml", JSON),
        (b"application/xml;q=0, application/json;q=0.5", "xml", JSON),
        (b"application/json;q=0.5, */*;q=0", "xml", JSON),
        (b"text/html", "xml", None),
        (b"*/*;q=0", "xml", None),
        (BROWSER, "json", JSON),
        (BROWSER, "xml", XML),
    ],
)
def test_the_suffix_stands_between_q_1_and_the_rest(accept: bytes | None, suffix: str, chosen: Media | None) -> None:
    """rule 14"""
    assert choose_media(accept, suffix, V2) is chosen


@pytest.mark.parametrize(
    ("accept", "suffix", "chosen"),
    [
        (None, "", JSON),
        (None, "json", JSON),
        (b"*/*", "", JSON),
        (b"application/xml", "", None),
        (b"application/xml, */*;q=0.1", "", JSON),
        (BROWSER, "", JSON),
        (None, "xml", None),
        (b"*/*", "xml", None),
        (b"application/json", "xml", JSON),
    ],
)
def test_v3_speaks_json_only(accept: bytes | None, suffix: str, chosen: Media | None) -> None:
    """rule 15"""
    assert choose_media(accept, suffix, V3) is chosen


NAMES = ["application/json", "application/xml", "application/*", "*/*", "text/html"]
ranges = st.tuples(st.sampled_from(NAMES), st.sampled_from(["", ";q=0", ";q=0.3", "; q=0.5", ";q=1", ";Q=0.999"]))


@given(st.lists(ranges, min_size=1, max_size=5, unique_by=lambda member: member[0]))
def test_weights_agree_with_werkzeug(members: list[tuple[str, str]]) -> None:
    """RFC 9110 12.5.1; rule 14 differs only where a type is named with q=1."""
    header = ", ".join(name + weight for name, weight in members)
    accept = parse_accept_header(header, MIMEAccept)
    if any(name in NAMES[:2] and accept[name] == 1 for name, _ in members):
        return
    weights = {media: accept.quality(media.value.decode()) for media in V2}
    best = max(V2, key=lambda media: weights[media])
    assert choose_media(header.encode(), "", V2) is (best if weights[best] else None)


@given(st.binary(max_size=80), st.sampled_from(["", "json", "xml"]), st.sampled_from([V2, V3]))
def test_any_bytes_have_an_answer(header: bytes, suffix: str, offered: tuple[Media, ...]) -> None:
    assert choose_media(header, suffix, offered) in (*offered, None)
    assert accepts_gzip(header) in (True, False)
    media_of(header)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, False),
        (b"", False),
        (b"gzip", True),
        (b"GZIP", True),
        (b"x-gzip", True),
        (b"gzip, deflate, br", True),
        (b"deflate, br", False),
        (b"identity", False),
        (b"*", True),
        (b"*;q=0", False),
        (b"gzip;q=0", False),
        (b"gzip;q=0, *", False),
        (b"gzip;q=0.000", False),
        (b"gzip;q=0.001", True),
        (b"br, *;q=0.1", True),
        (b"identity, gzip;q=0.5", False),
        (b"identity;q=0.5, gzip", True),
        (b"identity;q=0, gzip;q=0.1", True),
        (b"identity, *;q=0.5", False),
        (b"identity;q=0.5, *;q=0", False),
        (b"gzip;q=nonsense", False),
        (b"g zip", False),
        (b",,gzip,", True),
        (b"br," * 400 + b"gzip", True),
    ],
)
def test_gzip_is_sent_when_it_is_welcome(header: bytes | None, wanted: bool) -> None:
    """RFC 9110 12.5.3"""
    assert accepts_gzip(header) is wanted


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (b"application/json", JSON),
        (b"Application/JSON", JSON),
        (b"application/json;charset=utf-8", JSON),
        (b'application/json; charset="UTF-8"', JSON),
        (b"application/json ; Charset=us-ascii", JSON),
        (b"application/json; charset=utf8", JSON),
        (b"application/json;", JSON),
        (b"application/vnd.bc.v1+json", JSON),
        (b"application/xml", XML),
        (b"text/xml; charset=UTF-8", XML),
        (b"application/json; charset=utf-16", None),
        (b"application/json; charset=iso-8859-1", None),
        (b"application/json; charset=", None),
        (b"multipart/form-data; boundary=xyz", "multipart"),
        (b'multipart/form-data; boundary="a;charset=x"', "multipart"),
        (b"application/x-www-form-urlencoded", "form"),
        (b"application/x-www-form-urlencoded; charset=UTF-8", "form"),
        (b"text/plain", None),
        (b"json", None),
        (b"", None),
        (b"*/*", None),
        (b"application/json, application/json", None),
        (b"application/\xff+json", None),
        (b"application/json" + b";a=b" * 1000, None),
    ],
)
def test_a_body_is_known_by_its_content_type(content_type: bytes, kind: BodyKind | None) -> None:
    """RFC 9110 8.3"""
    assert media_of(content_type) == kind
