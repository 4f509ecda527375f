"""Marketing: coupons, gift certificates, banners, promotions."""

from __future__ import annotations

from bodega.resources.marketing import (
    aggregates,
    banners,
    gift_certificates,
)
from bodega.resources.marketing.promotions import promotions, settings

RESOURCES = (
    aggregates.COUPONS,
    gift_certificates.RESOURCE,
    banners.RESOURCE,
    promotions.RESOURCE,
    aggregates.CODES,
    settings.RESOURCE,
)
