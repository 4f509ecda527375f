"""Content: the blog, web pages, redirects, scripts, messages of contact forms."""

from __future__ import annotations

from bodega.resources.content import (
    aggregates,
    blog,
    contact_messages,
    scripts,
)

RESOURCES = (
    blog.RESOURCE,
    aggregates.PAGES,
    aggregates.REDIRECTS,
    scripts.RESOURCE,
    contact_messages.RESOURCE,
)
