"""Many deletes of one row at once: one of them deletes it, and it is told once; the others find nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from shop import Shop
from statistics_check import check_statistics
from test_concurrency import at_once, statuses, workers
from test_widgets import TEMPLATE

__all__ = ["workers"]
TIMES = 8


class Gone(NamedTuple):
    """A row that is made by a POST and deleted by its own path. `events` are the ends of the scopes that tell of it,
    `one` and `missing` the statuses of a delete, and of one of what is not there."""

    path: str
    body: Any
    events: tuple[str, ...] = ()
    id: str = "id"
    one: int = 204
    missing: int = 404


ROWS = [
    Gone("/v3/content/pages", {"type": "page", "name": "About", "body": "Us", "channel_id": 1}),
    Gone("/v2/pages", {"type": "page", "name": "About", "body": "Us"}),
    Gone("/v2/shipping/zones", {"name": "A", "type": "country", "locations": [{"country_iso2": "DE"}]}),
    Gone("/v3/catalog/categories", {"name": "A", "parent_id": 0}, ("store/category/deleted", "1/category/deleted")),
    Gone("/v2/brands", {"name": "A"}),
    Gone("/v3/catalog/products", {"name": "A", "type": "physical", "price": 1, "weight": 1}, ("product/deleted",)),
    Gone("/v2/customers", {"first_name": "A", "last_name": "B", "email": "a@b.test"}, ("store/customer/deleted",)),
    Gone("/v3/content/widget-templates", {"name": "A", "template": TEMPLATE}, (), "uuid"),
    Gone("/v3/content/scripts", {"name": "A", "src": "https://a.test/a.js"}, (), "uuid"),
    Gone("/v3/hooks", {"scope": "store/order/*", "destination": "https://a.test/"}, (), "id", 200),
    Gone("/v3/wishlists", {"customer_id": 1, "name": "A"}, (), "id", 204, 204),
    Gone("/v3/promotions", {"name": "A", "rules": [{"action": {"cart_value": {"discount": {"fixed_amount": "1"}}}}],
                            "redemption_type": "AUTOMATIC"}, (), "id", 204, 204),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.path for row in ROWS])
def test_of_many_deletes_of_a_row_one_deletes_it(workers: list[Shop], row: Gone) -> None:
    shop = workers[0]
    if "wishlists" in row.path:
        shop.post("/v2/customers", {"first_name": "A", "last_name": "B", "email": "a@b.test"})
    made = shop.post(row.path, row.body)
    assert made.status in (200, 201), made.body
    named = made.json if row.path.startswith("/v2") else made.data
    shop.watch()
    seen = statuses(at_once(workers, [("DELETE", f"{row.path}/{named[row.id]}", None)] * TIMES))
    assert sum(seen.values()) == TIMES
    assert seen == ({row.one: 1, row.missing: TIMES - 1} if row.missing != row.one else {row.one: TIMES})
    fired = [scope for scope, _ in shop.events() if scope.endswith("/deleted")]
    assert len(fired) == len(row.events), fired
    assert all(any(scope.endswith(end) for scope in fired) for end in row.events), fired
    check_statistics(shop)
