"""What comes before TLS: conversations without I/O, their input bounded.

A conversation is a generator. It yields what to send (nothing: read on), is sent what was received, and returns when
the next byte must be TLS. It raises `NotOffered` where the other side does not go along, with its words in a form that
is safe to show. Bytes that came before TLS was begun belong to nobody (the command injection of CVE-2011-0411) and end
the conversation.
"""

import re
from collections.abc import Generator

from clauseproof.model.unseen import Reason

Talk = Generator[bytes, bytes, None]
"""Yields bytes to send; is sent bytes received."""
Read = Generator[bytes, bytes, bytes]
"""The same, and returns what was read."""

LONGEST_LINE = 4096
MOST_LINES = 64
MOST_BYTES = 32 * 1024
_SHOWN = 80


class NotOffered(Exception):
    """The other side does not come to where TLS begins: why, and what would help, if that is known here."""

    def __init__(self, why: str, reason: Reason = Reason.UNREADABLE, remedy: str = "") -> None:
        super().__init__(why)
        self.reason = reason
        self.remedy = remedy


class LoginRefused(NotOffered):
    """A proxy asks for a login, or does not accept the one it was given."""

    def __init__(self, why: str) -> None:
        super().__init__(why, Reason.DENIED, "give the endpoint the proxy_user and proxy_password that it accepts")


class NotListed(NotOffered):
    """The other side lists what it can do, and TLS is not in the list."""


def printable(data: bytes) -> str:
    """Their bytes in a form that shows what they are and does nothing."""
    text = data[:_SHOWN].decode("ascii", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + ("..." if len(data) > _SHOWN else "")


class Received:
    """What was received and not yet consumed."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._total = 0
        self._lines = 0

    def more(self, send: bytes = b"") -> Talk:
        """Send, and wait until something arrives."""
        data = yield send
        self._total += len(data)
        if self._total > MOST_BYTES:
            raise NotOffered(f"more than {MOST_BYTES} bytes came before TLS")
        self._data += data

    def line(self) -> Read:
        """One line without its end."""
        while (end := self._data.find(b"\n")) < 0:
            if len(self._data) > LONGEST_LINE:
                raise NotOffered(f"a line of more than {LONGEST_LINE} bytes came before TLS")
            yield from self.more()
        line = bytes(self._data[:end]).rstrip(b"\r")
        del self._data[: end + 1]
        self._lines += 1
        if self._lines > MOST_LINES:
            raise NotOffered(f"more than {MOST_LINES} lines came before TLS")
        return line

    def exactly(self, count: int) -> Read:
        """So many bytes."""
        while len(self._data) < count:
            yield from self.more()
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    def until(self, pattern: re.Pattern[bytes]) -> Read:
        """Everything up to and including a match."""
        while (match := pattern.search(self._data)) is None:
            yield from self.more()
        taken = bytes(self._data[: match.end()])
        del self._data[: match.end()]
        return taken

    def taken(self) -> bytes:
        """Everything that nobody has asked for yet, which is consumed."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def left(self) -> bytes:
        """What nobody has asked for yet."""
        return bytes(self._data)

    def finish(self) -> None:
        """Nothing may have come after the server's leave to begin."""
        if self._data:
            raise NotOffered(f"{len(self._data)} bytes came in the clear after the server's leave to begin TLS")
