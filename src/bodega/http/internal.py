"""The law, asked from inside the process: for an owner who is known already, in a store that may be closed to clients.

The panel writes by it, so that what an owner may enter is what a client may send, and what they are told is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bodega.access.scopes import SCOPES
from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext, Caller
from bodega.http.decision import judge
from bodega.http.products import Seen
from bodega.http.request import Request, read_head
from bodega.http.response import Response
from bodega.http.steps.table import LAW, Steps
from bodega.law.refusal import Header
from bodega.storage.registry import Account


def _steps(store: OpenStore, client_id: str) -> Steps:
    """The steps behind the door: who asks has come in by another one, owes no quota, and may do everything.

    The panel sees to TLS, and whoever asks from inside knows the versions and the methods.
    """
    caller = Caller(_owner(client_id, store.record.hash), store, limited=False)

    async def open_store(_app: AppContext, _request: Request) -> OpenStore:
        return store  # one in maintenance, too, is open to its owner

    async def spend_quota(_app: AppContext, _caller: Caller) -> Sequence[Header]:
        return ()  # quotas are for clients

    return replace(
        LAW,
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
) -> Response:
    """The answer to a request for `target`, as /v3/catalog/brands?limit=5, in the name of `client_id`.

    `origin` is what links begin with. Raises Refusal. The store's rows must be there.
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
    return await judge(_steps(store, client_id), app, request, Seen(request.error_media))


def _owner(client_id: str, store: str) -> Account:
    scopes = frozenset(SCOPES)
    return Account(client_id, store, client_id, "oauth", "", "", "", scopes, 0, 0, False, 0, 0)
