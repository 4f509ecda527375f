"""Webhooks: which client is notified of which events."""

from __future__ import annotations

from bodega.resources.webhooks import (
    admin,
    hooks,
)

RESOURCES = (
    hooks.RESOURCE,
    admin.RESOURCE,
)
