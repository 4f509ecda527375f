"""How shoppers make an account, wherever they do: by GraphQL, by REST, on a page. It is confirmed by an e-mail.

Each attempt costs a hash, and most of them an e-mail: they are counted by the network address they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.domain import guesses
from bodega.resources.customers import customer, mails
from bodega.storage.unit import Unit
from bodega.storefront.shoppers_api import ShoppersApi

CUSTOMERS = "/v3/customers"
TOO_MANY = "Too many accounts were made from this network address: try again later."


async def make_account(
    api: ShoppersApi, channel_id: int, said: Mapping[str, Any], address: str, *, by_server: bool = False
) -> int:
    """The id of a new customer of a channel; `said` is as V3 takes it, `address` the network address from which they
    ask, empty if unknown; `by_server`: it may be that of a shop's server. Raises ShopperRefused."""
    if address:
        most = guesses.MAX_ACCOUNTS_OF_SERVERS if by_server else guesses.MAX_ACCOUNTS
        await api.write(lambda unit: _count(unit, address, most))
    (made,) = await api.send("POST", CUSTOMERS, [{**said, "origin_channel_id": channel_id}])
    customer_id = int(made["id"])

    async def job(unit: Unit) -> None:
        row = await unit.get(customer.TABLE, customer_id)
        if row is not None:
            await mails.tell_of_account(unit, api.store.record, channel_id, row.entity, api.origin)

    await api.write(job)
    return customer_id


async def _count(unit: Unit, address: str, most: int) -> None:
    """Counts an attempt to make an account. Raises Refusal for one too many."""
    subject = guesses.subject_of(f"account from {address}")
    await guesses.answered(unit, subject, right=False, most=most, seconds=guesses.ACCOUNTS_SECONDS, words=TOO_MANY)
