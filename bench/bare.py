"""The yardstick: an ASGI application that does nothing but answer constant bytes, on the server Bodega stands on.

The path of a request says what to answer: `/200/1500` is status 200 with 1,500 bytes. A body is read to its end first.
The query is ignored: it carries what the measured server finds in its path, so that both parse as many bytes.
"""

import argparse
from functools import partial
from typing import Any

import uvicorn

# The one switch: what reads HTTP/1.1 for the yardstick. "bodega" is the protocol Bodega itself is served by, so that a
# ratio is the price of the application alone; with "httptools", uvicorn's own, it is the price of the protocol too.
PROTOCOL = "bodega"
PROTOCOLS = ("bodega", "httptools")

CHUNK = b"x" * 1024
replies: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}


def reply(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two ASGI messages that answer `path`."""
    _, status, size = path.split("/")
    body = (CHUNK * (int(size) // len(CHUNK) + 1))[: int(size)]
    headers = [(b"content-type", b"application/json"), (b"content-length", size.encode())]
    start = {"type": "http.response.start", "status": int(status), "headers": headers}
    return start, {"type": "http.response.body", "body": body}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request. The types are ASGI's own: plain mappings and callables."""
    if scope["method"] in ("POST", "PUT"):
        while (await receive()).get("more_body"):
            pass
    path = scope["path"]
    messages = replies.get(path)
    if messages is None:
        messages = replies[path] = reply(path)
    await send(messages[0])
    await send(messages[1])


def protocol(name: str) -> Any:
    """What uvicorn calls to make a connection's protocol, by its name in `PROTOCOLS`."""
    if name == "httptools":
        return name
    from bodega.server.limits import Limits
    from bodega.server.protocol import Protocol

    return partial(Protocol, limits=Limits())


def main() -> None:
    """Serve on 127.0.0.1 until stopped."""
    parser = argparse.ArgumentParser(description="Answer constant bytes.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--protocol", choices=PROTOCOLS, default=PROTOCOL)
    chosen = parser.parse_args()
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=chosen.port,
        loop="uvloop",
        http=protocol(chosen.protocol),
        lifespan="off",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
