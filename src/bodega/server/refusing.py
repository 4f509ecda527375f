"""The server's own refusals: sent after the replies that a connection may still owe."""

from functools import partial

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bodega.server.closing import Closing
from bodega.server.connection import Connection
from bodega.server.limits import ProtocolRefusal, version_of


class Refusing:
    """How the request that is open is refused; the connection ends with it."""

    def __init__(self, connection: Connection, closing: Closing) -> None:
        self._connection = connection
        self._closing = closing

    def refuse(self, reason: ProtocolRefusal) -> None:
        """Refuse the open request, after the replies to those before it, and close."""
        connection = self._connection
        connection.deaf = True
        connection.timer.clear()
        cycle = connection.cycle
        if cycle is None or (cycle.response_complete and cycle.scope is not connection.scope):
            self._answer(reason)
        elif cycle.response_complete:
            connection.transport.close()  # the fault is in the rest of a request that was already answered
        elif cycle.scope is not connection.scope or not cycle.more_body:
            cycle.on_response = partial(self._answer_last, reason)
        elif connection.pipeline:
            connection.pipeline[0] = (cycle, partial(self._answer_instead, reason))
        elif cycle.response_started:
            _hang_up(cycle)
            connection.transport.close()
        else:
            _hang_up(cycle)
            self._answer(reason)

    def _answer(self, reason: ProtocolRefusal) -> None:
        connection = self._connection
        if not connection.transport.is_closing():
            headers, version = connection.server_state.default_headers, version_of(connection.url)
            connection.transport.write(reason.reply(headers, version=version, with_body=not self._is_head()))
            self._closing.linger()

    def _is_head(self) -> bool:
        """Whether the request that is open is one for a head. Its method is known when its target begins."""
        connection = self._connection
        told: str = connection.scope["method"] if connection.scope is not None else ""
        return told == "HEAD" or (not told and connection.url != b"" and connection.parser.get_method() == b"HEAD")

    def _answer_last(self, reason: ProtocolRefusal) -> None:
        """The last request before the refused one was answered."""
        self._connection.on_response_complete()
        self._connection._unset_keepalive_if_required()
        self._answer(reason)

    async def _answer_instead(self, reason: ProtocolRefusal, *_: object) -> None:
        """Answers in place of the application, for a request that was refused while it waited for its turn."""
        _hang_up(self._connection.cycle)
        self._answer(reason)


def _hang_up(cycle: RequestResponseCycle) -> None:
    """Tell the application that its client is gone; nothing that it still sends goes out."""
    cycle.disconnected = True
    cycle.message_event.set()
