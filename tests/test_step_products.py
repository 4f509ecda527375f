"""What the steps of the law hand on (docs/decisions/0025-step-products.md): nobody writes into what they were given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import bodega
from bodega.http.products import Preconditions, RoutedRequest
from bodega.http.request import Request
from bodega.http.steps.table import LAW
from bodega.kit.context import Context, Found, Write

SOURCE = Path(bodega.__file__).parent
PRODUCTS = (Request, RoutedRequest, Preconditions, Context, Found, Write)
GIVEN = frozenset({"request", "context", "found", "write", "routed", "before", "caller", "match"})
"""What functions call the products that they are given."""


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.__name__)
def test_a_product_cannot_be_changed(product: type[msgspec.Struct]) -> None:
    assert product.__struct_config__.frozen


def test_the_steps_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        LAW.perform = LAW.perform  # type: ignore[misc]


@pytest.mark.parametrize("folder", ["http", "kit", "journal", "resources"])
def test_nobody_writes_into_what_they_were_given(folder: str) -> None:
    assert [write for path in sorted((SOURCE / folder).rglob("*.py")) for write in writes(path.read_text())] == []


@pytest.mark.parametrize(
    "line",
    [
        "request.store = 1",
        "context.found.row = 1",
        "context.preparation += 1",
        "a, context.found = 1, 2",
        "del found.row",
        "write.draft: int = 1",
        "setattr(context, 'found', 1)",
    ],
)
def test_a_write_is_seen(line: str) -> None:
    names = "request, context, found, write"
    assert len(list(writes(f"async def step({names}):\n    {line}\n"))) == 1


def writes(source: str) -> Iterator[tuple[int, str]]:
    """Assignments to attributes of a function's products: line and target."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        given = {argument.arg for argument in arguments if is_product(argument)}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and root(node) in given
            ) or (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("setattr", "delattr")
                and root(node.args[0]) in given
            ):
                yield node.lineno, ast.unparse(node)


def is_product(argument: ast.arg) -> bool:
    """By its name, or by what it is declared to be."""
    declared = ast.unparse(argument.annotation) if argument.annotation is not None else ""
    return argument.arg in GIVEN or declared in {product.__name__ for product in PRODUCTS}


def root(node: ast.expr) -> str:
    """`context` of `context.found.row`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
