"""Named states: situations that clients seldom meet, made by a button, with the requests that show them."""

from __future__ import annotations

import json
from http import HTTPStatus

from bodega.lab.control import states
from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.lab.control.works import Work
from bodega.lab.states import STATES
from bodega.panel.lab import asked, lab_page, worked
from bodega.panel.templating import show
from bodega.panel.web import PageError, Pages, PanelRequest, Reply

pages = Pages()

HERE = "/stores/{store}/lab/states"


@pages.get(HERE)
@lab_page
async def listed(request: PanelRequest, lab: Lab) -> Reply:
    """The states of a theme: what a client meets, and what it should do."""
    return await _show(request, lab)


async def _show(request: PanelRequest, lab: Lab, problem: Problem | None = None) -> Reply:
    every = await asked(request, lab, states.list_states(lab))
    themes = list(dict.fromkeys(one.theme for one in every))
    made = STATES.get(request.ids.get("name", ""))
    theme = made.theme if made is not None else request.query_value("theme")
    theme = theme if theme in themes else themes[0]
    return show(
        request, "lab_states.html", status=HTTPStatus.OK if problem is None else HTTPStatus(problem.status),
        found=[one for one in every if one.theme == theme], themes=themes, theme=theme,
        message=problem.title if problem is not None else "",
    )  # fmt: skip


@pages.post(HERE + "/{name}")
@lab_page
async def make(request: PanelRequest, lab: Lab) -> Reply:
    """Makes a state beside what the store holds."""
    name = request.ids["name"]
    if name not in STATES:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such state.")

    async def refused(problem: Problem) -> Reply:
        return await _show(request, lab, problem)

    async def job(work: Work) -> states.StateMade:
        made = await states.make_state(lab, request.shop.record.hash, name)
        work.then = f"{request.base}/lab/states/made/{work.key}"
        return made

    return await worked(request, lab, f"Making the state: {STATES[name].title}", "/lab/states", job, refused)


@pages.get(HERE + "/made/{work}")
@lab_page
async def made(request: PanelRequest, lab: Lab) -> Reply:
    """A state that was made: the numbers of what it consists of, and the requests that show it."""
    work = lab.works.find(request.shop.record.hash, request.ids["work"])
    found = work.answer if work is not None else None
    if not isinstance(found, states.StateMade):
        raise PageError(HTTPStatus.NOT_FOUND, "What was made some time ago is no longer listed here.")
    looks = [(look, json.dumps(look.has, ensure_ascii=False) if look.has else "") for look in found.look]
    return show(request, "lab_state_made.html", made=found, looks=looks)
