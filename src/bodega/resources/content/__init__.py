"""Content: the blog, web pages, redirects, scripts."""

from __future__ import annotations

from bodega.resources.content import (
    aggregates,
    blog,
    scripts,
)

RESOURCES = (
    blog.RESOURCE,
    aggregates.PAGES,
    aggregates.REDIRECTS,
    scripts.RESOURCE,
)
