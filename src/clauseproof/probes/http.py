"""One HTTP/1.1 request and the response to it, in bytes: bounded, without I/O; h11 reads, nothing is followed."""

from dataclasses import dataclass

import h11

from clauseproof import __version__

USER_AGENT = f"clauseproof/{__version__}"
MOST_HEAD_BYTES = 32 * 1024
LONGEST_FIELD = 2048


@dataclass(frozen=True)
class Head:
    """Status and header fields of a response; names in lower case, values cut off at 2,048 characters."""

    status: int
    fields: tuple[tuple[str, str], ...]

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every field of a name, in order."""
        return tuple(value for field, value in self.fields if field == name)

    def first(self, name: str) -> str | None:
        """The value of the first field of a name."""
        return next(iter(self.all(name)), None)


class Fetch:
    """A GET of one page, and what is read of its response: the head, and of the body as much as is wanted.

    Attributes:
        request: the bytes to send.
        head: None for as long as none was read.
        body: what was read of the body.
        complete: whether that is all of it.
        fault: why the bytes are no HTTP; empty where they are.
    """

    def __init__(self, host: str, port: int, page: str, *, secure: bool, body_limit: int = 0) -> None:
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES)
        self._limit = body_limit
        shown = f"[{host}]" if ":" in host else host
        authority = shown if port == (443 if secure else 80) else f"{shown}:{port}"
        self.request = self._written(authority, page)
        self.head: Head | None = None
        self.body = b""
        self.complete = False
        self.fault = ""

    def _written(self, authority: str, page: str) -> bytes:
        fields = {
            "Host": authority,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        request = h11.Request(method="GET", target=page, headers=list(fields.items()))
        return (self._connection.send(request) or b"") + (self._connection.send(h11.EndOfMessage()) or b"")

    def feed(self, data: bytes) -> bool:
        """Take bytes received, none at the end of the connection; whether enough is known."""
        try:
            self._connection.receive_data(data)
            while not self._done():
                event = self._connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return False
                self._take(event)
        except h11.RemoteProtocolError as error:
            self.fault = str(error)[:200]
        return True

    def _done(self) -> bool:
        return self.complete or (self.head is not None and len(self.body) >= self._limit)

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Response):
            fields = tuple((_text(name).lower(), _text(value)) for name, value in event.headers)
            self.head = Head(event.status_code, fields)
        elif isinstance(event, h11.Data):
            self.body = (self.body + bytes(event.data))[: self._limit]
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            self.complete = self.head is not None
            if not self.complete:
                raise h11.RemoteProtocolError("the connection ended before a response")


def _text(data: bytes) -> str:
    return data.decode("latin-1")[:LONGEST_FIELD]
