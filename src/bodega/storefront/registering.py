"""How shoppers make an account, wherever they do: by GraphQL, by REST, on a page. It is confirmed by an e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.resources.customers import customer, mails
from bodega.storage.unit import Unit
from bodega.storefront.shoppers_api import ShoppersApi

CUSTOMERS = "/v3/customers"


async def make_account(api: ShoppersApi, channel_id: int, said: Mapping[str, Any]) -> int:
    """The id of a new customer of a channel; `said` is as V3 takes it. Raises ShopperRefused."""
    (made,) = await api.send("POST", CUSTOMERS, [{**said, "origin_channel_id": channel_id}])
    customer_id = int(made["id"])

    async def job(unit: Unit) -> None:
        row = await unit.get(customer.TABLE, customer_id)
        if row is not None:
            await mails.tell_of_account(unit, api.store.record, channel_id, row.entity, api.origin)

    await api.write(job)
    return customer_id
