"""Widgets: templates, widgets made of them, where they stand, and pages that are published as one."""

from __future__ import annotations

from bodega.resources.widgets import page_widgets, placements, regions, templates, widgets

RESOURCES = (
    templates.RESOURCE,
    widgets.RESOURCE,
    page_widgets.RESOURCE,
    placements.RESOURCE,
    regions.RESOURCE,
)
