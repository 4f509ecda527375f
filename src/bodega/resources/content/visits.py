"""How often shoppers came and what they looked at: counted by the day, for as long as the panel shows it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from bodega.kit.fields import moment
from bodega.storage import query
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

Kind = Literal["visit", "page", "product"]
DAYS = 90
SCHEMA = """CREATE TABLE shop_visits (
    day TEXT NOT NULL, channel_id INTEGER NOT NULL, kind TEXT NOT NULL, product_id INTEGER NOT NULL,
    seen BIGINT NOT NULL, PRIMARY KEY (day, channel_id, kind, product_id)
);"""


class Seen(NamedTuple):
    """What happened how often on a day (YYYY-MM-DD); `product_id` is 0 where no product was looked at."""

    day: str
    kind: str
    product_id: int
    seen: int


def day_of(now: int) -> str:
    """The day of a time (UTC seconds)."""
    return moment(now)[:10]


async def count(unit: Unit, channel_id: int, kind: Kind, product_id: int = 0) -> None:
    """Counts something once more; what is too old goes as a new day begins."""
    day = day_of(unit.now)
    sql = (
        "INSERT INTO shop_visits (day, channel_id, kind, product_id, seen) VALUES ($1, $2, $3, $4, 1)"
        " ON CONFLICT (day, channel_id, kind, product_id) DO UPDATE SET seen = shop_visits.seen + 1"
    )
    if await unit.tx.row("SELECT 1 FROM shop_visits WHERE day = $1 LIMIT 1", day) is None:
        await unit.tx.run("DELETE FROM shop_visits WHERE day <= $1", day_of(unit.now - DAYS * 86_400))
    await unit.tx.run(sql, day, channel_id, kind, product_id)


async def by_day(tx: Tx, since: str) -> list[Seen]:
    """What was counted on each day from one on, on all channels, products together."""
    sql = "SELECT day, kind, 0, sum(seen) FROM shop_visits WHERE day >= $1 GROUP BY day, kind ORDER BY day DESC, kind"
    return [Seen(str(day), str(kind), 0, int(seen)) for day, kind, _, seen in await tx.rows(sql, since)]


async def most_seen(tx: Tx, since: str, most: int) -> list[tuple[int, int]]:
    """The products that were looked at most from a day on: ids and how often."""
    sql = (
        "SELECT product_id, sum(seen) AS total FROM shop_visits WHERE kind = 'product' AND day >= $1"
        f" GROUP BY product_id ORDER BY total DESC, product_id LIMIT {int(most)}"
    )
    return [(int(one), int(seen)) for one, seen in (await query.pairs(tx, sql, since)).items()]
