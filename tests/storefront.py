"""A shop to ask by GraphQL: tokens, hosts, queries; and how many statements an answer took."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bodega.resources import RESOURCES, SWEEPS
from bodega.resources.tokens import sessions
from bodega.tasks.sweep import OF_EVERY_STORE
from shop import Reply, Shop

NOW = 1_900_000_000
MEMBERS = "/v3/storefront/api-token"


DUE = {item.due for item in (*OF_EVERY_STORE, *SWEEPS)} | {item.known for one in RESOURCES for item in one.revoked}


class Window:
    """The storefront of a store, asked with a token of its own."""

    def __init__(self, shop: Shop, channel: int = 1) -> None:
        self.shop = shop
        shop.freeze(NOW)
        self.host = f"store-{shop.name}{'' if channel == 1 else f'-{channel}'}.localhost"
        self.token = self.make(channel_id=channel)

    def make(self, path: str = MEMBERS, **more: Any) -> str:
        """A new token."""
        body = {"expires_at": NOW + 3_600, **({} if "channel_ids" in more else {"channel_id": 1}), **more}
        return str(self.shop.post(path, body).data["token"])

    def send(self, method: str = "POST", content: Any = None, path: str = "/graphql", **headers: str) -> Reply:
        """A request as it is."""
        sent = {"host": self.host, "authorization": f"Bearer {self.token}", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        as_it_is = {"body": content} if isinstance(content, bytes) else {"json": content}
        return self.shop.request(method, path, base="", token="", headers=sent, **as_it_is)

    def whole(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> Any:
        """The body of an answer."""
        reply = self.send(content={"query": query, "variables": variables or {}}, **headers)
        assert reply.status == 200, (reply.status, reply.body)
        return reply.json

    def ask(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> Any:
        """The data of an answer without errors."""
        found = self.whole(query, variables, **headers)
        assert "errors" not in found, json.dumps(found["errors"])
        return found["data"]

    def codes(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> list[str]:
        """The codes of an answer's errors."""
        return [one["extensions"]["code"] for one in self.whole(query, variables, **headers).get("errors", ())]

    def message(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> str:
        """The first error of an answer: its code and its words."""
        errors = self.whole(query, variables, **headers).get("errors") or [None]
        return "" if errors[0] is None else f"{errors[0]['extensions']['code']}: {errors[0]['message']}"

    def signed_in(self, customer_id: int, channel: int = 1) -> dict[str, str]:
        """The headers of a customer who is signed in."""

        async def begun() -> str:
            store = await self.shop.server.app.stores.get(self.shop.name)
            assert store is not None
            return str(await store.write(lambda unit: sessions.begin(unit, customer_id, channel)))

        return {"x_bc_customer_access_token": self.shop.server.run(begun())}

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The statements that the store's reader is given meanwhile, but those by which the worker looks for what
        is due."""
        store = self.shop.server.run(self.shop.server.app.stores.get(self.shop.name))
        assert store is not None
        reader, given = store.rows.reader, list[str]()
        kinds = {name: getattr(reader, name) for name in ("row", "rows")}
        for name, own in kinds.items():

            async def noted(sql: str, *values: Any, own: Any = own) -> Any:
                if sql not in DUE:
                    given.append(sql)
                return await own(sql, *values)

            setattr(reader, name, noted)
        try:
            yield given
        finally:
            for name in kinds:
                delattr(reader, name)


def nodes(connection: Any) -> list[Any]:
    """The items of a connection."""
    return [edge["node"] for edge in connection["edges"]]
