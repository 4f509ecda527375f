"""Content: the blog, web pages, redirects."""

from __future__ import annotations

from bodega.resources.content import (
    blog,
    pages,
    redirects,
)

RESOURCES = (
    blog.RESOURCE,
    pages.RESOURCE,
    redirects.RESOURCE,
)
