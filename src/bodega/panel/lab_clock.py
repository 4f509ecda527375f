"""The store's clock: what it shows, what is due next, moved ahead, stopped, and let run."""

from __future__ import annotations

from http import HTTPStatus

from bodega.dates import parse_moment
from bodega.lab.control import ahead, clocks
from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.lab.control.works import Work
from bodega.lab.facts import clock_facts
from bodega.panel import forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.lab import asked, complain, lab_page, status_of, worked
from bodega.panel.templating import show
from bodega.panel.web import Pages, PanelRequest, Reply

pages = Pages()

HERE = "/stores/{store}/lab/clock"
SPANS = (("", "As entered below"), ("1m", "A minute"), ("1h", "An hour"), ("1d", "A day"), ("7d", "A week"),
         ("30d", "30 days"), ("365d", "365 days"))  # fmt: skip
_AS = "As 2030-01-31T12:00:00Z."

AHEAD = [
    FieldGroup("", [
        Field("span", "By", "choice", choices=SPANS),
        Field("by", "Or by another span", "text", "As 48h, 30m, 2d or 1h30m."),
        Field("to", "Or to a time", "text", _AS),
    ]),
]  # fmt: skip
SET = [FieldGroup("", [Field("now", "At", "text", f"{_AS} Empty: at the present time.")])]


async def _show(
    request: PanelRequest, lab: Lab, move: Form | None = None, stop: Form | None = None, problem: Problem | None = None
) -> Reply:
    name = request.shop.record.hash
    record = await lab.record(name)
    move, stop = move or forms.opened(AHEAD), stop or forms.opened(SET)
    moments = request.query_value("moments")
    status = status_of(move if move.faulty else stop, problem)
    return show(
        request, "lab_clock.html", status=status, move=move, stop=stop, clock=clock_facts(record.clock),
        shows=record.clock.now(), due=await asked(request, lab, ahead.next_due(lab, name)),
        moments=int(moments) if moments.isascii() and moments.isdigit() and len(moments) < 10 else None,
    )  # fmt: skip


@pages.get(HERE)
@lab_page
async def clock(request: PanelRequest, lab: Lab) -> Reply:
    """What time it is in the store."""
    return await _show(request, lab)


@pages.post(HERE + "/advance")
@lab_page
async def advance(request: PanelRequest, lab: Lab) -> Reply:
    """Moves the clock ahead; all that becomes due on the way runs at its own moment."""
    name = request.shop.record.hash
    form, draft = forms.read(request, AHEAD, None)

    async def refused(problem: Problem) -> Reply:
        complain(form, problem)
        return await _show(request, lab, move=form, problem=problem)

    try:
        span = clocks.Advance(by=await _span(lab, name, draft))
        clocks.seconds_of(span)
    except Problem as problem:
        return await refused(problem)

    async def job(work: Work) -> None:
        answer = await clocks.advance_clock(lab, name, span)
        work.then += f"&moments={answer.moments}"

    return await worked(request, lab, "Moving the clock ahead", "/lab/clock?done=moved", job, refused)


async def _span(lab: Lab, name: str, draft: dict[str, str]) -> str:
    """By how much, of whichever field was filled in. Raises Problem."""
    given = [field for field in ("span", "by", "to") if draft.get(field)]
    if len(given) != 1:
        why = "Choose how far." if not given else "Fill in one of these only."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, {given[-1] if given else "span": why})
    if given != ["to"]:
        return draft[given[0]]
    try:
        seconds = parse_moment(draft["to"]) - int((await lab.record(name)).clock.now())
    except ValueError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "", {"to": "Write it as 2030-01-31T12:00:00Z."}) from None
    if seconds <= 0:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "", {"to": "This is not ahead: stop the clock at it instead."})
    return f"{min(seconds, 999_999_999)}s"


@pages.post(HERE + "/stop")
@lab_page
async def stop(request: PanelRequest, lab: Lab) -> Reply:
    """Freezes the clock, at a time or at the present one."""
    form, draft = forms.read(request, SET, None)
    asked_for = clocks.ClockAsked(mode="frozen", now=draft.get("now") or None)

    async def refused(problem: Problem) -> Reply:
        complain(form, problem)
        return await _show(request, lab, stop=form, problem=problem)

    async def job(_work: Work) -> None:
        await clocks.set_clock(lab, request.shop.record.hash, asked_for)

    return await worked(request, lab, "Stopping the clock", "/lab/clock?done=stopped", job, refused)


@pages.post(HERE + "/run")
@lab_page
async def run(request: PanelRequest, lab: Lab) -> Reply:
    """Lets the clock follow the server's again."""

    async def refused(problem: Problem) -> Reply:
        form = forms.opened(SET)
        complain(form, problem)
        return await _show(request, lab, stop=form, problem=problem)

    async def job(_work: Work) -> None:
        await clocks.set_clock(lab, request.shop.record.hash, clocks.ClockAsked(mode="live"))

    return await worked(request, lab, "Letting the clock run", "/lab/clock?done=runs", job, refused)
