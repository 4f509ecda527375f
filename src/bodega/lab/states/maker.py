"""What states are made with: the store's own API, asked from inside the process, and a few shapes that most need.

Whatever a state makes was judged by the law, as a client's requests are; only accounts are made in the registry.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from bodega.access.accounts import add_account
from bodega.access.scopes import SCOPES
from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.internal import carry_out
from bodega.lab.faults import kept
from bodega.law.refusal import Refusal
from bodega.storage import query
from bodega.storage.registry import Account
from bodega.storage.table_stats import NEWEST
from bodega.storage.unit import Unit

ORIGIN = "https://localhost"
ADDRESS = {
    "first_name": "Mara",
    "last_name": "Lindgren",
    "street_1": "12 Harbour Street",
    "city": "Austin",
    "state": "Texas",
    "zip": "78701",
    "country_iso2": "US",
}
WORK = {"name": "Assembly", "quantity": 1, "price_ex_tax": 5, "price_inc_tax": 6}
"""A line that is no product of the store."""


class StateFailed(Exception):
    """A state could not be made; the message is a sentence."""


class Maker:
    """Makes one state in one store. `mark` differs for each time, so that names and codes are new."""

    def __init__(self, app: AppContext, store: OpenStore, mark: str) -> None:
        self.app = app
        self.store = store
        self.mark = mark
        self.client_id = ""

    @classmethod
    async def of(cls, app: AppContext, store: OpenStore) -> Maker:
        """One for the store as it stands."""
        reader = (await store.ready()).reader
        row = await reader.row(NEWEST)
        assert row is not None
        revision, _ = row
        return cls(app, store, f"{revision:x}")

    async def ask(self, method: str, target: str, body: Any = None) -> Any:
        """The body of the answer as data, below `data` in V3; None if it is empty. Raises StateFailed."""
        content = msgspec.json.encode(body) if body is not None else b""
        return await self._carry_out(method, target, content, "application/json" if content else "")

    async def upload(self, target: str, field: str, name: str, content: bytes) -> Any:
        """Sends a file in a form. Raises StateFailed."""
        head = f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + b"\r\n--edge--\r\n"
        return await self._carry_out("POST", target, body, "multipart/form-data; boundary=edge")

    async def _carry_out(self, method: str, target: str, content: bytes, media_type: str) -> Any:
        headers = {"content-type": media_type} if media_type else {}
        try:
            response = await carry_out(
                self.app, self.store, self.client_id, method, target, content, headers, origin=ORIGIN
            )
        except Refusal as refusal:
            told = [refusal.message, *(f"{fault.field}: {fault.message}" for fault in refusal.faults)]
            raise StateFailed(f"{method} {target} was refused: {' '.join(told)}") from refusal
        if not response.body:
            return None
        data = msgspec.json.decode(response.body)
        return data["data"] if target.startswith("/v3/") and "data" in data else data

    async def get(self, target: str) -> Any:
        """What is there."""
        return await self.ask("GET", target)

    async def post(self, target: str, body: Any) -> Any:
        """Makes something."""
        return await self.ask("POST", target, body)

    async def put(self, target: str, body: Any) -> Any:
        """Changes something."""
        return await self.ask("PUT", target, body)

    async def delete(self, target: str) -> None:
        """Deletes something."""
        await self.ask("DELETE", target)

    # What most states need.

    def named(self, name: str) -> str:
        """A name that the store has not."""
        return f"{name} {self.mark}"

    def code(self, word: str) -> str:
        """A SKU or a coupon's code that the store has not."""
        return f"{word}-{self.mark}".upper()

    def email(self, name: str) -> str:
        """An e-mail address that the store has not."""
        return f"{name}.{self.mark}@example.com"

    async def product(self, name: str = "Lantern", **more: Any) -> int:
        """A new product's id."""
        body = {"name": self.named(name), "type": "physical", "price": 20, "weight": 1, **more}
        return int((await self.post("/v3/catalog/products", body))["id"])

    async def stocked(self, name: str, level: int, **more: Any) -> int:
        """A new product of which there are so many."""
        return await self.product(name, inventory_tracking="product", inventory_level=level, **more)

    async def sizes(self, name: str, levels: Mapping[str, int], **more: Any) -> tuple[int, list[int]]:
        """A new product with a variant for each size, of which there are so many: its id, and theirs."""
        variants = [
            {
                "sku": self.code(f"{name}-{size}"),
                "inventory_level": level,
                "option_values": [{"option_display_name": "Size", "label": size}],
            }
            for size, level in levels.items()
        ]
        made = await self.product(name, inventory_tracking="variant", variants=variants, **more)
        shown = await self.get(f"/v3/catalog/products/{made}/variants")
        return made, [one["id"] for one in shown]

    async def category(self, name: str = "Lighting", **more: Any) -> int:
        """A new category's id."""
        body = {"name": self.named(name), "parent_id": 0, **more}
        return int((await self.post("/v3/catalog/categories", body))["id"])

    async def brand(self, name: str = "Nordlys") -> int:
        """A new brand's id."""
        return int((await self.post("/v3/catalog/brands", {"name": self.named(name)}))["id"])

    def address(self, **more: Any) -> dict[str, Any]:
        """An address of somebody new."""
        return {**ADDRESS, "email": self.email("mara"), **more}

    async def order(self, *lines: Any, **more: Any) -> int:
        """A new order's id; lines that are numbers are one piece of that product."""
        products = [{"product_id": line, "quantity": 1} if isinstance(line, int) else line for line in lines or (WORK,)]
        body = {"billing_address": self.address(), "products": products, **more}
        return int((await self.post("/v2/orders", body))["id"])

    async def lines(self, order_id: int) -> list[Any]:
        """The lines of an order."""
        return await self.get(f"/v2/orders/{order_id}/products") or []

    async def ship(self, order_id: int, quantity: int = 1, **more: Any) -> int:
        """A new shipment of the first line: its id."""
        address = (await self.get(f"/v2/orders/{order_id}/shipping_addresses"))[0]["id"]
        items = [{"order_product_id": (await self.lines(order_id))[0]["id"], "quantity": quantity}]
        body = {"order_address_id": address, "items": items, **more}
        return int((await self.post(f"/v2/orders/{order_id}/shipments", body))["id"])

    async def refund(self, order_id: int, quantity: int = 1) -> int:
        """A refund of pieces of the first line: its id."""
        line = (await self.lines(order_id))[0]["id"]
        items = [{"item_type": "PRODUCT", "item_id": line, "quantity": quantity}]
        path = f"/v3/orders/{order_id}/payment_actions"
        amount = (await self.post(f"{path}/refund_quotes", {"items": items}))["total_refund_amount"]
        body = {"items": items, "payments": [{"provider_id": "custom", "amount": amount}]}
        return int((await self.post(f"{path}/refunds", body))["id"])

    async def customer(self, name: str = "Mara", **more: Any) -> int:
        """A new customer's id."""
        body = {"first_name": name, "last_name": "Lindgren", "email": self.email(name.lower()), **more}
        return int((await self.post("/v3/customers", [body]))[0]["id"])

    async def coupon(self, **more: Any) -> int:
        """A new coupon's id: 5 off everything."""
        body = {
            "name": self.named("Five off"),
            "code": self.code("FIVE"),
            "type": "per_total_discount",
            "amount": 5,
            "applies_to": {"entity": "categories", "ids": [0]},
            **more,
        }
        return int((await self.post("/v2/coupons", body))["id"])

    async def account(
        self, *scopes: str, per_window: int | None = None, per_hour: int | None = None
    ) -> tuple[Account, str]:
        """A new account with these scopes, or all: the account and its token."""
        token = secrets.token_urlsafe(24)
        registry, record = self.store_registry, self.store.record
        granted = frozenset(scopes) or frozenset(name for name in SCOPES if not name.endswith("_read_only"))
        name = self.named("State")
        made = await add_account(registry, record, name, token, granted, per_window=per_window, per_hour=per_hour)
        return made, token

    @property
    def store_registry(self) -> Any:
        """Where accounts are kept."""
        return self.app.stores.registry

    async def as_account(self) -> str:
        """From now on requests are sent by an account, since webhooks belong to one: its client id."""
        known = [one for one in await self.store.accounts_now() if one.kind == "oauth" and not one.disabled]
        self.client_id = known[0].client_id if known else (await self.account())[0].client_id
        return self.client_id

    async def hook(self, scope: str = "store/order/*", path: str = "", **more: Any) -> int:
        """A new webhook's id; nobody is at its destination."""
        if not self.client_id:
            await self.as_account()
        destination = f"https://hooks-{self.mark}.example.com/{path}"
        body = {"scope": scope, "destination": destination, "is_active": True, **more}
        return int((await self.post("/v3/hooks", body))["id"])

    async def fault(self, rule: dict[str, Any]) -> str:
        """A new fault rule's id. It strikes only while a server runs with a lab."""
        record = self.store.record
        made = await kept.add(self.store_registry, record.hash, rule, self.store.time())
        return made.rule.id

    async def write(self, job: Any) -> Any:
        """Runs a job in a transaction, for what no request can bring about."""

        async def work(unit: Unit) -> Any:
            return await job(unit)

        return await self.store.write(work)

    async def value(self, sql: str, *values: Any) -> Any:
        """One value of the store's rows."""
        return await query.value((await self.store.ready()).reader, sql, *values)
