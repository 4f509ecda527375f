"""What shoppers of a channel see of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from bodega.kit.fields import INT32
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx


def seen_on(channel_id: int) -> str:
    """The test in SQL of products `p` that are visible on a channel."""
    on = "SELECT 1 FROM product_channels c WHERE c.product_id = p.id AND c.channel_id ="
    if channel_id == channels.DEFAULT:
        return f"p.is_visible AND NOT EXISTS ({on} {channels.DEFAULT})"
    return f"p.is_visible AND EXISTS ({on} {int(channel_id)})"


async def unseen(tx: Tx, channel_id: int, products: Sequence[int]) -> list[int]:
    """Those of these products that shoppers of a channel do not see, in order; one statement."""
    wanted = sorted(set(products))
    asked = [one for one in wanted if 0 < one <= INT32]
    if not asked:
        return wanted
    test = f"p.id IN ({numbered_placeholders(len(asked))}) AND {seen_on(channel_id)}"
    found = {int(one) for one in await query.values(tx, f"SELECT p.id FROM products p WHERE {test}", *asked)}
    return [one for one in wanted if one not in found]
