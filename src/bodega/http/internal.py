"""The law, asked from inside the process: for an owner who is known already, in a store that may be closed to clients.

The panel writes by it, so that what an owner may enter is what a client may send, and what they are told is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.access.scopes import SCOPES
from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext, Caller
from bodega.http.decision import Steps, judge
from bodega.http.request import Request, read_head
from bodega.http.response import Response
from bodega.storage.registry import Account


class InternalSteps(Steps):
    """The steps behind the door: who asks has come in by another one, owes no quota, and may do everything."""

    @staticmethod
    def require_tls(app: AppContext, request: Request) -> None:
        """The panel sees to it."""

    @staticmethod
    def current_version(request: Request) -> None:
        """Who asks from inside knows the versions."""

    @staticmethod
    async def open_store(app: AppContext, request: Request) -> OpenStore | None:
        """A store in maintenance is open to its owner."""
        return request.opened

    @staticmethod
    def known_method(request: Request) -> None:
        """They know the methods, too."""

    @staticmethod
    def authenticate(request: Request, store: OpenStore | None) -> Caller:
        """The owner, as an account with every scope."""
        assert store is not None
        return Caller(_owner(request.client_id, store.record.hash), store)

    @staticmethod
    async def spend_quota(app: AppContext, request: Request, caller: Caller) -> None:
        """Quotas are for clients."""


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
    request.opened, request.client_id = store, client_id
    return await judge(InternalSteps, app, request)


def _owner(client_id: str, store: str) -> Account:
    scopes = frozenset(SCOPES)
    return Account(client_id, store, client_id, "oauth", "", "", "", scopes, 0, 0, False, 0, 0)
