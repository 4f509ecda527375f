"""The picture worker: a process that decodes one picture after the other, until its server hangs up.

`python -m bodega.imaging.child BUDGET` speaks over its standard input, a socket; BUDGET is in bytes. It holds nothing
that would be lost with it.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from io import BufferedRWPair
from typing import Any

from bodega.imaging.develop import develop
from bodega.imaging.messages import LENGTH, Developed, Order, framed, read_order
from bodega.memory import resident


def confine(budget: int) -> int:
    """Keeps this process within its budget; returns what of it is left for a picture.

    Linux limits address space, of which a good deal is never used: only what comes on top from now on is memory.
    """
    taken, mapped = resident()
    if sys.platform == "linux" and mapped:
        import resource

        limit = budget - taken + mapped
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return budget - taken


def answer(content: bytes, order: Order, left: int) -> Developed:
    """What is made of a picture, or why it is refused."""
    try:
        return develop(content, order.sizes, left - len(content), as_webp=order.as_webp)
    except MemoryError:
        return Developed(refused=f"takes more than the {left >> 20} MB of memory that this server gives a picture")
    except ValueError as error:
        return Developed(refused=str(error))


def work(stream: BufferedRWPair[Any, Any], left: int) -> None:
    """Answers until the server hangs up."""
    while len(length := stream.read(LENGTH)) == LENGTH:
        order = read_order(stream.read(int.from_bytes(length, "big")))
        content = stream.read(order.length)
        if len(content) < order.length:
            return
        stream.write(framed(answer(content, order, left)))
        stream.flush()


def main() -> None:
    """The process."""
    from PIL import (  # noqa: F401  # what is needed later is loaded before memory is confined
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        WebPImagePlugin,
        XbmImagePlugin,
    )

    left = confine(int(sys.argv[1]))
    connection = socket.socket(fileno=sys.stdin.fileno())
    with suppress(ConnectionError):  # the server is gone, or has no use for the answer any more
        work(connection.makefile("rwb"), left)


if __name__ == "__main__":
    main()
