"""The currencies of channels: those assigned to one, or else those of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storage.table import Reference
from bodega.storage.tx import Tx

Code = Annotated[str, currencies.CODE]
Codes = Annotated[list[Code], msgspec.Meta(min_length=1), AtMost(200)]
"""ISO 4217 knows fewer."""


class ChannelCurrencies(Entity, kw_only=True):
    """What is assigned to one channel, whose id is that of the row."""

    channel_id: Id
    enabled_currencies: Codes
    default_currency: Code


TABLE = stored(
    "channel_currencies",
    ChannelCurrencies,
    noun="currency assignment",
    columns="channel_id",
    indexed="channel_id",
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
)

TABLES = f"{currencies.TABLE.name} {TABLE.name}"
"""The tables on which the currencies of a channel depend."""


class Currencies(NamedTuple):
    """In what a channel can be paid: the codes in the order in which they were enabled, and the usual one."""

    enabled: list[str]
    default: str


async def of_channels(tx: Tx, channels: Sequence[int]) -> dict[int, Currencies]:
    """The currencies of each of these channels, with three statements.

    An assigned currency that the store does not have any more, or has disabled, counts as not assigned; a channel with
    none left has those of the store.
    """
    codes = await currencies.enabled(tx)
    usual = Currencies(codes, (await currencies.default(tx)).currency_code)
    assigned: dict[int, ChannelCurrencies] = {
        one.channel_id: one for one in await query.entities_of(tx, TABLE, list(channels))
    }
    return {channel: _left_of(assigned[channel], usual) if channel in assigned else usual for channel in channels}


def _left_of(assigned: ChannelCurrencies, usual: Currencies) -> Currencies:
    left = [code for code in assigned.enabled_currencies if code in usual.enabled]
    if not left:
        return usual
    if assigned.default_currency in left:
        return Currencies(left, assigned.default_currency)
    return Currencies(left, usual.default if usual.default in left else left[0])


async def enabled_currencies(tx: Tx, channel_id: int) -> list[str]:
    """The codes of the currencies in which a channel's carts can be."""
    return (await of_channels(tx, [channel_id]))[channel_id].enabled


async def default_currency(tx: Tx, channel_id: int) -> str:
    """The code of the currency of a channel's carts that name none."""
    return (await of_channels(tx, [channel_id]))[channel_id].default
