"""What forms say: every fault of the API in words that a form can show, beside its field, without names of members."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import bodega
from bodega.http.internal_api import ApiReply
from bodega.law.reasons import Reason
from bodega.panel.fields import Field
from bodega.panel.sentences import FILL_IN, NOT_USABLE, beside, beside_field, sentence_of, without_field
from panel import base, signed_in
from shop import Shop

SOURCE = Path(bodega.__file__).parent
WIRE_NAME = re.compile(r"(?<![\w/])[a-z]+_[a-z_]+|\brule [0-9]+")


def complaints() -> list[str]:
    """The ends of all sentences about a member, as they stand in the source: `invalid(field, "must be ...")`."""
    found = []
    for path in sorted((SOURCE / "resources").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "invalid":
                for part in node.args[1:2]:
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.append(part.value)
    return found


def test_every_complaint_of_the_api_is_a_sentence_of_a_form() -> None:
    said = complaints()
    assert len(said) > 100
    for why in said:
        for field in ("name", "billing_address.email", "0.items.2.quantity"):
            sentence = beside_field(f"{field} {why}.")
            assert sentence.startswith(("This ", FILL_IN)), sentence
            assert not WIRE_NAME.search(sentence), sentence
            named = without_field(field, f"{field} {why}.")
            assert named[0].isupper()
            assert not WIRE_NAME.search(named), named


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("scope must be an event, as store/order/created.", "This must be an event, as store/order/created."),
        ("The required field 'name' was not supplied.", FILL_IN),
        ("option_values.0.label is required.", FILL_IN),
        ("name must not be blank.", FILL_IN),
        ("The field 'weight' is invalid.", NOT_USABLE),
        ("The product name is a duplicate", "The product name is a duplicate"),
        ("end_date must be later than start_date.", "This must be later than “From”."),
        ("thousands_token must differ from decimal_token.", "This must differ from “Decimal token”."),
        ("url must be an address that begins with https://a_b.example.", "This must be an address that begins with https://a_b.example."),
    ],
)  # fmt: skip
def test_a_fault_is_told_in_the_words_of_the_form(message: str, says: str) -> None:
    assert beside_field(message, {"start_date": "From"}) == says


def test_what_the_form_does_not_show_is_named() -> None:
    errors = {"scope": "scope must be an event.", "options.0.display_name": "display_name must be a string."}
    wrong, rest = beside(errors, [Field("scope", "Event", "text")])
    assert wrong == {"scope": "This must be an event."}
    assert rest == ["Display name must be text."]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_without_fields_is_told_to_people(reason: Reason) -> None:
    sentence = sentence_of(ApiReply(422, title=reason.message, remedy=reason.advice, reason=reason))
    assert not re.search(r"\bdetails\b|Retry-After|ETag|[a-z]+_[a-z]+", sentence), sentence


def test_no_template_speaks_of_rules_by_number_or_of_the_law() -> None:
    for path in (Path(SOURCE) / "panel" / "templates").iterdir():
        text = re.sub(r"\{[%#{].*?[%#}]\}|<[^>]*>", " ", path.read_text())
        assert not re.search(r"\brule [0-9]|\bthe law\b|\bhouse\b|\bp95\b", text, re.IGNORECASE), path.name


def test_a_wrong_event_is_told_beside_its_field(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/webhooks/new")
    sent = {"client": "test", "scope": "store/nothing", "destination": "http://example.com"}
    client = next(iter(shop.server.run(shop.server.backend.registry.accounts(shop.name)))).client_id
    page = browser.post(page, "/webhooks", **{**sent, "client": client})
    assert page.status == 422
    assert '<p class="wrong" id="f-scope-wrong">This must be an event, as store/order/created' in page.text
    assert '<p class="wrong" id="f-destination-wrong">This must be an https URL' in page.text
    assert "is no scope" not in page.text
