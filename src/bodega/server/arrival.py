"""A message that arrives in parts: the caps and deadlines of its head and body. One that arrives whole costs no
timer."""

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from bodega.server.closing import Closing, LingeringTransport
from bodega.server.connection import Connection
from bodega.server.head import content_length
from bodega.server.limits import ProtocolRefusal
from bodega.server.refusing import Refusing

DRAIN_BYTES = 64 * 1024  # if no more of a body is left, it is read to its end so that the connection can be kept


class Arrival:
    """What has arrived of the open message: first of its head, then of its body, once that takes more than one read."""

    def __init__(self, connection: Connection, closing: Closing, refusing: Refusing) -> None:
        self._connection = connection
        self._closing = closing
        self._refusing = refusing
        self.head_bytes = 0  # bytes that certainly belong to the head now open
        self.arrived = 0  # the same, with the bytes that are being parsed
        self.body_bytes = 0  # decoded bytes of the current body; set to 0 when its head is read
        self._body_wire_bytes = 0  # the same as received, with chunk lines and trailers
        self._uploading: RequestResponseCycle | None = None  # the request whose body arrives in more than one read
        self._keep_after_upload = False

    @property
    def begun(self) -> bool:
        """Whether a part of a message has arrived, and the rest has not."""
        return self.head_bytes > 0 or self._uploading is not None

    def check_part(self, size: int, before: RequestResponseCycle | None) -> None:
        """Enforce the cap and the deadline of the open part of a message; `before` was the newest cycle when these
        bytes arrived."""
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
        """The message has ended, and no other has begun."""
        self._connection.timer.clear()
        self._end_upload()
        self.head_bytes = 0

    def count_body(self, size: int) -> None:
        """Counts decoded bytes of the body."""
        self.body_bytes += size
        if self.body_bytes > self._connection.limits.body_bytes:
            self._connection.stop(ProtocolRefusal.BODY_TOO_LARGE)

    def end_after_upload(self) -> None:
        """Ends the connection after the open upload, too."""
        self._keep_after_upload = False

    def begin_deadline(self, seconds: float) -> None:
        """Sets the deadline of the open part."""
        self._connection.timer.set(seconds, self._expire)

    def _padding_after(self, size: int) -> int:
        """Counts `size` received bytes: how many were chunk lines, chunk extensions and trailer fields so far."""
        self._body_wire_bytes += size
        return self._body_wire_bytes - self.body_bytes

    def _begin_upload(self, cycle: RequestResponseCycle) -> None:
        """Prepare for a reply before the end of the body: unless little is left, it ends the connection.

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
        """The open part of a message took too long, unless the server did not read or owes a reply first."""
        connection = self._connection
        cycle, limits = connection.cycle, connection.limits
        complete = cycle is not None and cycle.response_complete
        uploading = connection.answers_open_message and not complete
        owing = cycle is not None and not complete and not uploading
        if connection.flow.read_paused or owing:
            self.begin_deadline(limits.body_seconds if uploading else limits.head_seconds)
        elif connection.scope is None or (connection.answers_open_message and complete):
            connection.transport.close()  # no request has begun: nothing to answer
        else:
            self._refusing.refuse(ProtocolRefusal.TOO_SLOW)
