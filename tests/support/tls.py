"""TLS servers on loopback: real ones by Python's ssl, and hostile ones that speak in bytes."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Talk = Callable[[socket.socket], None]
"""What a server does with one accepted connection."""

V = ssl.TLSVersion


def tls(pem: Path, oldest: ssl.TLSVersion = V.TLSv1_2, newest: ssl.TLSVersion = V.TLSv1_3) -> Talk:
    """A TLS server that answers what it does not speak with an alert, as OpenSSL does."""
    context = server_context(pem, oldest, newest)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            session.recv(1)

    return talk


def mute_tls(pem: Path, oldest: ssl.TLSVersion, newest: ssl.TLSVersion = V.TLSv1_3) -> Talk:
    """A TLS server that closes without an alert where it does not agree, as asyncio's does."""
    context = server_context(pem, oldest, newest)

    def talk(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        while data := connection.recv(65536):
            incoming.write(data)
            try:
                session.do_handshake()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
            except ssl.SSLError:
                return
            else:
                connection.sendall(outgoing.read())

    return talk


def server_context(pem: Path, oldest: ssl.TLSVersion, newest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = oldest, newest
    return context


def silent(connection: socket.socket) -> None:
    """Accepts and says nothing until the client leaves."""
    while connection.recv(4096):
        pass


def resetting(connection: socket.socket) -> None:
    """Takes the first byte and resets the connection."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def garbage(connection: socket.socket) -> None:
    """Answers with something that is no TLS."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 8)


def dripping(connection: socket.socket) -> None:
    """Sends a handshake record of the largest size, one byte at a time."""
    connection.sendall(b"\x16\x03\x03\x40\x00\x02")
    while True:
        connection.sendall(b"\x00")
        time.sleep(0.05)


@contextmanager
def listening(talk: Talk, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Serve on a port until the block ends, each connection in a thread of its own; gives the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family, backlog=256) as server:
        done = threading.Event()
        server.settimeout(0.1)
        accepting = threading.Thread(target=_accept, args=(server, talk, done))
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            accepting.join()


def _accept(server: socket.socket, talk: Talk, done: threading.Event) -> None:
    while not done.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        threading.Thread(target=_serve, args=(connection, talk), daemon=True).start()


def _serve(connection: socket.socket, talk: Talk) -> None:
    connection.settimeout(10)
    with connection, contextlib.suppress(OSError):
        talk(connection)
