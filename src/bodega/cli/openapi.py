"""`bodega openapi`: the served API as an OpenAPI 3.1 document."""

from __future__ import annotations

import click


@click.command("openapi")
@click.argument("name", metavar="v2|v3|storefront", type=click.Choice(["v2", "v3", "storefront"]))
@click.option("--indent", is_flag=True, help="With line breaks, for people.")
def command(name: str, indent: bool) -> None:
    """Print what is served as an OpenAPI 3.1 document: bodega openapi v3 > v3.json.

    A running server has the same at /docs/openapi/v3.json, and a page for each operation at /docs/api.
    """
    import json

    from bodega.openapi.pages import document_named, written

    click.echo(json.dumps(document_named(name), indent=2, ensure_ascii=False) if indent else written(name).decode())
