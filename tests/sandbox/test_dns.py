"""The authoritative name server, asked by dnspython's resolver and with raw messages."""

import socket
from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest

from clauseproof.sandbox.dns import NameServer

ZONE = """
@ 300 IN SOA ns.crm.example. hostmaster.crm.example. 1 3600 600 86400 60
@ 300 IN NS ns
ns 300 IN A 127.0.0.1
api 300 IN A 127.0.10.1
api 300 IN A 127.0.10.2
www 300 IN CNAME api
"""


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with NameServer(ZONE, "crm.example") as server:
        yield server


def ask(server: NameServer, name: str, kind: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, server.host, timeout=5, port=server.port)


def addresses(response: dns.message.Message) -> set[str]:
    return {record.to_text() for rrset in response.answer for record in rrset}


@pytest.mark.parametrize("tcp", [False, True])
def test_every_address_of_a_name_is_answered(server: NameServer, tcp: bool) -> None:
    assert addresses(ask(server, "api.crm.example", "A", tcp=tcp)) == {"127.0.10.1", "127.0.10.2"}


def test_a_resolver_follows_the_profile_s_way_of_writing_the_server(server: NameServer) -> None:
    host, _, port = server.address.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)
    assert {record.to_text() for record in resolver.resolve("api.crm.example", "A")} == {"127.0.10.1", "127.0.10.2"}


def test_an_alias_is_answered_as_an_alias(server: NameServer) -> None:
    assert addresses(ask(server, "www.crm.example", "A")) == {"api.crm.example."}


def test_a_name_without_the_type_has_no_answer_and_the_zone_s_soa(server: NameServer) -> None:
    response = ask(server, "api.crm.example", "AAAA")
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert [rrset.rdtype.name for rrset in response.authority] == ["SOA"]


def test_an_unknown_name_of_the_zone_does_not_exist(server: NameServer) -> None:
    assert ask(server, "mail.crm.example", "A").rcode() == dns.rcode.NXDOMAIN


def test_another_zone_is_refused(server: NameServer) -> None:
    assert ask(server, "example.org", "A").rcode() == dns.rcode.REFUSED


def test_answers_are_authoritative(server: NameServer) -> None:
    assert dns.flags.AA in dns.flags.Flag(ask(server, "api.crm.example", "A").flags)


def test_bytes_that_are_no_question_get_no_answer_and_do_no_harm(server: NameServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.sendto(b"\x00garbage", (server.host, server.port))
        with pytest.raises(TimeoutError):
            client.recv(512)
    assert addresses(ask(server, "ns.crm.example", "A")) == {"127.0.0.1"}


def test_the_port_is_free_after_the_block() -> None:
    with NameServer(ZONE, "crm.example") as first:
        ask(first, "api.crm.example", "A", tcp=True)
    with pytest.raises(OSError, match="refused"):
        ask(first, "api.crm.example", "A", tcp=True)
