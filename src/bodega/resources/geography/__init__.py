"""Geography: countries and states, the same in every store."""

from __future__ import annotations

from bodega.resources.geography import (
    places,
)

RESOURCES = (places.RESOURCE,)
