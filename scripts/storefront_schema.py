"""Derives the names, types and nullability of the storefront's schema from the published one: no text is taken over.

    python scripts/storefront_schema.py PUBLISHED.graphql [NEWER.graphql ...] > .../storefront/graphql/schema.graphql

The files named later extend the first. Descriptions and reasons of deprecation are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from graphql import (
    Visitor,
    build_ast_schema,
    extend_schema,
    parse,
    print_schema,
    visit,
)
from graphql.language import DirectiveNode, Node


class _NamesOnly(Visitor):
    def enter(self, node: Node, *_: Any) -> Any:
        """Drops descriptions, and what directives say."""
        if getattr(node, "description", None) is not None:
            node.description = None  # type: ignore[attr-defined]
        if isinstance(node, DirectiveNode):
            node.arguments = ()
        return None


def main(files: list[str]) -> None:
    """Prints the schema."""
    documents = [visit(parse(Path(file).read_text()), _NamesOnly()) for file in files]
    schema = build_ast_schema(documents[0])
    for document in documents[1:]:
        schema = extend_schema(schema, document)
    print(print_schema(schema))


if __name__ == "__main__":
    main(sys.argv[1:])
