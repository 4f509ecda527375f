"""Paying an order: access tokens, accepted methods, payments with test instruments."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources.payments import access_tokens, attempts, methods, processing
from bodega.storage.aggregate import Aggregate

RESOURCES: tuple[Resource, ...] = (
    access_tokens.RESOURCE,
    methods.RESOURCE,
    processing.RESOURCE,
    Resource(aggregates=(Aggregate(attempts.TABLE),)),
)
