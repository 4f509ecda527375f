"""Templates of widgets: what they can say, and that none holds the server up (decision 54)."""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Any

import pytest

from bodega.rendering import renderer
from bodega.rendering.messages import Made, Work
from bodega.turns import Full, Turns

SHOP = {
    "title": "Fish & Chips",
    "count": 0,
    "items": [{"name": "Plane", "price": 12.5}, {"name": "Saw", "price": 9}],
    "nothing": [],
    "link": {"href": "/sale", "label": "<b>Sale</b>"},
    "_": {"id": "abc"},
}


def rendered(*templates: str, context: dict[str, Any] = SHOP) -> list[Made]:
    return asyncio.run(renderer.render("a", [Work(template, context) for template in templates]))


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
def test_a_template_without_end_is_ended(template: str) -> None:
    """Ten items, twelve loops: a million millions of turns. They take little more than a second from the others."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    (made,) = rendered(template, context={"l": list(range(10))})
    assert made.html == ""
    assert "takes t" in made.refused or "more than" in made.refused
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1.5


def test_the_loop_goes_on_while_a_template_is_rendered() -> None:
    async def both() -> float:
        rendering = asyncio.create_task(renderer.render("a", [Work(LOOP, {"l": list(range(10))})]))
        longest, last = 0.0, time.perf_counter()
        while not rendering.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
        return longest

    assert asyncio.run(both()) < 1.0


def turns(*, at_once: int = 2, of_one: int = 1, waiting: int = 5, waiting_of_one: int = 3) -> Turns:
    return Turns(at_once=at_once, of_one=of_one, waiting=waiting, waiting_of_one=waiting_of_one)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_store_keeps_no_other_waiting() -> None:
    async def both() -> None:
        queue, order = turns(), []

        async def take(store: str) -> None:
            await queue.take(store)
            order.append(store)

        tasks = [asyncio.ensure_future(take(store)) for store in ("a", "a", "a", "a", "b", "", "b")]
        await settled()
        assert order == ["a", "b"]  # one turn is left for another store, whoever came before
        with pytest.raises(Full):
            await queue.take("a")
        queue.give_back("a")
        await settled()
        assert order == ["a", "b", "a"]
        queue.give_back("a")
        await settled()
        assert order == ["a", "b", "a", ""]  # stores take turns
        queue.give_back("b")
        await settled()
        assert order[4:] == ["b"]
        tasks.append(asyncio.ensure_future(take("d")))
        await settled()
        assert queue.waiting == 3
        for task in tasks:
            task.cancel()
        await settled()
        assert queue.waiting == 0

    asyncio.run(both())


def test_so_many_wait_in_all() -> None:
    async def many() -> None:
        queue = turns()
        tasks = [asyncio.ensure_future(queue.take(store)) for store in "abcdefg"]
        await settled()
        assert queue.waiting == 5
        with pytest.raises(Full):
            await queue.take("h")
        tasks[2].cancel()
        await settled()
        assert queue.waiting == 4
        queue.give_back("a")
        tasks[3].cancel()  # it has its turn by now, and does not know of it
        await settled()
        assert tasks[4].done()
        assert queue.waiting == 2
        for task in tasks:
            task.cancel()

    asyncio.run(many())


def test_who_goes_away_is_passed_over() -> None:
    """Whether it went before its turn came, at that moment, or after."""

    async def many() -> None:
        queue = turns()
        first = [asyncio.ensure_future(queue.take("a")) for _ in range(4)]
        await settled()
        first[1].cancel()  # it is still in the queue when the turn before it ends
        queue.give_back("a")
        await settled()
        assert (first[1].cancelled(), first[2].done(), first[3].done()) == (True, True, False)
        assert queue.waiting == 1
        queue.give_back("a")
        first[3].cancel()  # its turn is given, and it does not know
        await settled()
        assert (first[3].cancelled(), queue.waiting) == (True, 0)
        await asyncio.wait_for(queue.take("a"), 5)

    asyncio.run(many())


def test_previews_of_one_store_keep_no_other_waiting() -> None:
    """Templates without end of one store fill its share, and those of another are rendered meanwhile."""
    endless = [Work(LOOP.replace("x" * 50, "{{#if 0}}{{/if}}"), {"l": list(range(10))})]

    async def both() -> tuple[float, int]:
        attack = [asyncio.ensure_future(renderer.render("a", endless)) for _ in range(4)]
        await settled()
        began = time.perf_counter()
        (made,) = await renderer.render("b", [Work("Hi", {})])
        assert made.html == "Hi"
        taken = time.perf_counter() - began
        done = sum(one.done() for one in attack)
        for one in attack:
            one.cancel()
        return taken, done

    taken, done = asyncio.run(both())
    assert done <= 1, taken  # it came before those that had come before it


def test_nobody_waits_for_ever_for_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "WAITING_SECONDS", 0.05)

    async def all_of_it() -> list[Made]:
        queue = renderer.turns()
        await queue.take("a")
        await queue.take("b")
        with pytest.raises(Full):
            await renderer.render("c", [Work("{{title}}", SHOP)])
        assert queue.waiting == 0, "who gave up waits no more"
        queue.give_back("a")
        return await renderer.render("c", [Work("{{title}}", SHOP)])

    (made,) = asyncio.run(all_of_it())
    assert made.html == "Fish &amp; Chips"
