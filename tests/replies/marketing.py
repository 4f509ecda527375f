"""Coupons, gift certificates and banners (rules 105 to 107)."""

from replies import Differs, Row

ROWS = [
    Row(
        "POST",
        "/v2/coupons",
        {
            "name": "$5 off",
            "code": "S2549JM0Y",
            "type": "per_total_discount",
            "amount": "5",
            "applies_to": {"entity": "categories", "ids": [0]},
            "restricted_to": {"countries": "AU"},
        },
        name="coupon",
    ),
    Row("PUT", "/v2/coupons/{coupon}", {"max_uses": 3}),
    Row("POST", "/v2/coupons", {}, status=400),
    Row(
        "POST",
        "/v2/gift_certificates",
        {
            "to_name": "John",
            "to_email": "john@shop.test",
            "from_name": "Jane",
            "from_email": "jane@shop.test",
            "amount": 10,
            "template": "general.html",
        },
        name="gift",
    ),
    Row("PUT", "/v2/gift_certificates/{gift}", {"status": "disabled"}),
    Row("POST", "/v2/gift_certificates", {}, status=400),
    Row(
        "POST",
        "/v2/banners",
        {"name": "Sale", "content": "<p>Sale</p>", "page": "home_page", "location": "top", "date_type": "always"},
        name="banner",
    ),
    Row("PUT", "/v2/banners/{banner}", {"visible": "0"}),
    Row("POST", "/v2/banners", {}, status=400),
]

DIFFERS = [
    Differs("GET /v2/coupons", "restricted_to", "type", "an empty list where there is no restriction, as recorded"),
]

NEWER = "the newer description has it"
OLDER = "an older name; the newer description has another"

V2_DIFFERS = {
    ("coupon", "date_created", "name"): NEWER,
    ("coupon", "type", "enum"): "the newer description has one more word",
    ("gift_certificate", "currency_code", "name"): NEWER,
    ("gift_certificate", "template", "refused"): "the newer description lets it be written",
    ("gift_certificate", "template", "type"): "the newer description has its words",
    ("gift_certificate", "giftcertificates", "name"): "the name of an element of its XML example",
    ("gift_certificate", "giftcertificate", "name"): "the name of an element of its XML example",
    **{
        ("banner", name, "name"): NEWER for name in ("id", "item_id", "date_created", "date_from", "date_to", "visible")
    },
    **{
        ("banner", name, "name"): OLDER
        for name in ("bannerid", "catorbrandid", "datecreated", "datefrom", "dateto", "datetype", "status/visible")
    },
}
