"""The report card: what clients did wrong or wastefully, with the requests that show it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

from bodega.lab.report.calls import SEVERITIES, Finding, Run
from bodega.lab.report.card import TITLES, Card, report
from bodega.lab.report.formats import FORMATS
from bodega.panel import api
from bodega.panel.environment import part
from bodega.panel.runs import MOST, PERIODS, period_of, recorded_run
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, without_rows

pages = Pages()

HERE = "/stores/{store}/report"
PER_PAGE = 30
LINKED = 5
"""Findings of a page, and the requests to which each leads."""

FILES: Mapping[str, tuple[str, str]] = {
    "text": ("text/plain; charset=utf-8", "txt"),
    "json": ("application/json", "json"),
    "junit": ("application/xml", "xml"),
    "sarif": ("application/sarif+json", "sarif"),
}
"""The type of each format, and how the names of its files end."""


class Shown(NamedTuple):
    """A finding, with where what shows it is: text and path of each."""

    finding: Finding
    title: str
    links: list[tuple[str, str]]


async def _card(request: PanelRequest) -> tuple[Card, Run]:
    if request.shop.rows is None:
        raise without_rows(request.shop)
    run = await recorded_run(request, request.query_value("account"), period_of(request))
    return await report(request.panel.api, request.shop, run), run


@pages.get(HERE)
async def card(request: PanelRequest) -> Reply:
    """The findings, the worst first."""
    found, run = await _card(request)
    page, account = api.page_of(request), request.query_value("account")
    part_of = found.findings[(page - 1) * PER_PAGE : page * PER_PAGE]
    asked = {"account": account, "period": period_of(request).key}
    return show(
        request, "report.html", card=found, shown=_shown(request, part_of, run), page=page, per=PER_PAGE, most=MOST,
        counts={word: sum(one.severity == word for one in found.findings) for word in SEVERITIES}, periods=PERIODS,
        account=account, period=asked["period"], formats=FILES, accounts=request.shop.by_client,
        query=urlencode({name: value for name, value in asked.items() if value}),
    )  # fmt: skip


def _shown(request: PanelRequest, findings: list[Finding], run: Run) -> list[Shown]:
    """Each finding with links: to requests in the journal, to deliveries of webhooks, to the account that it is of."""
    where = {one.id: f"/journal/{part(one.id)}" for one in run.calls}
    where |= {one.message_id: f"/webhooks/{one.hook_id}/deliveries/{one.delivery_id}" for one in run.attempts}
    found = []
    for one in findings:
        links = [(key, request.base + where[key]) for key in dict.fromkeys(one.requests) if key in where]
        if one.where in request.shop.by_client:
            links.append(("what it used", f"{request.base}/permissions/{part(one.where)}"))
        found.append(Shown(one, TITLES[one.check], links[:LINKED]))
    return found


@pages.get(HERE + "/download")
async def download(request: PanelRequest) -> Reply:
    """The whole card as a file: text, JSON, JUnit XML or SARIF."""
    form = request.query_value("format") or "json"
    if form not in FILES:
        raise PageError(HTTPStatus.NOT_FOUND, f"A report card is written as {', '.join(FILES)}.")
    found, _ = await _card(request)
    kind, ending = FILES[form]
    name = f"{request.shop.record.hash}-report.{ending}"
    headers = [
        (b"content-type", kind.encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"cache-control", b"no-store"),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, FORMATS[form](found).encode() + b"\n")
