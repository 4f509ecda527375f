"""Our own documents, one operation at a time: what `bodega openapi` prints, held against the server that serves it."""

from __future__ import annotations

from collections.abc import Iterator

from bodega.openapi.document import document_of
from conformance.specification import METHODS, Operation

VERSIONS = (2, 3)


def served_here() -> list[Operation]:
    """Every operation of the documents of V2 and V3, reads before writes, deletes from the leaves up."""
    found = [operation for version in VERSIONS for operation in _of(version)]
    return sorted(found, key=lambda operation: (operation.file, operation.last))


def _of(version: int) -> Iterator[Operation]:
    document = document_of(version)
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and "x-parity" in item[method]:  # what moved has none
                yield Operation(f"bodega-v{version}", version, method.upper(), path, document)
