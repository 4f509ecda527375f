"""A browser at a shop, as far as its cookies and its requests go."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

from shop import Reply, Shop

BASE = "/api/storefront"


class Page:
    """A page of a shop in a browser of its own."""

    def __init__(self, shop: Shop, channel: int = 1) -> None:
        self.shop = shop
        self.host = f"store-{shop.name}{'' if channel == 1 else f'-{channel}'}.localhost"
        self.cookies: dict[str, str] = {}

    def send(
        self, method: str, path: str, json: Any = None, *, base: str = BASE, body: bytes | None = None, **headers: str
    ) -> Reply:
        """A request with the browser's cookies; those of the answer are kept."""
        sent = {"host": self.host, "origin": f"https://{self.host}", "content-type": "application/json"}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        content: dict[str, Any] = {"body": body} if body is not None else {} if json is None else {"json": json}
        reply = self.shop.request(method, f"{base}{path}", base="", token="", headers=sent, **content)
        for line in reply.headers.get("set-cookie", "").split("\n"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return reply

    def ask(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """The body of an answer that succeeds; None without one."""
        reply = self.send(method, path, json, **more)
        assert reply.status in (200, 204), (method, path, reply.status, reply.body)
        return reply.json if reply.body else None

    def sign_in(self, customer_id: int, channel: int = 1) -> None:
        """Has a session of a customer."""
        from bodega.resources.tokens import sessions

        async def begun() -> str:
            store = await self.shop.server.app.stores.get(self.shop.name)
            assert store is not None
            made: str = await store.write(lambda unit: sessions.begin(unit, customer_id, channel))
            return made

        self.cookies["SHOP_SESSION_TOKEN"] = str(self.shop.server.run(begun()))
