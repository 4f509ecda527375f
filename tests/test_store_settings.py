"""Settings of a store and of its channels: one mechanism for all groups (resources/settings)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.settings import selling, shop as shops, storefront
from bodega.resources.settings.group import Group
from shop import Shop

GROUPS: dict[str, Group[Any]] = {
    group.path: group
    for module in (shops, selling, storefront)
    for group in vars(module).values()
    if isinstance(group, Group)
}


@pytest.fixture
def north(shop: Shop) -> int:
    """A second channel."""
    made = shop.post("/v3/channels", {"name": "North", "type": "storefront", "platform": "custom"})
    return int(made.data["id"])


@pytest.mark.parametrize("path", GROUPS)
def test_what_holds_for_the_store_is_shown_in_full_and_a_channel_begins_with_nothing(
    shop: Shop, north: int, path: str
) -> None:
    of_store = shop.get(f"/v3/{path}").data
    assert list(of_store) == list(GROUPS[path].members)
    assert None not in of_store.values()
    if GROUPS[path].by_channel:
        assert set(shop.get(f"/v3/{path}?channel_id={north}").data.values()) == {None}
