"""The quota that a store's setting gives all its shoppers together: so many requests a window, by the store's clock.

It counts as that of an app does (`quota.py`). A restart of an embedded server begins a new window.
"""

from __future__ import annotations

from bodega.access.quota import SharedQuota, WindowQuota
from bodega.storage.registry import Account


def quota_of_shop(
    store_hash: str, per_window: int, before: WindowQuota | SharedQuota | None, *, shared: bool
) -> WindowQuota | SharedQuota:
    """The count of a store's shoppers; it goes on with that `before` a change of the quota."""
    shoppers = Account(store_hash, store_hash, "", "oauth", "", "", "", frozenset(), -1, per_window, False, 0, 1)
    if shared:
        return SharedQuota(shoppers, of_shop=True)
    made = WindowQuota(shoppers)
    if isinstance(before, WindowQuota):
        made.ends, made.used = before.ends, before.used
    return made
