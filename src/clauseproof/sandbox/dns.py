"""An authoritative name server on loopback, for one zone, over UDP and TCP (RFC 1035, section 4.2)."""

import socketserver
from contextlib import suppress
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

from clauseproof.sandbox.background import Background, DatagramServer, StreamServer
from clauseproof.sandbox.ports import datagram_and_stream

_IDLE_S: Final = 5.0


def answer(zone: dns.zone.Zone, wire: bytes) -> bytes | None:
    """What the zone's server says to one question; None for bytes that are no question."""
    try:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query)
    except dns.exception.DNSException:
        return None
    if len(query.question) != 1:
        response.set_rcode(dns.rcode.FORMERR)
    else:
        _fill(zone, query.question[0], response)
    return response.to_wire()


def _fill(zone: dns.zone.Zone, question: dns.rrset.RRset, response: dns.message.Message) -> None:
    origin = zone.origin or dns.name.root
    if not question.name.is_subdomain(origin):
        response.set_rcode(dns.rcode.REFUSED)
        return
    response.flags |= dns.flags.AA
    found = zone.get_rrset(question.name, question.rdtype) or zone.get_rrset(question.name, dns.rdatatype.CNAME)
    if found is not None:
        response.answer.append(found)
        return
    # RFC 2308: no such name, or no such type, is said with the zone's SOA.
    if zone.get_node(question.name) is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    soa = zone.get_rrset(origin, dns.rdatatype.SOA)
    response.authority.extend([] if soa is None else [soa])


class NameServer(Background):
    """Serves a zone, in master file format, on a loopback address at a free port for the length of a `with` block."""

    def __init__(self, zone: str, origin: str, *, host: str = "127.0.0.1") -> None:
        parsed = dns.zone.from_text(zone, origin=origin, relativize=False)
        udp, tcp = datagram_and_stream(host)
        self.host: str = host
        self.port: int = tcp.getsockname()[1]
        super().__init__([DatagramServer(udp, _datagrams(parsed)), StreamServer(tcp, _streams(parsed))])

    @property
    def address(self) -> str:
        """`HOST:PORT`, as profiles write a resolver."""
        return f"{self.host}:{self.port}"


def _datagrams(zone: dns.zone.Zone) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, bound = self.request
            reply = answer(zone, data)
            if reply is not None:
                bound.sendto(reply, self.client_address)

    return Handler


def _streams(zone: dns.zone.Zone) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        timeout = _IDLE_S

        def handle(self) -> None:
            with suppress(OSError):  # the client left, or said nothing for too long
                while length := int.from_bytes(self.rfile.read(2), "big"):
                    reply = answer(zone, self.rfile.read(length))
                    if reply is None:
                        return
                    self.wfile.write(len(reply).to_bytes(2, "big") + reply)

    return Handler
