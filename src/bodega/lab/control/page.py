"""The page of the docs about the lab's HTTP API: what it is for, and every operation with what it takes."""

from __future__ import annotations

from typing import Any

import msgspec

from bodega.lab.control.openapi import BASE
from bodega.lab.control.operation import Bound, bind
from bodega.lab.control.table import OPERATIONS

INTRODUCTION = f"""# The lab

What a real store cannot give its developers: a store for each test in milliseconds, a clock that can be moved,
states to go back to, faults, and a journal that can be asked. All of it is HTTP with JSON below `{BASE}/`, from
any language; `{BASE}/openapi.json` describes it (OpenAPI 3.1). It is on with `bodega dev` and with `bodega
serve --lab`. How to use it in tests: [testing.md](testing.md).

## Who may use it

Without a key, whoever is on this machine: the peer and the Host must be its own, and nothing may have been
forwarded. With `--lab-key KEY` everybody who sends it, as `Authorization: Bearer KEY` or `Bodega-Lab-Key: KEY`.
A page in a browser may use it only if it comes from the server itself.

People have the same in the [panel](panel.md): the pages of its section Lab ask for a role in the store, and for no key.

What is wrong with a request is said of every member at once, and an unknown member with the nearest name:

```
{{"status": 422, "title": "The request is not valid.", "type": "unprocessable-entity",
 "errors": {{"plam": "There is no such member. Did you mean plan?"}}}}
```

## Forks

`POST {BASE}/stores/template/fork` with `{{"hash": "mine"}}` makes the store `mine` of the store `template`: the
same rows with the same ids, the same pictures, plan, settings and clock. Its account `app` has the client id
`mine-client` and the token `mine-token`, so a test knows them before it asks; `token` or `accounts` give
others. Where the lab has a key, the token is the hexadecimal HMAC-SHA256 of `token mine` under it: nobody
guesses it. The template may be served and written to meanwhile; a fork of a snapshot is made with `snapshot`.

What belonged to an account of the template belongs to the fork's account of the same name, else to its first:
webhooks, and metafields that only their owner sees. Deliveries that wait are sent by the template alone. On
SQLite a fork shares the blocks of the template's file where the file system can do that (btrfs, XFS), and is a
copy of it elsewhere; on PostgreSQL the rows are copied within the server.

## What differs

`GET {BASE}/stores/mine/diff?from=before` lists what was created, updated and deleted since the snapshot
`before`, as V3 shows it, with the old and the new value of each member; `to` names another snapshot. `limit`
bounds the changes of each resource; `resource` and `after` read on. `.../diff/lines` streams all of them.

`.../diff?origin=template` lists what is different in the fork `mine` from the store `template` as it is now, or with
`from` as it was in that snapshot of `template`. Both stores give the same versions to their rows, so there every
document is compared, not only those that were written. The command is `bodega store diff mine --origin template`.

## Undo

`POST {BASE}/stores/mine/journal/ID/undo` takes back what one request changed; ID is the `X-Request-Id` of its reply.
The rows, and all that belongs to them, are as they were before. It is refused with 409 if one of them was changed
since, with the row and the request that did it. Requests can be undone one after another, the last one first.

## The clock

A store's clock is its own. Whatever it shows is the date of every reply, its `Date` included, and of all that
happens in the store. `PUT .../clock` freezes it, at `now` or at the present time. `POST .../clock/advance` with
`{{"by": "48h"}}` goes on from one moment at which something is due to the next, and is answered when all of it
has run: deliveries and each of their retries, tasks, pre-orders, whatever expires. `bodega store clock
--advance` does the same by a server that runs.

Three things keep the machine's time: the server's log and journal, the gateway's `/time`, and
`webhook-timestamp`, which receivers compare with their own clocks.

## Operations

A path is below `{BASE}`; what is in *italics* must be given.
"""

LIMITS = """
## Limits

- The lab's HTTP API has no accounts: whoever may use it may delete every store of the server. It is for development.
- Work that a page of the panel began is known to the process that does it, and ends with it.
- Snapshots and forks are copies: as quick as copying the rows, unless the file system can share blocks. Snapshots do
  not outlive the place of their store, and on PostgreSQL not an upgrade of the schema.
- Undo needs what a server with a lab kept of the request. It takes back rows; a webhook that was sent stays sent.
- Advancing the clock runs what is due in the store, at any distance; what the machine's time governs is named above.
"""


def page() -> str:
    """The page, in Markdown."""
    lines = ["| operation | takes | does |", "| --- | --- | --- |"]
    for each in bind(OPERATIONS):
        lines.append(f"| `{each.method} {each.path}` | {_takes(each)} | {each.summary.replace('|', '/')} |")
    return INTRODUCTION + "\n" + "\n".join(lines) + "\n" + LIMITS


def _takes(each: Bound) -> str:
    fields: list[Any] = [
        field for kind in (each.body, each.query) if kind is not None for field in msgspec.structs.fields(kind)
    ]
    return ", ".join(f"*{field.encode_name}*" if field.required else field.encode_name for field in fields)
