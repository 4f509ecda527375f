"""The pages a browser sees: what is served, and the law, where every V3 error points."""

from bodega.law.reasons import Reason
from shop import Server, Shop


def test_the_type_of_an_error_is_a_page_that_explains_it(shop: Shop) -> None:
    """RFC 9457 3.1.1: a type that is dereferenced gives documentation for people."""
    kind = shop.get("/v3/catalog/products/99").json["type"]
    path, _, anchor = kind.partition("#")
    page = shop.server.send("GET", path, [("host", "localhost")], b"", "https")
    assert page.status == 200
    assert f'id="{anchor}"' in page.body.decode()


def test_every_reason_stands_on_the_page(embedded: Server) -> None:
    page = embedded.send("GET", "/docs/status-codes", [("host", "localhost")], b"", "https").body.decode()
    assert [reason.name for reason in Reason if f'id="{reason.name.lower()}"' not in page] == []


def test_the_front_page_lists_what_is_served_and_runs_nothing(embedded: Server) -> None:
    page = embedded.send("GET", "/", [("host", "localhost")], b"", "https")
    assert page.status == 200
    assert "/v3/catalog/products/{id}" in page.body.decode()
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in page.body.decode()


def test_a_page_that_is_none_says_so(embedded: Server) -> None:
    assert embedded.send("GET", "/docs/nothing", [("host", "localhost")], b"", "https").status == 404
