"""Marketing: coupons, gift certificates, banners, promotions, templates of e-mails."""

from __future__ import annotations

from bodega.resources.marketing import (
    aggregates,
    banners,
    email_templates,
    gift_certificates,
)
from bodega.resources.marketing.promotions import promotions, settings

RESOURCES = (
    aggregates.COUPONS,
    gift_certificates.RESOURCE,
    banners.RESOURCE,
    email_templates.RESOURCE,
    promotions.RESOURCE,
    aggregates.CODES,
    settings.RESOURCE,
)
