"""What pays a part of the grand total before anything else: gift certificates, then store credit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin
from bodega.domain.pricing.amounts import rounded
from bodega.domain.pricing.basket import GiftCertificateBalance


def pay(
    owed: Decimal, certificates: Iterable[GiftCertificateBalance], credit: Decimal, places: int
) -> tuple[tuple[Adjustment, ...], Decimal]:
    """The payments (amounts below zero), and what is left to pay. Each certificate pays as much as it can, in the order
    in which they were entered; store credit pays last."""
    paid: list[Adjustment] = []
    left = max(owed, ZERO)
    for one in certificates:
        amount = min(rounded(one.balance, places), left)
        if amount > 0:
            paid.append(Adjustment(Origin.GIFT_CERTIFICATE, -amount, one.source, code=one.code))
            left -= amount
    amount = min(rounded(credit, places), left)
    if amount > 0:
        paid.append(Adjustment(Origin.STORE_CREDIT, -amount))
        left -= amount
    return tuple(paid), left
