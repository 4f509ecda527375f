"""The first page of a store: whether it is open, its traffic, what goes wrong."""

from __future__ import annotations

from bodega.panel import charts, sales
from bodega.panel.status import usage
from bodega.panel.templating import show
from bodega.panel.web import Pages, PanelRequest, Reply
from bodega.panel.zones import zone_of

pages = Pages()

SHOWN = 8


@pages.get("/stores/{store}")
async def overview(request: PanelRequest) -> Reply:
    """The page."""
    journal = await request.panel.journal_sync.read(request.shop.record.hash)
    refused = [entry for entry in reversed(journal.entries) if entry.reason]
    reasons = sorted(journal.counts.items(), key=lambda pair: -pair[1])[:SHOWN]
    rows = request.shop.rows
    now = int(request.shop.clock.now())
    low = await charts.running_low(rows.reader) if rows is not None else None
    zone = zone_of(request.shop)
    currency = str(request.shop.settings["currency"])
    sold = await sales.sales(rows.reader, now, zone, currency) if rows is not None else None
    last, counts, amounts = sales.chart_facts(sold, now, zone) if sold is not None else ([], [], [])
    return show(
        request,
        "overview.html",
        low=low and low[: charts.LOW_SHOWN],
        low_count=len(low or ()),
        sales=sold,
        orders=charts.by_day(last, counts) if sold else None,
        revenue=charts.by_day(last, amounts, f" {sold.currency}") if sold else None,
        journal=journal,
        requests=charts.requests(journal, request.now, zone),
        latency=charts.latency(journal, request.now, zone),
        refused=refused[:SHOWN],
        reasons=reasons,
        usage=await usage(request),
        accounts=list(request.shop.by_client.values()),
        names={client: account.name for client, account in request.shop.by_client.items()},
        clock_now=now,
    )
