"""Which members of an entity a function reads: a column of a value that follows from two members is looked at only when
one of them changes.

This is read from the function's own code. It errs on the safe side: None for one that does with its entity anything but
read members by name, such as hand it on.
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from operator import attrgetter
from types import FunctionType
from typing import Any

_READS = ("LOAD_ATTR", "LOAD_METHOD")


def members_read(function: Callable[[Any], Any], entity: type[Any]) -> frozenset[str] | None:
    """The fields that a function of one entity reads, its properties included; None if that cannot be told."""
    inner = getattr(function, "value", function)  # a column's value in one normal form
    if isinstance(inner, attrgetter):
        return _fields([name.partition(".")[0] for name in inner.__reduce__()[1]], entity)
    if not isinstance(inner, FunctionType) or inner.__code__.co_argcount != 1 or inner.__code__.co_cellvars:
        return None
    own = inner.__code__.co_varnames[0]
    names: list[str] = []
    steps = list(dis.get_instructions(inner.__code__))
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        touched = step.argval == own or (isinstance(step.argval, tuple) and own in step.argval)
        if not touched or step.opname in ("LOAD_CONST", "LOAD_GLOBAL", *_READS):
            continue
        if not step.opname.startswith("LOAD_FAST") or following is None or following.opname not in _READS:
            return None
        names.append(following.argval)
    return _fields(names, entity)


def _fields(names: list[str], entity: type[Any]) -> frozenset[str] | None:
    found: set[str] = set()
    for name in names:
        made = getattr(entity, name, None)
        if name in entity.__struct_fields__:
            found.add(name)
        elif isinstance(made, property) and made.fget is not None and (inner := members_read(made.fget, entity)):
            found |= inner
        else:
            return None
    return frozenset(found)
