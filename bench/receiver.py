"""A receiver of events that only counts them: `GET /` answers how many it took."""

import argparse
import asyncio
import http.client
import time

import uvloop

from bench.request import HOST

PATIENCE = 300.0  # seconds for events to arrive
ACCEPTED = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection. A request is read to the length that its head names; one of `fail_every` is answered with 500."""

    asked = 0
    count = 0
    fail_every = 0

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            place = head.find(b"content-length:")
            length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            self.answer(counted=head.startswith(b"post"))

    def answer(self, *, counted: bool) -> None:
        if counted:
            Receiver.asked += 1
            if Receiver.fail_every and Receiver.asked % Receiver.fail_every == 0:
                self.transport.write(FAILED)  # type: ignore[attr-defined]
                return
            Receiver.count += 1
            self.transport.write(ACCEPTED)  # type: ignore[attr-defined]
        else:
            text = str(Receiver.count).encode()
            self.transport.write(  # type: ignore[attr-defined]
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(text), text)
            )


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, HOST, port)
    await server.serve_forever()


def wait_for(port: int, count: int) -> int:
    """How many events the receiver on `port` had taken when it had `count`."""
    deadline = time.monotonic() + PATIENCE
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    while True:
        connection.request("GET", "/")
        arrived = int(connection.getresponse().read())
        if arrived >= count:
            connection.close()
            return arrived
        if time.monotonic() > deadline:
            raise SystemExit(f"Only {arrived} of {count} events arrived.")
        time.sleep(0.002)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fail-every", type=int, default=0, metavar="N", help="answer one event of N with 500")
    chosen = parser.parse_args()
    Receiver.fail_every = chosen.fail_every
    uvloop.run(serve(chosen.port))
