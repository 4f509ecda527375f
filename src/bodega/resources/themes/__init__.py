"""Themes: their files, configurations and jobs, what channels show, which templates entities have of their own."""

from __future__ import annotations

from bodega.resources.themes import active, configurations, custom_templates, themes

RESOURCES = (
    themes.RESOURCE,
    configurations.RESOURCE,
    custom_templates.RESOURCE,
    active.RESOURCE,
)
