"""Undoing one request of the journal."""

from __future__ import annotations

from bodega.lab.control import undoing
from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.panel.journal import show_entry, the_entry
from bodega.panel.lab import asked, lab_page
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()


@pages.post("/stores/{store}/journal/{id}/undo")
@lab_page
async def undo(request: PanelRequest, lab: Lab) -> Reply:
    """Takes back what a request changed; if something changed since, it is said what and by which request."""
    entry = await the_entry(request)
    try:
        await asked(request, lab, undoing.undo_request(lab, request.shop.record.hash, entry.id))
    except Problem as problem:
        return show_entry(request, entry, problem.status, [problem.title, *problem.errors.values()])
    return go(f"{request.base}/journal/{entry.id}?done=undone", *SAFE)
