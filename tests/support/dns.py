"""A name server on loopback that answers, fails, lies or stays silent as a test asks."""

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT = "silent"
GARBAGE = "garbage"


@dataclass
class NameServer:
    """Records by owner name, in presentation form: `{"api.example.": ["60 A 192.0.2.1"]}`.

    Attributes:
        moods: by record type, an rcode's name (`SERVFAIL`), SILENT or GARBAGE in place of an answer.
        terse: whether a CNAME is answered alone, the rest of the chain being left to the client.
        truncates: whether UDP answers are cut, so that the client must come by TCP.
        asked: every question that arrived, `UDP api.example. A`.
    """

    records: Mapping[str, list[str]]
    moods: Mapping[str, str] = field(default_factory=dict)
    terse: bool = False
    truncates: bool = False
    address: str = "127.0.0.1"
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """As a profile names it."""
        return f"{self.address}:{self.port}"

    def respond(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{transport} {question.name} {kind}")
        mood = self.moods.get(kind, "")
        if mood == SILENT:
            return None
        if mood == GARBAGE:
            return wire[:2] + b"\x84\x00" + b"\xff" * 20
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if mood:
            response.set_rcode(dns.rcode.from_text(mood))
        elif self.truncates and transport == "UDP":
            response.flags |= dns.flags.TC
        else:
            self._fill(response, question.name, kind)
        return response.to_wire(max_size=65535)

    def _fill(self, response: dns.message.Message, name: dns.name.Name, kind: str) -> None:
        known = self.records.get(str(name))
        if known is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return
        for record in known:
            ttl, type_, data = record.split(" ", 2)
            if type_ == kind:
                _add(response, name, ttl, type_, data)
            elif type_ == "CNAME":
                _add(response, name, ttl, type_, data)
                if not self.terse and data in self.records:
                    self._fill(response, dns.name.from_text(data), kind)


def _add(response: dns.message.Message, name: dns.name.Name, ttl: str, type_: str, data: str) -> None:
    wanted = dns.rrset.from_text(name, int(ttl), "IN", type_, data)
    found = response.find_rrset(response.answer, name, wanted.rdclass, wanted.rdtype, create=True)
    for record in wanted:
        found.add(record, wanted.ttl)


@contextmanager
def serving(server: NameServer) -> Iterator[NameServer]:
    """Serve by UDP and TCP on one free port of `server.address` until the block ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_server((server.address, 0)) as tcp:
        server.port = tcp.getsockname()[1]
        udp.bind((server.address, server.port))
        done = threading.Event()
        for listener in (udp, tcp):
            listener.settimeout(0.1)
        threads = [
            threading.Thread(target=_serve_udp, args=(server, udp, done)),
            threading.Thread(target=_serve_tcp, args=(server, tcp, done)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            done.set()
            for thread in threads:
                thread.join()


def _serve_udp(server: NameServer, udp: socket.socket, done: threading.Event) -> None:
    while not done.is_set():
        try:
            wire, peer = udp.recvfrom(4096)
        except TimeoutError:
            continue
        reply = server.respond(wire, "UDP")
        if reply is not None:
            udp.sendto(reply, peer)


def _serve_tcp(server: NameServer, tcp: socket.socket, done: threading.Event) -> None:
    while not done.is_set():
        try:
            connection, _ = tcp.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(2)
            stream = connection.makefile("rb")
            (length,) = struct.unpack("!H", stream.read(2))
            reply = server.respond(stream.read(length), "TCP")
            if reply is not None:
                connection.sendall(struct.pack("!H", len(reply)) + reply)
