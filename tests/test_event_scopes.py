"""The scopes of webhooks: each is fired by something, or docs/webhooks.md says that nothing does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import bodega
from bodega.events import page, scopes
from bodega.resources import MODEL
from published import SHARED, needs_shared, table

HOUSE = Path(bodega.__file__).parent
PAGE = HOUSE.parents[1] / "docs" / "webhooks.md"
SECTION = "## Scopes that nothing fires here"
KNOWN = frozenset(scope for scope in scopes.SCOPES if not scope.endswith("/*"))


def fired_by_name() -> Iterator[str]:
    """The first argument of every `unit.fire(...)` in the code, as a pattern of scopes; and the word of every
    `fire_cart_event(unit, cart, word)`, which fires it for the store and for the cart's channel."""
    for file in sorted(HOUSE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Attribute) and node.func.attr == "fire":
                yield pattern(node.args[0], file)
            elif isinstance(node.func, ast.Name) and node.func.id == "fire_cart_event":
                yield f"store/(channel/#/)?cart/{pattern(node.args[2], file)}"


def pattern(scope: ast.expr, file: Path) -> str:
    """What a scope in the code stands for; anything may be in the place of a variable."""
    if isinstance(scope, ast.Constant):
        return re.escape(str(scope.value))
    if isinstance(scope, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[^/]+" for part in scope.values]
        return "".join(parts)
    assert isinstance(scope, ast.Name), f"{file} fires a scope that cannot be read"
    assert scope.id == "EXCEPTION", f"{file} fires a scope that cannot be read"
    return re.escape(scopes.EXCEPTION)


def can_be_fired() -> set[str]:
    """Every scope that a signal of a table, or a call of `fire`, can fire."""
    declared = {signal.scope for each in MODEL.tables for signal in MODEL.rules_of(each).signals}
    named = list(fired_by_name())
    assert len(named) >= 4
    return declared | {scope for scope in KNOWN if any(re.fullmatch(one, scope) for one in named)}


def told_as_silent() -> list[str]:
    """The scopes that the page lists, as `store/cart: created deleted`."""
    section = PAGE.read_text("utf-8").partition(SECTION)[2]
    lines = [line.partition(": ") for line in re.findall(r"`(store/[^`]+: [^`]+)`", section)]
    return [f"{path}/{word}" for path, _, words in lines for word in words.split()]


def test_the_page_lists_the_scopes_that_nothing_fires() -> None:
    """All of them, each once, and none that is fired."""
    told = told_as_silent()
    assert len(told) == len(set(told))
    assert sorted(told) == sorted(KNOWN - can_be_fired())


def test_the_generated_page_tells_of_what_is_fired_and_of_nothing_else() -> None:
    """What a call in the code fires has its words on the page, and no words are left of what nothing fires."""
    assert {event for event in page.events() if page.fired(MODEL, event)} == can_be_fired()
    assert [words for words in page.CODE if not any(re.fullmatch(words, one) for one in can_be_fired())] == []


def test_nothing_is_fired_that_nobody_can_subscribe_to() -> None:
    """Rule 125: a hook's scope is one of those that are published."""
    assert can_be_fired() - KNOWN == set()


@needs_shared[0]
@needs_shared[1]
def test_every_published_scope_can_be_subscribed_to() -> None:
    """Rule 131: with the wildcards of the list."""
    assert SHARED.is_dir()
    published = {
        row["scope"].replace("{channel_id}", "1") for row in table("webhooks") if "only)" not in row["section"]
    }
    assert len(published) > 150
    assert {scope for scope in published if not scopes.is_known(scope)} == set()
