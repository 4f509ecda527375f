"""Carts."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources import outbox
from bodega.resources.carts import abandoned, abandoned_emails, carts, metafields, recovery, settings

RESOURCES: tuple[Resource, ...] = (
    carts.RESOURCE,
    metafields.RESOURCE,
    settings.RESOURCE,
    abandoned.RESOURCE,
    abandoned_emails.RESOURCE,
    outbox.RESOURCE,
    recovery.RESOURCE,
)
