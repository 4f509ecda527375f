"""Asks every served operation of a store with a row of everything, those of shoppers in the flows of their tests, and
keeps what the OpenAPI documents take from it.

That is an example of each body and reply, what replies look like that no declaration tells, and the differences from
the published descriptions that tests know (from `../shared`, which has to be there).

    PYTHONPATH=tests .venv/bin/python scripts/openapi_exchanges.py

It writes `src/bodega/openapi/exchanges.jsonl` and `differences.tsv`; `tests/test_openapi.py` says when they are stale.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from bodega.storage.opening import open_backend
from exchanges import Exchanges
from kept_exchanges import DIFFERENCES, EXCHANGES, differences, lines
from replies.shipping_v3 import PROVIDERS
from shop import Server
from shopping import shopped


def main() -> int:
    """Writes both files."""
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as place:
        server = Server(runner, runner.run(open_backend(Path(place), None)))
        found = Exchanges(server.shop(**PROVIDERS))
        of_shoppers = shopped(server)
        runner.run(server.app.stop())
    for unsent in found.unsent:
        print(unsent, file=sys.stderr)
    EXCHANGES.write_text("".join(lines([*found.all, *of_shoppers])), encoding="utf-8")
    DIFFERENCES.write_text(differences(), encoding="utf-8")
    print(f"{len(found.all)} exchanges, and {len(of_shoppers)} of shoppers.")
    return int(bool(found.unsent))


if __name__ == "__main__":
    sys.exit(main())
