"""The law as a diagram: every step with its reasons and how often each was given, from the registry of reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.explain import MEANS, statuses
from bodega.journal.exchange import Exchange
from bodega.journal.pages import JournalPages
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason, Step
from bodega.panel.templating import show
from bodega.panel.web import Pages, PanelRequest, Reply

pages = Pages()

LINE, GAP, TOP = 27, 13, 10
STEP_X, STEP_WIDTH, REASON_X, WIDTH = 14, 186, 256, 860


def drawn(journal: JournalPages) -> dict[str, Any]:
    """The diagram as positions of boxes and lines: steps from top to bottom, the reasons of each to its right."""
    steps: list[dict[str, Any]] = []
    y = TOP
    for step in Step:
        reasons = [reason for reason in Reason if reason.step is step]
        if step is Step.CATCH_ALL:
            continue
        height = max(1, len(reasons)) * LINE
        steps.append(_step(step, reasons, y, height, journal))
        y += height + GAP
    answer: dict[str, Any] = {"y": y, "height": len(OUTCOMES) * LINE, "outcomes": []}
    for place, outcome in enumerate(OUTCOMES):
        count = journal.statuses.get(outcome.status, 0)
        answer["outcomes"].append(
            {"name": outcome.__name__, "status": outcome.status, "says": MEANS[outcome][0], "count": count,
             "y": y + place * LINE + LINE / 2, "kind": f"s{outcome.status // 100}"}
        )  # fmt: skip
    y += answer["height"] + GAP + 12
    lost = [reason for reason in Reason if reason.step is Step.CATCH_ALL]
    catch_all = _step(Step.CATCH_ALL, lost, y, len(lost) * LINE, journal)
    y += len(lost) * LINE + TOP
    return {
        "steps": steps, "answer": answer, "catch_all": catch_all, "height": y, "width": WIDTH, "x": STEP_X,
        "step_width": STEP_WIDTH, "reason_x": REASON_X, "middle": STEP_X + STEP_WIDTH / 2,
    }  # fmt: skip


def _step(step: Step, reasons: list[Reason], y: int, height: int, journal: JournalPages) -> dict[str, Any]:
    return {
        "number": int(step),
        "word": step.word,
        "y": y,
        "middle": y + LINE / 2,
        "height": height,
        "reasons": [_reason(reason, y + place * LINE + LINE / 2, journal) for place, reason in enumerate(reasons)],
    }


def _reason(reason: Reason, y: float, journal: JournalPages) -> dict[str, Any]:
    both = reason.v2 == reason.v3
    return {
        "name": reason.name,
        "status": str(reason.v2) if both else f"{reason.v2}/{reason.v3}",
        "kind": f"s{reason.v2 // 100}",
        "says": reason.message,
        "count": journal.counts.get(reason.name, 0),
        "y": y,
    }


def examples(journal: JournalPages, newest: Mapping[int, Exchange]) -> list[dict[str, Any]]:
    """Every status of the law with this store's newest request that got it."""
    return [
        {
            "status": status,
            "names": [outcome.__name__ for outcome in OUTCOMES if outcome.status == status]
            + [reason.name for reason in Reason if status in (reason.v2, reason.v3)],
            "count": journal.statuses.get(status, 0),
            "entry": newest.get(status),
        }
        for status in statuses()
    ]


@pages.get("/stores/{store}/law")
async def law(request: PanelRequest) -> Reply:
    """The page."""
    store, reader = request.shop.record.hash, request.panel.journal_sync
    journal = await reader.read(store, limit=1)
    newest = await reader.newest_of(store, statuses())
    return show(request, "law.html", law=drawn(journal), examples=examples(journal, newest), journal=journal)
