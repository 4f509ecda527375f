"""Which files and functions does one request visit? `python -m bench.visits`.

A V3 product and a V2 order are created on a warm SQLite store in this process, through ASGI. Counted are the calls of
functions below src/bodega from the scope of the request to its reply, generator expressions and comprehensions apart.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import bodega
from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.app import make_app
from bodega.storage.creating import create_store
from bodega.storage.opening import open_backend

PACKAGE = str(Path(bodega.__file__).parent)
TOKEN = "visits"
PRODUCT = {"name": "Hammer", "type": "physical", "price": 10, "weight": 1}
ADDRESS = {
    "first_name": "A", "last_name": "B", "street_1": "1 Road", "city": "Austin", "state": "Texas", "zip": "78701",
    "country": "United States", "email": "a@example.com",
}  # fmt: skip
ORDER = {"billing_address": ADDRESS, "products": [{"product_id": 1, "quantity": 1}]}


class Visits:
    """Calls by (file, function) while it is switched on."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> "Visits":
        sys.setprofile(self._seen)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _seen(self, frame: Any, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE) and not code.co_name.startswith("<"):
            self.calls[code.co_filename[len(PACKAGE) + 1 :], code.co_name] += 1

    @property
    def files(self) -> int:
        """How many files were visited."""
        return len({file for file, _ in self.calls})


async def post(app: Any, path: str, body: Any) -> int:
    """One POST; its status."""
    content = json.dumps(body).encode()
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        if "status" in message:
            statuses.append(message["status"])

    sent = {"host": "localhost", "x-auth-token": TOKEN, "content-type": "application/json"}
    headers = [(name.encode(), value.encode()) for name, value in {**sent, "content-length": str(len(content))}.items()]
    scope = {
        "type": "http", "method": "POST", "scheme": "https", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": headers,
    }  # fmt: skip
    await app(scope, receive, send)
    return statuses[0]


async def measured(folder: str) -> None:
    """Prints both counts."""
    backend = await open_backend(Path(folder), None)
    record = await create_store(backend, "visits", "sandbox", {}, int(time.time()))
    await add_account(backend.registry, record, "visits", TOKEN, ALL, per_window=1_000_000)
    app = await make_app(backend, insecure_http=True, https_port=8443, log=False)
    await app.start()
    for title, path, body in (
        ("V3 product", "/stores/visits/v3/catalog/products", PRODUCT),
        ("V2 order", "/stores/visits/v2/orders", ORDER),
    ):
        for number in range(3):  # what is made once at the first request is not counted
            sent = {**body, "name": f"Hammer {number}"} if "name" in body else body
            assert await post(app, path, sent) in (200, 201)
        with Visits() as visits:
            status = await post(app, path, {**body, "name": "Last"} if "name" in body else body)
        assert status in (200, 201)
        print(f"{title}: {visits.files} files, {len(visits.calls)} functions, {visits.calls.total()} calls")
        if "-v" in sys.argv:
            for (file, name), count in sorted(visits.calls.items()):
                print(f"    {file}:{name} {count}")
    await app.stop()  # with it the backend


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(measured(made))
