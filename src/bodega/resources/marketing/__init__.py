"""Marketing: coupons, gift certificates, banners."""

from __future__ import annotations

from bodega.resources.marketing import (
    banners,
    coupons,
    gift_certificates,
)

RESOURCES = (
    coupons.RESOURCE,
    gift_certificates.RESOURCE,
    banners.RESOURCE,
)
