"""Templates of widgets: what they can say, and that none holds the server up (decision 54)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bodega.rendering import renderer
from bodega.rendering.messages import Made, Work

SHOP = {
    "title": "Fish & Chips",
    "count": 0,
    "items": [{"name": "Plane", "price": 12.5}, {"name": "Saw", "price": 9}],
    "nothing": [],
    "link": {"href": "/sale", "label": "<b>Sale</b>"},
    "_": {"id": "abc"},
}


def rendered(*templates: str, context: dict[str, Any] = SHOP) -> list[Made]:
    return asyncio.run(renderer.render([Work(template, context) for template in templates]))


SAID = {
    "{{title}}": "Fish &amp; Chips",
    "{{{title}}}": "Fish & Chips",
    "{{link.label}}|{{{link.label}}}|{{missing}}|{{missing.more}}": "&lt;b&gt;Sale&lt;/b&gt;|<b>Sale</b>||",
    "{{#each items}}{{@index}}:{{name}}{{#unless @last}}, {{/unless}}{{/each}}": "0:Plane, 1:Saw",
    "{{#each items as |one place|}}{{place}}{{one.name}} of {{../title}};{{/each}}": (
        "0Plane of Fish &amp; Chips;1Saw of Fish &amp; Chips;"
    ),
    "{{#each nothing}}x{{else}}none{{/each}}": "none",
    "{{#if count}}some{{else if title}}named{{else}}none{{/if}}": "named",
    "{{#with link}}{{href}}{{/with}}": "/sale",
    "{{_.id}} {{@root.title}} {{items.[1].name}} {{lookup link 'href'}}": "abc Fish &amp; Chips Saw /sale",
    "{{! a remark }}{{!-- another --}}a {{~title~}} b": "aFish &amp; Chipsb",
    "{{#*inline 'card'}}[{{name}}]{{/inline}}{{#each items}}{{> card}}{{/each}}": "[Plane][Saw]",
    "{{#compare count 1 operator='<'}}few{{else}}many{{/compare}}": "few",
    "{{#or missing title}}yes{{/or}}{{#and missing title}}yes{{else}}no{{/and}}": "yesno",
    "{{concat title '!'}} {{toLowerCase title}} {{truncate title 4}}": "Fish &amp; Chips! fish &amp; chips Fish",
    "{{json link}}": '{"href":"/sale","label":"\\u003cb\\u003eSale\\u003c/b\\u003e"}',
    "{{#each (limit items 1)}}{{name}}{{/each}}": "Plane",
    "{{#if (contains title 'Fish')}}fish{{/if}}": "fish",
}


def test_what_a_template_says() -> None:
    """The Handlebars that widgets use; one process renders them all."""
    assert [made.html for made in rendered(*SAID)] == list(SAID.values())


REFUSED = {
    "{{#if title}}": "unclosed",
    "{{title": "unclosed",
    "{{/if}}": "unexpected",
    "{{shout title}}": "shout",
    "{{> other}}": "other",
    "{{#*inline 'a'}}{{> a}}{{/inline}}{{> a}}": "levels deep",
    "{{#if a}}" * 60 + "{{/if}}" * 60: "levels deep",
    "{{" + "(concat " * 3000 + "title" + ")" * 3000 + "}}": "",
}


def test_a_template_that_cannot_be_rendered_is_refused() -> None:
    for (template, why), made in zip(REFUSED.items(), rendered(*REFUSED), strict=True):
        assert made.html == "", template[:50]
        assert made.refused, template[:50]
        assert why in made.refused


OUTSIDE = (
    "{{items.__class__}}{{title.__class__.__mro__}}{{constructor}}{{__import__ 'os'}}",
    "{{title.format}}{{link.__init__.__globals__}}{{lookup this '__class__'}}",
)


def test_a_template_reads_nothing_but_what_it_is_given() -> None:
    """A path finds members of objects and places of lists, never an attribute of Python."""
    for made in rendered(*OUTSIDE):
        assert "class" not in made.html
        assert "<" not in made.html


LOOP = "{{#each @root.l}}" * 12 + "x" * 50 + "{{/each}}" * 12


@pytest.mark.parametrize("template", [LOOP, LOOP.replace("x" * 50, "{{#if 0}}{{/if}}")], ids=["memory", "time"])
def test_a_template_without_end_is_ended(monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    """Ten items, twelve loops: a million millions of turns."""
    monkeypatch.setattr(renderer, "CPU_SECONDS", 1)
    (made,) = rendered(template, context={"l": list(range(10))})
    assert made.html == ""
    assert "takes t" in made.refused or "more than" in made.refused


def test_the_loop_goes_on_while_a_template_is_rendered() -> None:
    async def both() -> float:
        rendering = asyncio.create_task(renderer.render([Work(LOOP, {"l": list(range(10))})]))
        longest, last = 0.0, time.perf_counter()
        while not rendering.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
        return longest

    assert asyncio.run(both()) < 1.0
