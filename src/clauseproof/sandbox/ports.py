"""Ports of loopback that are free where they are needed, held open from the moment they are found."""

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final

_ATTEMPTS: Final = 50


def datagram_and_stream(host: str) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket at one free port, the TCP one listening."""
    udp, tcp = _together([lambda port: _datagram(host, port), lambda port: _stream(host, port)])
    return udp, tcp


def one_port(hosts: Sequence[str]) -> list[socket.socket]:
    """Listening TCP sockets, one per address, at one port that is free on all of them."""
    return _together([lambda port, host=host: _stream(host, port) for host in hosts])  # type: ignore[misc]


def _together(openers: Sequence[Callable[[int], socket.socket]]) -> list[socket.socket]:
    for _ in range(_ATTEMPTS):
        with ExitStack() as stack:
            opened: list[socket.socket] = []
            port = 0
            try:
                for open_at in openers:
                    opened.append(stack.enter_context(open_at(port)))
                    port = opened[0].getsockname()[1]
            except OSError:
                continue  # somebody has that port on another address: ask for a new one
            stack.pop_all()
            return opened
    raise OSError(f"no port is free on all {len(openers)} sockets after {_ATTEMPTS} attempts")


def _datagram(host: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return _bound(opened, host, port)


def _stream(host: str, port: int) -> socket.socket:
    opened = _bound(socket.socket(socket.AF_INET, socket.SOCK_STREAM), host, port)
    opened.listen(128)
    return opened


def _bound(opened: socket.socket, host: str, port: int) -> socket.socket:
    try:
        opened.bind((host, port))
    except OSError:
        opened.close()
        raise
    return opened
