"""How a task is cut: into parts that one transaction each carries out."""

from __future__ import annotations

from typing import NamedTuple

TASK_ABOVE = 250
"""A V2 delete of a whole collection with more rows than this becomes a task."""

CHUNK = 250
"""Rows that a task deletes in one transaction."""


class Chunk(NamedTuple):
    """How many rows one transaction of a task processed, and whether there may be more."""

    done: int
    more: bool
