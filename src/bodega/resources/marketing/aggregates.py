"""The aggregates of marketing with rules from several files, in this order."""

from __future__ import annotations

from bodega.kit.actions import DeleteIfThere
from bodega.kit.delete_many import DeleteMany
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.resources.marketing import coupons
from bodega.resources.marketing.promotions import codes, generation
from bodega.resources.marketing.promotions.promotions import AT_ONCE
from bodega.storage.aggregate import Aggregate

CODES_AT_ONCE = 10
"""Lists and batches of codes at once (rule 31)."""

COUPONS = Resource(
    aggregates=(
        Aggregate(
            coupons.TABLE,
            before_validate=(coupons.clear_applies_to, codes.keep_what_a_code_has),
            before_write=(
                coupons.check_discount,
                coupons.check_targets,
                coupons.check_shipping_methods,
                codes.belong_to_a_coupon_promotion,
            ),
            after_write=(codes.show_in_promotion,),
            before_delete=(codes.leave_promotion,),
        ),
    ),
    routes=coupons.routes,
)

CODES = Resource(
    routes=(
        route("promotions/codes", 3, GET=codes.FindCode(codes.OF_ALL), DELETE=DeleteMany(codes.OF_ALL)).at_most(
            GET=AT_ONCE, DELETE=AT_ONCE
        ),
        collection("promotions/{promotion_id}/codes", codes.OF_PROMOTION, "GET POST")
        .also(collection("promotions/{promotion_id}/codes", codes.DELETED, "DELETE"))
        .at_most(GET=CODES_AT_ONCE, POST=AT_ONCE, DELETE=AT_ONCE),
        route("promotions/{promotion_id}/codes/{code_id}", 3, DELETE=DeleteIfThere(codes.OF_PROMOTION)).at_most(
            DELETE=AT_ONCE
        ),
        route("promotions/{promotion_id}/codegen", 3, POST=generation.GenerateCodes(codes.OF_PROMOTION)).at_most(
            POST=CODES_AT_ONCE
        ),
    )
)
