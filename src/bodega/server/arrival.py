"""A message that comes in parts: the caps and deadlines of its head and body. One that arrives whole costs no timer."""

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bodega.server.closing import Closing, LingeringTransport
from bodega.server.connection import Connection
from bodega.server.head import content_length
from bodega.server.limits import ProtocolRefusal
from bodega.server.refusing import Refusing

DRAIN_BYTES = 64 * 1024  # a rest of a body this small is read to its end so that the connection can be used again


class Arrival:
    """What has come of the open message: of its head first, then of its body, once that takes more than one read."""

    def __init__(self, connection: Connection, closing: Closing, refusing: Refusing) -> None:
        self._connection = connection
        self._closing = closing
        self._refusing = refusing
        self.head_bytes = 0  # bytes that certainly belong to the head now open
        self.arrived = 0  # the same, with the bytes in the parser's hands
        self.body_bytes = 0  # decoded bytes of the newest body
        self._body_wire_bytes = 0  # the same as they came, with chunk lines and trailers
        self._uploading: RequestResponseCycle | None = None  # the request whose body came in more than one read
        self._keep_after_upload = False

    @property
    def begun(self) -> bool:
        """Whether a part of a message is there, and the rest is not."""
        return self.head_bytes > 0 or self._uploading is not None

    def read(self, size: int) -> None:
        """So many bytes go to the parser."""
        self.arrived = self.head_bytes + size

    def went_on(self, size: int, before: RequestResponseCycle | None) -> None:
        """Hold the part of a message that is still open to its cap and its deadline; `before` was the newest cycle
        when these bytes came."""
        connection = self._connection
        cycle, limits = connection.cycle, connection.limits
        if connection.answers_open_message and cycle.more_body:
            if cycle is not self._uploading:
                self._begin_upload(cycle)
            elif self._padding_after(size) > limits.head_bytes + self.body_bytes:
                self._refusing.refuse(ProtocolRefusal.MALFORMED)
            return
        # Bytes of an earlier message in the same read cannot be told from the head's own: such a read counts as one.
        first_read = cycle is not before or self._uploading is not None
        self._end_upload()
        if first_read or not connection.timer.runs:
            self.begin_deadline(limits.head_seconds)
        self.head_bytes = 1 if first_read else self.head_bytes + size
        if self.head_bytes > limits.head_bytes:
            self._refusing.refuse(ProtocolRefusal.HEAD_TOO_LARGE)

    def is_whole(self) -> None:
        """The message has ended, and no other was begun."""
        self._connection.timer.clear()
        self._end_upload()
        self.head_bytes = 0

    def begin_body(self) -> None:
        """The head is read."""
        self.body_bytes = 0

    def count_body(self, size: int) -> None:
        """So many decoded bytes of the body came."""
        self.body_bytes += size
        if self.body_bytes > self._connection.limits.body_bytes:
            self._connection.stop(ProtocolRefusal.BODY_TOO_LARGE)

    def let_go(self) -> None:
        """The connection is not kept after this upload, either."""
        self._keep_after_upload = False

    def begin_deadline(self, seconds: float) -> None:
        """What is open must be there by then."""
        self._connection.timer.set(seconds, self._expire)

    def _padding_after(self, size: int) -> int:
        """Bytes of chunk lines, chunk extensions and trailer fields so far, `size` bytes having come."""
        self._body_wire_bytes += size
        return self._body_wire_bytes - self.body_bytes

    def _begin_upload(self, cycle: RequestResponseCycle) -> None:
        """Prepare for a reply that comes before the end of the body: unless little is left, it ends the connection.

        A client that waits for 100 Continue may never send the body (RFC 9110 section 10.1.1), so that what follows
        an early reply could be body or the next request: that connection ends too.
        """
        self._end_upload()
        self.head_bytes = 0
        self._body_wire_bytes = self.body_bytes
        self._uploading = cycle
        self._keep_after_upload = cycle.keep_alive
        declared = content_length(cycle.scope["headers"])
        little = declared is not None and declared - self.body_bytes <= DRAIN_BYTES
        if not little or cycle.waiting_for_100_continue:
            cycle.keep_alive = False
        cycle.transport = LingeringTransport(self._connection.transport, self._closing)
        self.begin_deadline(self._connection.limits.body_seconds)

    def _end_upload(self) -> None:
        cycle, self._uploading = self._uploading, None
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = self._keep_after_upload
            cycle.transport = self._connection.transport

    def _expire(self) -> None:
        """The open part of a message took too long, unless it was we who did not read or who owe a reply first."""
        connection = self._connection
        cycle, limits = connection.cycle, connection.limits
        complete = cycle is not None and cycle.response_complete
        uploading = connection.answers_open_message and not complete
        owing = cycle is not None and not complete and not uploading
        if connection.flow.read_paused or owing:
            self.begin_deadline(limits.body_seconds if uploading else limits.head_seconds)
        elif connection.scope is None or (connection.answers_open_message and complete):
            connection.transport.close()  # no request was begun: nothing to answer
        else:
            self._refusing.refuse(ProtocolRefusal.TOO_SLOW)
