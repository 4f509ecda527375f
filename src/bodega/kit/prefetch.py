"""Fetches what a draft needs from outside before its transaction: for a row, and for the rows in its body."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Protocol

from bodega.kit.body import Changes, respect_cap
from bodega.kit.complaint import values_are_judged
from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Refusal, refuse_faults

AT_ONCE = 4
"""Drafts of one request that are completed at the same time."""

MAXIMUM = 1000
"""The most drafts of one row and its children: each may take seconds."""

Work = Callable[[], Awaitable[None]]


class MayFetch:
    """An action that may have something to fetch before its transaction: one whose class has a `prefetch`."""

    def fetches(self, draft: Any) -> bool:
        """Whether `prefetch` may have anything to do for a draft. A class with a `prefetch` of its own says so itself;
        if it does not, there always may be."""
        return False

    def __init_subclass__(cls) -> None:
        if "prefetch" in vars(cls) and "fetches" not in vars(cls):
            cls.fetches = _always  # type: ignore[assignment,method-assign]


def _always(_action: MayFetch, _draft: Any) -> bool:
    return True


class _OfEndpoint(Protocol):
    endpoint: Endpoint


def fetches(action: _OfEndpoint, draft: Changes) -> bool:
    """`MayFetch.fetches` of an action whose `prefetch` is the endpoint's: for the draft, or for a row in it."""
    endpoint = action.endpoint
    rows = endpoint.v3.nested if endpoint.v3 is not None else {}
    return endpoint.prefetch is not None or not rows.keys().isdisjoint(draft)


async def prefetch(context: Context, endpoint: Endpoint, draft: Changes, entity_id: int = 0) -> None:
    """Lets the endpoint, and those of the rows in the body, complete their drafts. Raises Refusal, naming every fault.

    What they share, such as the bytes that are held for the write, is `Context.preparation`.
    """
    works = list(_of_children(context, endpoint.v3, draft, "")) if endpoint.v3 is not None else []
    respect_cap(works, MAXIMUM)
    if endpoint.prefetch is not None:
        works.append(partial(endpoint.prefetch, context, draft, entity_id, ""))
    if not works:
        return
    turns = asyncio.Semaphore(AT_ONCE)
    refusals: list[Refusal] = []

    async def complete_draft(work: Work) -> None:
        async with turns:
            try:
                with values_are_judged():
                    await work()
            except Refusal as refusal:
                refusals.append(refusal)

    await asyncio.gather(*map(complete_draft, works))
    if not refusals:
        return
    first = min(refusals, key=lambda refusal: refusal.reason.rank)
    faults = [fault for refusal in refusals for fault in refusal.faults]
    raise refuse_faults(faults) if len(refusals) > 1 and first.faults else first


def _of_children(context: Context, shape: V3Shape, draft: Changes, before: str) -> Iterator[Work]:
    for name, nested in shape.nested.items():
        for place, child in enumerate(draft.get(name, ())):
            inside = f"{before}{name}.{place}."
            if nested.prefetch is not None:
                yield partial(nested.prefetch, context, child, child.get("id", 0), inside)
            yield from _of_children(context, nested.shape, child, inside)
