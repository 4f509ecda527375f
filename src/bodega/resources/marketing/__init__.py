"""Marketing: coupons, gift certificates, banners."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.marketing import banners, coupons, gift_certificates
from bodega.storage.table import Table

TABLES: tuple[Table, ...] = (coupons.TABLE, gift_certificates.TABLE, banners.TABLE)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (*coupons.routes, *gift_certificates.routes, *banners.routes)
