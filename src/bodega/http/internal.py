"""The law for requests from inside the process: for a known owner, in a store that may be closed to clients.

The panel writes through it, so that owners may enter what clients may send, and get the same messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.access.accounts import OWNERS_CLIENT
from bodega.access.scopes import SCOPES
from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext, Caller
from bodega.http.decision import judge
from bodega.http.products import RoutedRequest, Seen
from bodega.http.request import Request, read_head
from bodega.http.response import Response
from bodega.http.steps.table import LAW, Steps
from bodega.kit.context import Found
from bodega.storage.registry import Account

PANEL = OWNERS_CLIENT
"""The client that rows written by the panel record, and the tasks that it made."""


def _steps(store: OpenStore, client_id: str, also: Mapping[str, Any] | None) -> Steps:
    """The steps after admission: the caller was admitted by the panel, has no quota, and may do everything.

    The panel requires TLS itself, and callers from inside know the versions and methods.
    """
    caller = Caller(owner_account(client_id, store.record.hash), store, limited=False)

    async def open_store(_app: AppContext, _request: Request) -> OpenStore:
        return store  # a store in maintenance is open to its owner

    async def spend_quota(_app: AppContext, _caller: Caller) -> bytes:
        return b""  # quotas are for clients

    async def read_draft(routed: RoutedRequest, found: Found) -> Any:
        draft = await LAW.read_draft(routed, found)
        for one in draft if isinstance(draft, list) else [draft]:
            if isinstance(one, dict):
                one.update(also or {})
        return draft

    return LAW._replace(
        read_draft=LAW.read_draft if also is None else read_draft,
        require_tls=lambda _app, _request: None,
        current_version=lambda _request: None,
        open_store=open_store,
        known_method=lambda _request: None,
        authenticate=lambda _request, _store: caller,
        spend_quota=spend_quota,
    )


async def carry_out(
    app: AppContext,
    store: OpenStore,
    client_id: str,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    origin: str,
    also: Mapping[str, Any] | None = None,
) -> Response:
    """The response to a request for `target`, such as /v3/catalog/brands?limit=5, on behalf of `client_id`.

    `origin` is what links begin with; `also` are members of the new row that no client can
    set, as its id. Raises Refusal. The store must be open.
    """
    path, _, query = target.partition("?")
    scheme, _, host = origin.partition("://")
    sent = {"host": host, **({"content-length": str(len(body))} if body else {}), **(headers or {})}
    scope = {
        "method": method,
        "scheme": scheme,
        "path": f"/stores/{store.record.hash}{path}",
        "query_string": query.encode("ascii"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    request = read_head(scope, receive, "")
    return await judge(_steps(store, client_id, also), app, request, Seen(request.error_media))


def owner_account(client_id: str, store: str) -> Account:
    """An account that no client has: it may do everything."""
    scopes = frozenset(SCOPES)
    return Account(client_id, store, client_id, "oauth", "", "", "", scopes, 0, 0, False, 0, 0)
