"""Codes by the batch, for promotions whose coupon type is BULK (rule 115)."""

from __future__ import annotations

import secrets
import string
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from bodega.kit.actions import Action
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found, Write
from bodega.kit.entity import Entity
from bodega.kit.fields import moment
from bodega.kit.render import json
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.marketing import coupons
from bodega.resources.marketing.coupons import AppliesTo, Coupon
from bodega.resources.marketing.promotions import promotion
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

LONGEST = 50
"""Characters of a code with its prefix and suffix."""

LETTERS = string.ascii_uppercase + string.digits
Uses = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Affix = Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[A-Z0-9_-]*$")]


class CodeBatch(Entity, kw_only=True):
    """How many codes to make, and of what form; a limit of 0 uses is none."""

    batch_size: Annotated[int, msgspec.Meta(ge=1, le=250)]
    max_uses: Uses = 1
    max_uses_per_customer: Uses = 1
    prefix: Affix = ""
    suffix: Affix = ""
    delimiter: Annotated[str, msgspec.Meta(max_length=1, pattern=r"^[_-]?$")] = ""
    exclude_characters: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=1, pattern=r"^[A-Z0-9]$")]], AtMost(36)
    ] = []
    code_length: Annotated[int, msgspec.Meta(ge=6, le=16)] = 16


BATCH = V3Shape(CodeBatch, required="batch_size")


class GenerateCodes(Action):
    """POST: makes random codes, none of which was there before."""

    writes = True
    body = True
    shape = BATCH

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    def read(self, content: Any) -> Any:
        draft = self.shape.read(content, creating=True)
        batch = CodeBatch(**draft)
        longest = len(batch.prefix) + len(batch.suffix) + batch.code_length
        longest += len(batch.delimiter) * (bool(batch.prefix) + bool(batch.suffix))
        faults = []
        if longest > LONGEST:
            faults.append(invalid("code_length", f"must make codes of at most {LONGEST} characters, not {longest}"))
        if len(_letters(batch)) ** batch.code_length < 1_000 * batch.batch_size:
            faults.append(invalid("exclude_characters", "must leave enough characters for codes to differ"))
        if faults:
            raise refuse_faults(faults)
        return draft

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        row = await unit.get(promotion.TABLE, write.found.parent)
        if row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        of: promotion.Promotion = row.entity
        if of.coupon_type != "BULK":
            raise Refusal(Reason.CODES_NOT_GENERATED, headers=[(b"allow", b"OPTIONS")])
        batch = CodeBatch(**write.draft)
        made = await _fresh(unit, batch)
        for code in made:
            await unit.insert(coupons.TABLE, _coupon(of, batch, code, unit.now))
        shown = {
            "created": moment(unit.now),
            "max_uses": batch.max_uses,
            "max_uses_per_customer": batch.max_uses_per_customer,
            "batch_size": len(made),
            "codes": [{"code": code} for code in made],
        }
        return Created(ready=json({"data": shown, "meta": {}}))


def _coupon(of: promotion.Promotion, batch: CodeBatch, code: str, now: int) -> Coupon:
    return Coupon(
        name=of.name[:100],
        type="promotion",
        amount=Decimal(0),
        code=code,
        applies_to=AppliesTo(entity="categories", ids=[0]),
        max_uses=batch.max_uses,
        max_uses_per_customer=batch.max_uses_per_customer,
        promotion_id=of.id,
        is_bulk=True,
        date_created=moment(now),
    )


def _letters(batch: CodeBatch) -> str:
    return "".join(letter for letter in LETTERS if letter not in batch.exclude_characters)


async def _fresh(unit: Unit, batch: CodeBatch) -> list[str]:
    """Codes that differ from each other and from all that there are."""
    letters, made = _letters(batch), dict[str, None]()
    while len(made) < batch.batch_size:
        drawn = {_code(batch, letters) for _ in range(batch.batch_size - len(made))} - made.keys()
        keys = sorted(map(caseless, drawn))
        sql = f"SELECT code_key FROM coupons WHERE code_key IN ({numbered_placeholders(len(keys))})"
        taken = set(await query.values(unit.tx, sql, *keys)) if keys else set()
        made |= dict.fromkeys(code for code in drawn if caseless(code) not in taken)
    return list(made)


def _code(batch: CodeBatch, letters: str) -> str:
    middle = "".join(secrets.choice(letters) for _ in range(batch.code_length))
    parts = [part for part in (batch.prefix, middle, batch.suffix) if part]
    return batch.delimiter.join(parts)
