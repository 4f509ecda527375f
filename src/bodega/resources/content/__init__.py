"""Content: the blog, web pages, redirects."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.content import blog, pages, redirects
from bodega.storage.table import Table

TABLES: tuple[Table, ...] = (blog.TABLE, pages.TABLE, redirects.TABLE)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (*blog.routes, *pages.routes, *redirects.routes)
