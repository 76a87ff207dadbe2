"""`openssl s_server` as a server that talks, which it cannot be together with `-www`."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.support.processes import Process, begin, end, free_port, listens, wait_for
from tests.support.programs import s_server_command


@contextmanager
def talking_s_server(pem: Path, *options: str) -> Iterator[int]:
    """A server on loopback that says something to every client, whatever it asks; gives its port."""
    port, words = free_port(), pem.parent / "words"
    process = begin(s_server_command(pem, port, "-quiet", *options), words, stdin=subprocess.PIPE)
    done = threading.Event()
    talking = threading.Thread(target=_talk, args=(process, done))
    talking.start()
    try:
        wait_for(process, words, partial(listens, "127.0.0.1", port))
        yield port
    finally:
        done.set()
        talking.join()
        end(process)


def _talk(process: Process, done: threading.Event) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):
        while not done.wait(0.05):
            process.stdin.write(b"hello\n")
            process.stdin.flush()
