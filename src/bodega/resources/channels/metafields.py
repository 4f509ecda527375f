"""Metafields of channels."""

from __future__ import annotations

from bodega.kit.endpoint import Parent
from bodega.resources.metafields import metafields_of
from bodega.resources.store import channels

RESOURCE = metafields_of(
    "channel",
    [Parent("resource_id", channels.TABLE)],
    "channels/{channel_id}",
    "channels",
    "store_channel_settings",
)
