"""Texts that were made to be slow or to become large, through the resources that read them (decision 19)."""

from __future__ import annotations

from contextlib import suppress
from time import process_time
from typing import Any

import pytest

from bodega.domain import mail_text, markup
from bodega.resources.carts import abandoned_emails
from bodega.resources.marketing.mail_template import LONGEST
from shop import Shop

ENOUGH = 0.5
"""Seconds of the processor; each took three and more."""


def filled(text: str, longest: int = LONGEST) -> str:
    return text * (longest // len(text))


@pytest.mark.parametrize(
    "text", ["{", "{{", "{{{", "{{!--", "{{a }", "{{a ", '{{"', "{{{a}}", "{{#if a}}", "{{lang a="]
)
def test_a_template_is_read_in_time(text: str) -> None:
    began = process_time()
    for template in (filled(text), filled(text)[:-1] + "}"):
        with suppress(ValueError):
            mail_text.check(template)
    assert process_time() - began < ENOUGH


def test_tags_of_templates_end_where_they_did() -> None:
    """Of the three forms the longest that ends is taken."""
    data = {"a": "<b>"}
    assert mail_text.render("{{{a}}}{{a}}{{!-- {{x}} --}}{{! y }}{{&a}}", data, {}) == "<b>&lt;b&gt;<b>"
    assert mail_text.render("{{!-- a }} {{a}}", data, {}) == " &lt;b&gt;"
    for template in ("{{{a}}", "{{a", "x {{", "{{a}} {{!-- "):
        with pytest.raises(ValueError, match=r"cannot be read|does not close"):
            mail_text.check(template)
    assert mail_text.render("{{a}} }}", data, {}) == "&lt;b&gt; }}"


@pytest.mark.parametrize(
    ("template", "phrases"),
    [
        (filled('{{lang "a"}}', 60_000), {"a": filled("x")}),
        ('{{lang "a" name=long}}', {"a": filled("{name}")}),
        (filled("{{long}}", 60_000), {}),
        (filled("{{wide}}", 60_000), {}),
        (filled("{{&long}}", 60_000), {}),
        ("{{#each many}}{{#each ../many}}{{long}}{{/each}}{{/each}}", {}),
    ],
)
def test_an_email_is_bounded_in_bytes(template: str, phrases: dict[str, str]) -> None:
    data: dict[str, Any] = {"long": filled("a<"), "wide": "\u20ac" * 30_000, "many": list(range(100))}
    began = process_time()
    with pytest.raises(ValueError, match=f"more than {mail_text.MOST_BYTES} bytes"):
        mail_text.render(template, data, phrases)
    assert process_time() - began < ENOUGH
    whole = mail_text.render("{{{long}}}", data, {})
    assert whole == data["long"]


def test_a_page_of_the_outbox_is_bounded(shop: Shop) -> None:
    assert shop.get("/v3/outbox?limit=50").status == 200
    assert shop.get("/v3/outbox?limit=51").reason == "LIMIT_OVER_MAXIMUM"


def test_a_store_has_so_many_emails(shop: Shop) -> None:
    made = [shop.post("/v3/marketing/abandoned-cart-emails", {}).status for _ in range(3)]
    assert made == [200, 200, 200]
    undo = shop.redeclare(abandoned_emails.TABLE, cap=3)
    refused = shop.post("/v3/marketing/abandoned-cart-emails", {})
    undo()
    assert (refused.status, refused.reason) == (403, "PLATFORM_CAP_REACHED")
    assert abandoned_emails.TABLE.cap == abandoned_emails.MOST


@pytest.mark.parametrize(
    "text", ["<", "<script>", "<script", "<style>", "&a", "&#" + "9" * 100, "<p", "</script ", "< >"]
)
def test_markup_is_read_in_time(shop: Shop, text: str) -> None:
    long = filled(text)
    began = process_time()
    markup.plain(long, None)
    markup.plain(long, 10)
    markup.beginning(long, 100)
    assert markup.count_scripts(long) == 0
    assert process_time() - began < ENOUGH
    began = process_time()
    made = shop.post(
        "/v3/catalog/products", {"name": "A", "type": "physical", "weight": 1, "price": 1, "description": long}
    )
    assert made.status == 200
    script = {"name": "A", "kind": "script_tag", "html": long}
    refused = shop.post("/v3/content/scripts", script)
    assert refused.status == 422
    assert process_time() - began < 2 * ENOUGH


def test_text_without_markup() -> None:
    assert markup.plain("<p>A  good</p>\n&amp; <b>cheap", None) == "A good & cheap"
    assert markup.plain("<p>A good</p> hammer", 6) == "A good"
    assert markup.plain("a < b", None) == "a < b"
    assert markup.plain("a", 0) == markup.plain("a", -1) == ""
    assert markup.plain("<i>" * 20_000 + "Far" + " away" * 20_000, 8) == "Far away"
    assert markup.plain("&#" + "9" * 5_000 + ";&#x41;&#0066;", None) == "\ufffdAB"
    assert markup.count_scripts("<script>a</script>") == 1
    assert markup.count_scripts('<SCRIPT src="x">a</script  > <script></script>') == 2
    assert markup.count_scripts("<scripts></script>") == markup.count_scripts("<script>") == 0


def test_a_cut_text_is_not_read_whole() -> None:
    """What is asked of it decides the work, not how long it is."""
    long = "<p>word</p> " * 500_000
    began = process_time()
    markup.plain(long, None)
    whole = process_time() - began
    began = process_time()
    for _ in range(10):
        markup.plain(long, 20)
    cut = (process_time() - began) / 10
    assert cut < whole / 20
