"""Webhooks: who is told what."""

from __future__ import annotations

from bodega.resources.webhooks import (
    admin,
    hooks,
)

RESOURCES = (
    hooks.RESOURCE,
    admin.RESOURCE,
)
