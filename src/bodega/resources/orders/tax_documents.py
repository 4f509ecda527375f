"""The tax documents of orders: what a tax provider was told of each, and what it has still to be told.

A rule of orders decides, in the transaction of whatever changed the order; `bodega.providers.submitter` tells the
provider afterwards, and again after a pause where that failed. The provider learns of an order once it is paid
(`commit`), when it changes or is refunded in part (`adjust`), and when it is cancelled or refunded (`void`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from msgspec.structs import replace

from bodega.access.providers import TAX, provider_of, registered
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Money
from bodega.kit.resource import Resource
from bodega.resources.orders import order, tax_requests
from bodega.resources.orders.order import Order
from bodega.resources.orders.payments import PAID
from bodega.resources.providers import tax_messages
from bodega.resources.providers.connections import connection_to
from bodega.resources.tax.settings import tax_settings
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.outside import Answer, Ask
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

ON_CREATION = "ON_ORDER_CREATION"
INCOMPLETE, REFUNDED, CANCELLED, DECLINED, PARTIALLY_REFUNDED = 0, 4, 5, 6, 14
ENDED = frozenset({INCOMPLETE, REFUNDED, CANCELLED, DECLINED})
AT_ONCE = 10
LEASE_SECONDS = 120
"""How long a call may be under way before another process takes it over."""

PAUSES = (60, 300, 900, 3_600, 14_400, 43_200)
"""Seconds before a provider that failed is told again; after the last one it is told no more."""

Step = Literal["", "commit", "adjust", "void"]
ADJUSTED = "The order was changed or refunded in part."


class TaxDocument(Entity, kw_only=True):
    """One for each order of a provider. `quote_id` is its name there, `total` and `refunded` what it was told last.
    `sending`: a call is under way. `said` is why the last one failed. `due` is when the next one is, in UTC seconds by
    the store's clock; 0: there is none."""

    order_id: Id
    provider_id: Line
    state: Literal["none", "committed", "voided"] = "none"
    wanted: Step = ""
    quote_id: str = ""
    total: Money = Decimal(0)
    refunded: Money = Decimal(0)
    sending: bool = False
    due: int = 0
    tries: int = 0
    said: str = ""


TABLE = stored(
    "tax_documents",
    TaxDocument,
    noun="tax document",
    columns="order_id",
    computed={"due": ("BIGINT", lambda document: document.due)},
    indexed="due",
    uniques=[Unique(("order_id",), "order_id", "The order has a tax document.")],
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)


class Submission(NamedTuple):
    """A call to be made, of a document as it was claimed."""

    document: TaxDocument
    ask: Ask
    total: Decimal
    refunded: Decimal


def is_owed(one: Order, strategy: str) -> bool:
    """Whether the provider has to know of an order: it is paid, or placed where the store submits that early."""
    if one.status_id in ENDED or (one.total_inc_tax and one.refunded >= one.total_inc_tax):
        return False
    if strategy == ON_CREATION:
        return True
    return one.status_id in PAID or one.status_id == PARTIALLY_REFUNDED


def next_step(document: TaxDocument, one: Order, strategy: str) -> Step:
    """What the provider has to be told."""
    if not is_owed(one, strategy):
        return "void" if document.state == "committed" else ""
    if document.state != "committed":
        return "commit"
    return "adjust" if (document.total, document.refunded) != (one.total_inc_tax, one.refunded) else ""


async def strategy_of(unit: Unit) -> str:
    """When the store submits orders."""
    return (await tax_settings(unit.tx, operator=unit.terms.settings)).document_submission_strategy


async def plan_submission(unit: Unit, _old: Order | None, new: Order) -> None:
    """An order whose tax a registered provider computed is submitted to it, as its status says."""
    if not new.tax_provider_id or not registered(unit.terms.settings, TAX):
        return
    row = await query.one(unit.tx, TABLE, "order_id = $1", new.id)
    if row is None:
        if provider_of(unit.terms.settings, TAX, new.tax_provider_id) is None:
            return
        document = TaxDocument(order_id=new.id, provider_id=new.tax_provider_id)
    else:
        document = row.entity
    if document.sending:
        return  # whoever records its result looks again
    wanted = next_step(document, new, await strategy_of(unit))
    if wanted == document.wanted:
        return
    changed = replace(document, wanted=wanted, due=unit.now if wanted else 0, tries=0)
    if row is None:
        await unit.insert(TABLE, changed)
    else:
        await unit.update(TABLE, row, changed)


DUE = "SELECT 1 FROM tax_documents WHERE due > 0 AND due <= $1 LIMIT 1"


async def claim(unit: Unit) -> Sequence[Submission]:
    """The calls that are due, which nobody else makes for a while."""
    claimed = []
    for row in await unit.where(TABLE, "due > 0 AND due <= $1", unit.now, order=f"due, id LIMIT {AT_ONCE}"):
        document: TaxDocument = row.entity
        made = await _submission(unit, document)
        if made is None:
            said = "There is no connection to the provider."
            await unit.update(TABLE, row, replace(document, sending=False, due=0, said=said))
            continue
        await unit.update(TABLE, row, replace(document, sending=True, due=unit.now + LEASE_SECONDS))
        claimed.append(made)
    return claimed


async def _submission(unit: Unit, document: TaxDocument) -> Submission | None:
    provider = provider_of(unit.terms.settings, TAX, document.provider_id)
    connection = await connection_to(unit.tx, document.provider_id)
    row = await unit.get(order.TABLE, document.order_id)
    if provider is None or connection is None or not connection.configured or row is None or not document.wanted:
        return None
    one: Order = row.entity
    name = tax_requests.query_of(document.quote_id or str(one.id))
    if document.wanted == "void":
        asked = tax_messages.ask(provider, connection, "void", None, query=name)
        return Submission(document, asked, one.total_inc_tax, one.refunded)
    content, requested = await tax_requests.request(unit, one)
    if document.wanted == "adjust":
        content["adjust_description"] = ADJUSTED
        asked = tax_messages.ask(provider, connection, "adjust", content, requested, query=name)
    else:
        asked = tax_messages.ask(provider, connection, "commit", content, requested)
    return Submission(document, asked, one.total_inc_tax, one.refunded)


async def record(unit: Unit, made: Submission, answer: Answer) -> None:
    """Keeps what came of a call, and plans the next one: the order may have changed meanwhile."""
    row = await unit.get(TABLE, made.document.id)
    order_row = await unit.get(order.TABLE, made.document.order_id)
    if row is None or order_row is None:
        return
    document: TaxDocument = replace(row.entity, sending=False)
    step = made.document.wanted
    failed = answer.status != 200 or bool(answer.why)
    if not failed:
        document.state = "voided" if step == "void" else "committed"
        document.total, document.refunded = made.total, made.refunded
        document.tries, document.said = 0, ""
        if step != "void" and answer.body is not None:
            document.quote_id = tax_messages.read_quote(answer.body).id[:255]
    document.wanted = next_step(document, order_row.entity, await strategy_of(unit))
    document.due = unit.now if document.wanted else 0
    if failed:
        document.tries, document.said = document.tries + 1, f"The provider {answer.why}."[:1_000]
        if document.wanted:
            tries = document.tries
            document.due = unit.now + PAUSES[tries - 1] if tries <= len(PAUSES) else 0
    await unit.update(TABLE, row, document)


RESOURCE = Resource(aggregates=(Aggregate(TABLE),))
