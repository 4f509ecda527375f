"""What the clients of a store did, as pages ask for it: of an account, in a period, the newest requests."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

from bodega.lab.report.calls import Run
from bodega.lab.report.card import UnknownAccount, read_run
from bodega.panel.web import PageError, PanelRequest
from bodega.storage.tx import Busy

MOST = 5_000
"""Requests that a page looks at; the commands look at more."""

PERIODS: Mapping[str, tuple[str, int]] = {
    "10m": ("the last 10 minutes", 600),
    "1h": ("the last hour", 3_600),
    "24h": ("the last day", 86_400),
    "7d": ("the last week", 604_800),
}
"""What a form offers: the words, and the seconds. Any other is all that the journal keeps."""


class Period(NamedTuple):
    """How far back requests are looked at; `key` is empty for all that are kept."""

    key: str
    since: float

    @property
    def query(self) -> str:
        """As the query of a link, without the account."""
        return urlencode({"period": self.key}) if self.key else ""


def period_of(request: PanelRequest) -> Period:
    """The period in the form, or in the query."""
    key = request.field("period") or request.query_value("period")
    return Period(key, request.panel.now() - PERIODS[key][1]) if key in PERIODS else Period("", 0.0)


async def recorded_run(request: PanelRequest, account: str, period: Period, *, bodies: bool = True) -> Run:
    """The newest requests of an account, or of all if it is empty. Raises PageError."""
    panel, shop = request.panel, request.shop
    with contextlib.suppress(Busy):
        await panel.journal_sync.write()
    served = [route for routes in panel.api.routes.values() for route in routes.all]
    try:
        return await read_run(
            panel.journal_sync.ring, shop.record, await panel.registry.accounts(shop.record.hash), served,
            account=account, since=period.since, most=MOST, bodies=bodies,
        )  # fmt: skip
    except UnknownAccount as error:
        raise PageError(HTTPStatus.NOT_FOUND, str(error)) from None
