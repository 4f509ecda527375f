"""Payment methods of a store: those that need no provider, and one for tests."""

from __future__ import annotations

from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Line
from bodega.kit.fixed import Fixed, ListFixed
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v2_shape import V2Shape


class PaymentMethod(Entity, kw_only=True):
    """`code` is its name in orders; `test_mode`: no money moves."""

    code: Line
    name: Line
    test_mode: bool = False


METHODS = (
    ("bankdeposit", "Bank Deposit", False),
    ("cod", "Cash on Delivery", False),
    ("cheque", "Check", False),
    ("moneyorder", "Money Order", False),
    ("instore", "Pay in Store", False),
    ("testgateway", "Test Payment Gateway", True),
)
"""From A to Z by name (rule 18)."""

TABLE = stored("payment_methods", PaymentMethod, noun="payment method", columns="")
ALL = Fixed(
    TABLE,
    lambda: [
        PaymentMethod(id=number, code=code, name=name, test_mode=test)
        for number, (code, name, test) in enumerate(METHODS, start=1)
    ],
)
v2 = V2Shape(PaymentMethod, "payment_methods", "payment_method", "code! name! test_mode!")
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_information", "payments/methods", v2=v2)

routes = (route("payments/methods", 2, v2, GET=ListFixed(V2, ALL)),)

RESOURCE = Resource(routes=routes)
