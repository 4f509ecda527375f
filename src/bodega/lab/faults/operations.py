"""The operations that a rule may name: a method and a path, as docs/routes.md has them."""

from __future__ import annotations

from collections.abc import Iterable

from bodega.kit.route import Route


def operation(method: str, route: Route) -> str:
    """`GET /v3/catalog/products/{id}`."""
    return f"{method} /v{route.version}/{route.template.replace(':text}', '}')}"


def operations(routes: Iterable[Route]) -> list[str]:
    """Every operation that is served."""
    return [operation(method, route) for route in routes for method in (*route.actions, "OPTIONS")]
