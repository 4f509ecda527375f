"""What a change of a customer does to those who are signed in: whoever knows an old password is out at once."""

from __future__ import annotations

from bodega.resources.customers.customer import Customer
from bodega.resources.tokens import password_resets, sessions
from bodega.storage.unit import Unit


async def end_what_was_begun(unit: Unit, old: Customer | None, new: Customer) -> None:
    """Another password, or that one must be chosen, ends all sessions and the links that were sent for it; other
    channels end the sessions on those that are left."""
    if old is None:
        return
    must = new.authentication.force_password_reset and not old.authentication.force_password_reset
    if must or old.password != new.password:
        await sessions.end_all(unit, new.id)
    elif new.channel_ids is not None and old.channel_ids != new.channel_ids:
        await sessions.end_all(unit, new.id, new.channel_ids)
    if old.password != new.password or old.email != new.email:
        await password_resets.forget(unit, new.id)
