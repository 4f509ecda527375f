"""The schema: names, types and nullability as published, from the file beside this one."""

from __future__ import annotations

import functools
import threading
from importlib.resources import files

from graphql import GraphQLSchema, build_schema

_building = threading.Lock()


def schema() -> GraphQLSchema:
    """The schema, built when the first query arrives (about 0.2 s): one for all threads."""
    with _building:
        return _schema()


@functools.cache
def _schema() -> GraphQLSchema:
    text = files("bodega.storefront.graphql").joinpath("schema.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True)
