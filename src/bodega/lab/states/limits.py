"""Accounts that may not, or not any more."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bodega.lab.states.maker import Maker
from bodega.lab.states.state import Look, state

BRANDS = "GET /v3/catalog/brands"


@state(
    "A spent quota",
    "The account may send nothing in this window: every request is answered 429, with when to come back.",
    "Wait X-Rate-Limit-Time-Reset-Ms milliseconds, then send the same once more; do not send faster.",
    Look(BRANDS, 429, account="{token}"),
)
async def quota_spent(make: Maker) -> Any:
    account, token = await make.account(per_window=0)
    return {"client_id": account.client_id, "token": token}


@state(
    "A quota of one",
    "One request goes through, the second within 30 seconds is answered 429.",
    "Read X-Rate-Limit-Requests-Left and stop before it is 0.",
    Look(BRANDS, 200, account="{token}"),
    Look(BRANDS, 429, account="{token}"),
)
async def quota_of_one(make: Maker) -> Any:
    account, token = await make.account(per_window=1)
    return {"client_id": account.client_id, "token": token}


@state(
    "An hour that is spent",
    "Requests an hour are limited as well, and are spent: 509, and no window to wait for.",
    "Wait X-Retry-After seconds; 509 is no error of the server.",
    Look(BRANDS, 509, account="{token}"),
)
async def hour_spent(make: Maker) -> Any:
    account, token = await make.account(per_hour=0)
    return {"client_id": account.client_id, "token": token}


@state(
    "Throttled without a word",
    "429 without any of the headers that say when to come back, three times, as a proxy in front answers it.",
    "Wait longer each time, with some chance in it; do not depend on headers.",
    Look(BRANDS, 429, account="{token}"),
)
async def throttled_without_headers(make: Maker) -> Any:
    account, token = await make.account()
    effect = {"reason": "WINDOW_QUOTA_SPENT", "rate_limit": "missing"}
    rule = await make.fault({"match": {"account": account.client_id}, "schedule": {"count": 3}, "effect": effect})
    return {"client_id": account.client_id, "token": token, "fault_id": rule}


@state(
    "Written, and no answer",
    "The next write of the account is carried out, and the connection ends before it is answered.",
    "Send an Idempotency-Key with each POST, and repeat the same; else look before you write again.",
    Look(BRANDS, 200, account="{token}"),
)
async def write_without_an_answer(make: Maker) -> Any:
    account, token = await make.account()
    match = {"account": account.client_id, "method": ["POST", "PUT", "DELETE"]}
    effect = {"disconnect": "after"}
    rule = await make.fault({"match": match, "schedule": {"count": 1}, "effect": effect})
    return {"client_id": account.client_id, "token": token, "fault_id": rule}


@state(
    "A scope too few",
    "The account may read orders, not the catalogue: 403 names the scope that is missing.",
    "Show details.missing_scope to whoever grants scopes; a retry does not help.",
    Look(BRANDS, 403, {"details.missing_scope": "store_v2_products_read_only"}, account="{token}"),
    Look("GET /v2/orders/count", 200, account="{token}"),
)
async def scope_missing(make: Maker) -> Any:
    account, token = await make.account("store_v2_orders_read_only")
    return {"client_id": account.client_id, "token": token}


@state(
    "May read, not write",
    "The account has read-only scopes: GET is answered, POST with 403.",
    "Ask for the wider scope before you write; tell reading and writing apart in your own settings.",
    Look(BRANDS, 200, account="{token}"),
    Look("POST /v3/catalog/brands", 403, {}, {"name": "Never"}, "{token}"),
)
async def read_only_account(make: Maker) -> Any:
    account, token = await make.account("store_v2_products_read_only")
    return {"client_id": account.client_id, "token": token}


@state(
    "A token that died",
    "The account was revoked: 401 from one request to the next.",
    "Stop, and ask for another token; do not try the old one again.",
    Look(BRANDS, 401, account="{token}"),
)
async def token_revoked(make: Maker) -> Any:
    account, token = await make.account()
    await make.store_registry.drop_account(make.store.record.hash, account.client_id)
    return {"client_id": account.client_id, "token": token}


@state(
    "An account that is disabled",
    "The owner disabled the account: 401, until it is enabled again.",
    "Treat it as a revoked one, and keep what you wanted to send.",
    Look(BRANDS, 401, account="{token}"),
)
async def account_disabled(make: Maker) -> Any:
    account, token = await make.account()
    await make.store_registry.save_account(replace(account, disabled=True))
    return {"client_id": account.client_id, "token": token}
