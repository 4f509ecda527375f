"""Prices: what a shopper pays."""

from __future__ import annotations

from bodega.kit.resource import Resource

RESOURCES: tuple[Resource, ...] = ()
