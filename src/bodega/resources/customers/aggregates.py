"""The aggregates of customers and their groups, with rules from several files, in this order."""

from __future__ import annotations

from bodega.kit.events import events, fires
from bodega.kit.resource import Resource
from bodega.kit.write import unchanging
from bodega.resources.customers import customer, customers, groups, settings
from bodega.storage.aggregate import Aggregate

_GROUP = Aggregate(
    groups.TABLE,
    before_write=(groups.name_what_is_there, groups.be_the_only_one),
    before_delete=(groups.unassign_members, settings.forget_the_group),
)

_CUSTOMER = Aggregate(
    customer.TABLE,
    before_validate=(
        settings.settle_at_a_channel,
        unchanging("origin_channel_id", rule=102),
        customers.take_the_credit,
    ),
    before_write=(customers.know_the_channels, customers.tell_dates_with_a_z, customers.hold_no_password),
    signals=(
        *events("store/customer", fields=customer.UPDATING),
        fires("store/customer/channel/login/access/updated", customer.access_changed),
    ),
)

GROUPS = Resource(aggregates=(_GROUP,), routes=groups.routes)
CUSTOMERS = Resource(aggregates=(_CUSTOMER,), routes=customers.routes)
