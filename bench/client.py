"""Single requests, one after another, for what has to be so before the clock runs."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

from bench.request import HOST, Request
from bench.store import Store

PAGE = 250


class Client:
    """One connection to the server of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._connection = http.client.HTTPConnection(HOST, store.server.port, timeout=60)

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()

    def ask(self, request: Request) -> tuple[int, Any]:
        """The status and the JSON of the reply."""
        sent = self.store.address(request)
        try:
            reply = self._ask(sent)
        except ConnectionError:  # it was idle for so long that the server closed it
            self._connection.close()
            reply = self._ask(sent)
        body = reply.read()
        return reply.status, json.loads(body) if body else None

    def _ask(self, sent: Request) -> http.client.HTTPResponse:
        self._connection.request(sent.method, sent.target, sent.body or None, sent.all_headers())
        return self._connection.getresponse()

    def rows(self, path: str, maximum: int) -> Iterator[Any]:
        """Up to `maximum` rows of a V3 list; `path` has a query. Nothing where the list is refused."""
        page = 0
        while maximum > 0:
            page += 1
            status, reply = self.ask(Request("GET", f"{path}&limit={PAGE}&page={page}"))
            found = reply["data"][:maximum] if status == 200 else []
            yield from found
            maximum = maximum - len(found) if len(found) == PAGE else 0
