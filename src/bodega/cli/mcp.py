"""`bodega mcp`: the lab of a running server, for programs that speak the Model Context Protocol."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit

import click

from bodega.cli.place import Failed


def _url(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Raises BadParameter."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{value} is no http or https URL.")
    return value.rstrip("/")


@click.command("mcp")
@click.option(
    "--url",
    callback=_url,
    default="http://127.0.0.1:8080",
    envvar="BODEGA_URL",
    show_default=True,
    metavar="URL",
    help="The server, which has its lab on; BODEGA_URL.",
)
@click.option("--key", envvar="BODEGA_LAB_KEY", metavar="KEY", help="Its --lab-key, if it has one; BODEGA_LAB_KEY.")
def command(url: str, key: str | None) -> None:
    """Speak MCP on standard input and output: make stores, read the journal, explain refusals, list operations.

    Needs pip install '.[mcp]' in a checkout of Bodega, and a server with its lab on: bodega dev, or bodega serve --lab
    --insecure-http.
    """
    if find_spec("mcp") is None:
        raise Failed(
            "The Model Context Protocol is an extra of Bodega: install it from a checkout with pip install '.[mcp]',"
            " or from a wheel that make dist built with pip install 'FILE.whl[mcp]'."
        )
    from bodega.cli.mcp_tools import server

    server(url, key or None).run("stdio")
