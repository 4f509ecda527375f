"""V3 `GET /store/systemlogs`: what happened in the store, as the journal has it: every write, and whatever was refused.

A log is about one request. Its type and module follow from the path, its severity from the status. The newest 1,000
requests are looked through, so a reply takes the same time however much is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.journal.exchange import TICKS, Exchange
from bodega.journal.request_logs import ReadJournal, nothing, state_of
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Moment, moment
from bodega.kit.filters import Filter, FilterField
from bodega.kit.fixed import Fixed
from bodega.kit.listing import Listing
from bodega.kit.parameters import listed, one_of
from bodega.kit.render import json, pagination
from bodega.kit.route import Route, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown

SCOPE = "store_logs_read_only"
LOOKED_THROUGH = 1_000
SUCCESS, NOTICE, WARNING, ERROR = range(1, 5)

TYPES: Mapping[str, re.Pattern[str]] = {
    "payment": re.compile(r"/(payments|payment_actions|transactions|refunds|stored-instruments)\b"),
    "shipping": re.compile(r"/(shipping|shipments|consignments|pickup)\b"),
    "tax": re.compile(r"/(tax|taxes|tax_classes)\b"),
    "notification": re.compile(r"/(hooks|notifications)\b"),
    "emailintegration": re.compile(r"/(email-templates|abandoned-cart-emails|email-statuses|subscribers)\b"),
    "ordersettings": re.compile(r"/(orders|checkouts)/settings\b"),
    "design": re.compile(r"/(themes|content/(widgets|widget-templates|placements|regions|scripts)|logo|favicon)\b"),
}
"""Which paths are of which type; the others are general."""

MODULES: Mapping[str, re.Pattern[str]] = {
    "export only": re.compile(r"/exports?\b"),
    "email message": re.compile(r"/(messages|email-templates|abandoned-cart-emails)\b"),
    "theme download": re.compile(r"/themes/[^/]+/actions/download\b"),
    "order status": re.compile(r"/orders(/\d+)?$"),
    "optimized checkout": re.compile(r"/checkouts\b"),
}


class SystemLog(Entity, kw_only=True):
    """`severity`: 1 success, 2 notice, 3 warning, 4 error; `id` is the time of the answer in microseconds."""

    type: str = "general"
    module: str = ""
    severity: int = SUCCESS
    summary: str = ""
    message: str = ""
    date_created: Moment = ""


def _as_told(log: SystemLog) -> dict[str, Any]:
    return {name: getattr(log, name) for name in log.__struct_fields__} | {"severity": str(log.severity)}


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError("must be the id of a log")
    return int(text)


_MODULE = one_of(tuple(MODULES))


def _module(text: str) -> str:
    """A module by its published name, whose blank may be written as a plus that was encoded."""
    return str(_MODULE(text.replace("+", " ")))


_SEVERITY = FilterField("severity", lambda text: int(one_of(("1", "2", "3", "4"))(text)))
TABLE = stored("system_logs", SystemLog, noun="log", columns="type module severity date_created")
_LIST = Listing(
    TABLE,
    3,
    "",
    sorts="date_created type",
    mapped={
        "type:not": FilterField("type", one_of(("general", *TYPES))),
        "module:not": FilterField("module", _module),
        "severity:min,max": _SEVERITY,
        "id:in": Filter("id", "in", listed(_number)),
    },
    exact=True,
)
ENDPOINT = Endpoint(3, TABLE, _LIST, SCOPE, "store/systemlogs", v3=V3Shape(SystemLog, required=""))


class ListLogs(Action):
    """GET of a page of them, in the order in which they were made."""

    is_list = True

    def __init__(self, read: ReadJournal) -> None:
        super().__init__(ENDPOINT)
        self._read = read

    async def find(self, context: Context) -> Found:
        newest = await self._read(context.record.hash, limit=LOOKED_THROUGH, offset=0)
        told = [one for one in reversed(newest) if _is_told(one)]
        return Found(state_of(told), row=told)

    async def answer(self, context: Context, found: Found) -> Outcome:
        plan = context.query.plan
        logs = Fixed(TABLE, lambda: [log_of(one) for one in found.row]).matching(plan)
        column, descending = plan.order
        logs.sort(key=lambda log: (getattr(log, column), log.id), reverse=descending)
        page = [_as_told(log) for log in logs[plan.offset : plan.offset + plan.limit]]
        meta = b'{"pagination":' + pagination(context, len(logs), len(page)) + b"}"
        return Shown(ready=b'{"data":' + json(page) + b',"meta":' + meta + b"}")


def _is_told(exchange: Exchange) -> bool:
    """Reads that succeeded are no event."""
    return exchange.method not in ("GET", "HEAD", "OPTIONS") or exchange.status >= HTTPStatus.BAD_REQUEST


def log_of(exchange: Exchange) -> SystemLog:
    """The log of a request."""
    said = f"{exchange.method} {exchange.path} was answered {exchange.status}"
    why = f" ({exchange.reason})" if exchange.reason else ""
    by = f" by {exchange.client_id}" if exchange.client_id else ""
    return SystemLog(
        id=exchange.number >> TICKS,
        type=next((kind for kind, paths in TYPES.items() if paths.search(exchange.path)), "general"),
        module=next((name for name, paths in MODULES.items() if paths.search(exchange.path)), ""),
        severity=severity_of(exchange.status),
        summary=said,
        message=f"{said}{why} in {exchange.us / 1000:.1f} ms. Request {exchange.id}{by}.",
        date_created=moment(exchange.at),
    )


def severity_of(status: int) -> int:
    """A limit that was reached is a notice, a request that could not be carried out a warning."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ERROR
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NOTICE
    return WARNING if status >= HTTPStatus.BAD_REQUEST or status == HTTPStatus.MULTI_STATUS else SUCCESS


def system_logs(read: ReadJournal = nothing) -> Route:
    """The route; `read` is how this process reads its journal."""
    return route("store/systemlogs", 3, GET=ListLogs(read))
