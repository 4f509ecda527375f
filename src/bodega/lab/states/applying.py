"""Making a state without a server: for the command line, while a server has the store open, too."""

from __future__ import annotations

from typing import Any

from bodega.access.stores import Stores
from bodega.http.app_context import AppContext
from bodega.http.router import by_version
from bodega.lab.states.maker import Maker
from bodega.lab.states.state import State
from bodega.resources import MODEL, ROUTES
from bodega.storage.backend import Backend


def shown(state: State) -> dict[str, str]:
    """What is told of a state before it is made."""
    return {
        "name": state.name,
        "theme": state.theme,
        "title": state.title,
        "happens": state.happens,
        "client": state.client,
    }


async def apply(backend: Backend, store_hash: str, state: State) -> dict[str, Any]:
    """Makes the state in a store that exists, and closes the backend's stores again. Raises StateFailed."""
    stores = Stores(backend, model=MODEL)
    app = AppContext(stores, by_version(ROUTES))
    try:
        store = await stores.get(store_hash)
        assert store is not None
        return await state.apply(await Maker.of(app, store))
    finally:
        await backend.registry.notify_change()  # a server that has the store open may have events to deliver
        await app.pictures.close()
        await stores.close()
