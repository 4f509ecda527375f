"""V2 in XML (rule 15)."""

import re
from contextlib import suppress
from decimal import Decimal
from typing import Any
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.http import xml
from bodega.http.xml import XMLRefused, read, singular, write

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.mark.parametrize(
    ("value", "root", "item", "inside"),
    [
        ({"id": 5, "name": "iPod"}, "product", "", "<product><id>5</id><name>iPod</name></product>"),
        ({}, "product", "", "<product></product>"),
        (
            [{"id": 1}, {"id": 2}],
            "brands",
            "brand",
            "<brands><brand><id>1</id></brand><brand><id>2</id></brand></brands>",
        ),
        ([], "brands", "brand", "<brands></brands>"),
        ({"a": True, "b": False, "c": None, "d": ""}, "x", "", "<x><a>true</a><b>false</b><c>NULL</c><d></d></x>"),
        (
            {"a": 1.5, "b": Decimal("89.0000"), "c": Decimal("1E+3")},
            "x",
            "",
            "<x><a>1.5</a><b>89.0000</b><c>1000</c></x>",
        ),
        ({"categories": [2, 3]}, "x", "", "<x><categories><value>2</value><value>3</value></categories></x>"),
        ({"categories": []}, "x", "", "<x><categories></categories></x>"),
        ({"products": [{"id": 1}]}, "x", "", "<x><products><product><id>1</id></product></products></x>"),
        ({"info": [{"id": 1}]}, "x", "", "<x><info><value><id>1</id></value></info></x>"),
        ({"grid": [[1], []]}, "x", "", "<x><grid><value><value>1</value></value><value></value></grid></x>"),
        ({"name": {"first": "a"}}, "x", "", "<x><name><first>a</first></name></x>"),
        (
            {"brand": {"url": 'https://a/b?c=1&d="2"', "resource": "/brands/17"}},
            "x",
            "",
            '<x><brand><link rel="resource" href="https://a/b?c=1&amp;d=&quot;2&quot;">/brands/17</link></brand></x>',
        ),
        ({"a": "1 < 2 & 3 > 2 ]]>"}, "x", "", "<x><a>1 &lt; 2 &amp; 3 &gt; 2 ]]&gt;</a></x>"),
        ({"a": "\0b\x1f\ud800\ufffe\uffffc\r\n\t"}, "x", "", "<x><a>bc&#13;\n\t</a></x>"),
        ({"1st": 1, "a b": 2, "<&>": 3, "": 4, "é": 5, "-": 6}, "x", "", None),
        ({"100%": "%s"}, "9", "", "<_9><_100_>%s</_100_></_9>"),
    ],
)
def test_values_are_written_as_v2_does(value: Any, root: str, item: str, inside: str | None) -> None:
    """rule 15"""
    written = write(value, root, item).decode()
    minidom.parseString(written)
    if inside is not None:
        assert written == HEAD + inside


def test_what_is_not_json_is_not_written() -> None:
    with pytest.raises(TypeError):
        write({"a": object()}, "x", "")


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("products", "product"),
        ("categories", "category"),
        ("countries", "country"),
        ("addresses", "address"),
        ("address", "address"),
        ("tax_classes", "tax_class"),
        ("boxes", "box"),
        ("batches", "batch"),
        ("images", "image"),
        ("prices", "price"),
        ("skus", "sku"),
        ("values", "value"),
        ("statuses", "status"),
        ("status", "status"),
        ("series", "series"),
        ("info", "info"),
    ],
)
def test_the_singular_of_a_list(name: str, one: str) -> None:
    assert singular(name) == one


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ("<product><id>5</id><name>iPod</name></product>", {"id": "5", "name": "iPod"}),
        ("<product>\n  <id>5</id>\n</product>\n", {"id": "5"}),
        ("<product/>", {}),
        ("<product>\n</product>", {}),
        ("<x><a/><b></b><c> </c><d>NULL</d></x>", {"a": "", "b": "", "c": " ", "d": None}),
        ("<x><ids><value>1</value><value>2</value></ids></x>", {"ids": ["1", "2"]}),
        ("<x><ids>\n<value>1</value>\n</ids></x>", {"ids": ["1"]}),
        ("<x><products><product><id>1</id></product></products></x>", {"products": [{"id": "1"}]}),
        ("<x><products><p><id>1</id></p><p><id>2</id></p></products></x>", {"products": [{"id": "1"}, {"id": "2"}]}),
        ("<x><address><city>A</city></address></x>", {"address": {"city": "A"}}),
        ("<x><a>1</a><b>2</b><b>3</b></x>", {"a": "1", "b": ["2", "3"]}),
        ("<brands><brand><id>1</id></brand></brands>", [{"id": "1"}]),
        (
            '<x><brand><link rel="resource" href="https://a/b">/brands/17</link></brand></x>',
            {"brand": {"url": "https://a/b", "resource": "/brands/17"}},
        ),
        ("<banner><link>https://a</link></banner>", {"link": "https://a"}),  # only a link that points somewhere is one
        ("<x><a><![CDATA[<b>&amp;]]> &lt;&#65;</a></x>", {"a": "<b>&amp; <A"}),
        ("<x><!-- c --><a>1<!-- c -->2</a><?pi?></x>", {"a": "12"}),
        ("<x id='1'><a b='2'>3</a></x>", {"a": "3"}),
    ],
)
def test_documents_are_read(document: str, value: Any) -> None:
    """rule 15"""
    assert read(document.encode()) == value
    assert read((HEAD + document).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0" encoding="ISO-8859-1"?><x><a>é</a></x>'.encode("latin-1"),
        '<?xml version="1.0" encoding="utf-16"?><x><a>é</a></x>'.encode("utf-16"),
        "\ufeff<x><a>é</a></x>".encode(),
        "<x><a>é</a></x>".encode(),
    ],
)
def test_encodings_that_xml_declares_are_read(body: bytes) -> None:
    """XML 1.0 4.3.3"""
    assert read(body) == {"a": "é"}


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><x><y>&b;</y></x>'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no element found"),
        (b"   ", "no element found"),
        (b"\0", "unclosed token"),
        (b"<x>\0</x>", "not well-formed"),
        (b"<x><a>", "no element found"),
        (b"<x><a></x>", "mismatched tag"),
        (b"<x/><y/>", "junk after document element"),
        (b"<x><a>\xff</a></x>", "not well-formed"),
        (b"<x><a>\xc3</a></x>", "not well-formed"),
        (b"<x><a>\xed\xa0\x80</a></x>", "not well-formed"),
        (b"<x>&nbsp;</x>", "undefined entity"),
        (b"<x a='1' a='2'/>", "duplicate attribute"),
        (b'{"a": 1}', "not well-formed"),
        (b'<?xml version="1.0" encoding="klingon"?><x/>', "unknown encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><x/>', "unknown encoding"),
        (b'<?xml version="1.0" encoding="shift_jis"?><x/>', "unknown encoding"),
        (b'<?xml version="1.0" encoding="base64"?><x/>', "unknown encoding"),
        ("<x/>".encode("utf-32"), "not well-formed"),
        (LAUGHS.encode(), "document type"),
        (b"<!DOCTYPE x><x/>", "document type"),
        (b"<!DOCTYPE x SYSTEM 'http://127.0.0.1/x.dtd'><x/>", "document type"),
        (b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>", "document type"),
        (b"<!DOCTYPE x [<!ENTITY % e SYSTEM 'file:///etc/passwd'> %e;]><x/>", "document type"),
        (b"<x>" * 21 + b"</x>" * 21, "deep"),
        (b"<x>" * 100_000, "deep"),
        (b"<x>" + b"<a/>" * xml.MAX_ELEMENTS + b"</x>", "elements"),
        (b"<x>words</x>", "no fields"),
        (b"<x>NULL</x>", "no fields"),
        (b"<x>words<a>1</a></x>", "text beside"),
        (b"<x><a>1</a>words<a>1</a></x>", "text beside"),
    ],
)
def test_broken_and_hostile_documents_are_refused(body: bytes, words: str) -> None:
    with pytest.raises(XMLRefused, match=re.escape(words)) as refused:
        read(body)
    assert len(str(refused.value)) < 100


def test_text_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_TEXT", 100)
    assert read(b"<x><a>" + b"t" * 100 + b"</a></x>")
    with pytest.raises(XMLRefused, match="characters"):
        read(b"<x><a>" + b"t" * 101 + b"</a></x>")


def test_the_deepest_document_is_read() -> None:
    assert read(b"<a>" * 20 + b"</a>" * 20)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for document in (body, b"<x><a>" + body + b"</a></x>"):
        with suppress(XMLRefused):
            assert isinstance(read(document), dict | list)


# Names whose documents have one reading: no plurals except of lists, and neither `value` nor `link`.
names = st.sampled_from(["id", "name", "price_ex_tax", "is_visible", "address", "note", "A-1", "_x.y"])
lists = st.sampled_from(["products", "categories", "option_values", "info", "statuses"])
characters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]) | st.sampled_from("\r\n\t&<>\"'")
texts = st.text(characters, max_size=12).filter(lambda text: text != "NULL")
scalars = texts | st.none()
links = st.fixed_dictionaries({"url": texts, "resource": texts})


def objects(fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.lists(scalars, min_size=1, max_size=3) | st.lists(
        st.dictionaries(names, fields, min_size=1, max_size=3), min_size=1, max_size=3
    )
    plain = st.dictionaries(names, fields | links, min_size=1, max_size=4)
    return st.builds(lambda one, many: one | many, plain, st.dictionaries(lists, members, max_size=2))


@given(st.recursive(scalars, objects, max_leaves=12).filter(lambda value: isinstance(value, dict)))
def test_an_object_comes_back_as_it_went(value: dict[str, Any]) -> None:
    assert read(write(value, "product", "")) == value


@given(st.lists(objects(scalars), min_size=1, max_size=3))
def test_a_list_comes_back_as_it_went(value: list[Any]) -> None:
    assert read(write(value, "products", "product")) == value


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.floats() | st.booleans(), max_size=4)
)
def test_whatever_the_names_and_characters_the_document_is_well_formed(value: dict[str, Any]) -> None:
    minidom.parseString(write(value, "product", ""))
