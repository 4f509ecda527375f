"""Metafields of the store as a whole."""

from __future__ import annotations

from bodega.resources.metafields import metafields_of_store

RESOURCE = metafields_of_store()
