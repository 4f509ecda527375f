"""The aggregates of customers and their groups, with rules from several files, in this order."""

from __future__ import annotations

from bodega.kit.events import events, fires
from bodega.kit.resource import Resource
from bodega.kit.write import unchanging
from bodega.resources.customers import access, customer, customers, groups, settings
from bodega.storage.aggregate import Aggregate

_GROUP = Aggregate(
    groups.TABLE,
    before_write=(groups.check_group_references, groups.keep_one_default_group),
    before_delete=(groups.unassign_members, settings.unset_deleted_group),
)

_CUSTOMER = Aggregate(
    customer.TABLE,
    before_validate=(
        settings.assign_channel_and_group,
        unchanging("origin_channel_id", rule=102),
        customers.accept_store_credit,
    ),
    before_write=(customers.check_channels, customers.show_dates_with_z, customers.store_only_hashes),
    extra_statements=(settings.sign_in_everywhere,),
    conflicts=(settings.be_the_only_one_there,),
    after_write=(settings.sign_in_at_its_channels, access.end_what_was_begun),
    signals=(
        *events("store/customer", fields=customer.UPDATING),
        fires("store/customer/channel/login/access/updated", customer.access_changed),
    ),
)

GROUPS = Resource(aggregates=(_GROUP,), routes=groups.routes)
CUSTOMERS = Resource(aggregates=(_CUSTOMER,), routes=customers.routes)
