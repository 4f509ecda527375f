"""Geography: countries and states, the same in every store."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.geography import places

ROUTES: tuple[Route, ...] = places.routes
