"""The deep scan against servers of several configurations, and against servers that do not play along."""

import gc
import itertools
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import StartTls
from clauseproof.facts.tls import Answer, Scan, TlsVersion, VersionLooks
from clauseproof.model.errors import TimedOut
from clauseproof.model.look import Look
from clauseproof.model.marks import PROBE
from clauseproof.model.pace import Pace
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import deep
from clauseproof.probes import scan as probe
from clauseproof.probes import tls as sslyze_port
from clauseproof.probes.staples import staples
from clauseproof.probes.traffic import gate_of
from clauseproof.probes.weaknesses import weaknesses
from tests.support.certificates import authority, leaf
from tests.support.looks import resolved, scanned, vendor
from tests.support.tls import Talk, dripping, garbage, listening, mute_tls, resetting, silent, tls

V = ssl.TLSVersion
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
OLD = [v for v in TlsVersion if v < TlsVersion.TLS1_2]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return leaf(authority(), "api.crm.example").write(tmp_path_factory.mktemp("pem"))


def versions(facts: Scan, address: str = "127.0.0.1") -> dict[TlsVersion, VersionLooks]:
    (seen,) = [one for one in facts.per_address if one.address == address]
    assert not isinstance(seen.versions, Unseen), seen.versions
    return {one.version: one for one in seen.versions}


def unseen(talk: Talk) -> Unseen:
    with listening(talk) as port:
        (seen,) = scanned(vendor(port, "127.0.0.1")).per_address
    assert isinstance(seen.versions, Unseen)
    return seen.versions


def test_a_server_of_tls_1_3_alone_refuses_everything_older(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_3)) as port:
        seen = versions(scanned(vendor(port, "127.0.0.1")))
    assert [look.answer for look in seen[TlsVersion.TLS1_3].looks] == [Answer.ACCEPTED, Answer.ACCEPTED]
    assert "TLS_AES_256_GCM_SHA384" in seen[TlsVersion.TLS1_3].looks[0].suites
    assert seen[TlsVersion.TLS1_3].looks[0].rest is Answer.REFUSED
    assert {seen[v].agreed for v in (TlsVersion.TLS1_0, TlsVersion.TLS1_1, TlsVersion.TLS1_2)} == {Answer.REFUSED}
    assert seen[TlsVersion.SSL3_0].agreed is Answer.REFUSED
    assert seen[TlsVersion.SSL2_0].agreed is Answer.CLOSED


def test_every_version_from_ssl_2_0_on_is_asked_about(pem: Path) -> None:
    with listening(tls(pem)) as port:
        assert list(versions(scanned(vendor(port, "127.0.0.1")))) == list(TlsVersion)


def test_a_version_that_is_accepted_is_looked_at_twice(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1, V.TLSv1_2)) as port:
        seen = versions(scanned(vendor(port, "127.0.0.1")))
    for version in (TlsVersion.TLS1_0, TlsVersion.TLS1_1, TlsVersion.TLS1_2):
        assert [look.answer for look in seen[version].looks] == [Answer.ACCEPTED, Answer.ACCEPTED]
    assert [look.answer for look in seen[TlsVersion.TLS1_3].looks] == [Answer.REFUSED]


def test_each_address_behind_a_name_is_a_server_of_its_own(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_3), "127.0.0.2") as port, listening(tls(pem, V.TLSv1_2), "127.0.0.3", port):
        facts = scanned(vendor(port, "127.0.0.2", "127.0.0.3"))
    assert versions(facts, "127.0.0.2")[TlsVersion.TLS1_2].agreed is Answer.REFUSED
    assert versions(facts, "127.0.0.3")[TlsVersion.TLS1_2].agreed is Answer.ACCEPTED


def test_a_server_that_closes_without_an_alert_is_not_said_to_refuse(pem: Path) -> None:
    with listening(mute_tls(pem, V.TLSv1_3)) as port:
        seen = versions(scanned(vendor(port, "127.0.0.1")))
    assert {seen[v].agreed for v in OLD} == {Answer.CLOSED}
    assert seen[TlsVersion.TLS1_3].agreed is Answer.ACCEPTED


def test_offers_that_are_never_answered_are_silence_and_no_refusal(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sslyze_port, "_PATIENCE_S", 0.3)
    modern, tls_1_2_hello = tls(pem, V.TLSv1_3), b"\x03\x03"

    def deaf_to_tls_1_1(connection: socket.socket) -> None:
        start = connection.recv(11, socket.MSG_PEEK)
        if start[9:11] == tls_1_2_hello:
            modern(connection)
        else:
            silent(connection)

    with listening(deaf_to_tls_1_1) as port:
        looks = probe._scan(
            deep.Target("127.0.0.1", port, "api.crm.example"),
            [TlsVersion.TLS1_1, TlsVersion.TLS1_3],
            deep.TimeLimit(Look()),
        )
    assert looks[TlsVersion.TLS1_1].answer is Answer.SILENT
    assert looks[TlsVersion.TLS1_3].answer is Answer.ACCEPTED


def test_the_server_name_is_sent(pem: Path) -> None:
    names = set()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _session, name, _context: names.add(name)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            session.recv(1)

    with listening(talk) as port:
        assert scanned(vendor(port, "127.0.0.1")).server_name == "api.crm.example"
    assert names == {"api.crm.example"}


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (seen,) = scanned(vendor(port, "127.0.0.1")).per_address
    assert isinstance(seen.versions, Unseen)
    assert seen.versions.reason is Reason.UNREACHABLE
    assert f"127.0.0.1 port {port}" in seen.versions.text


@pytest.mark.parametrize("talk", [garbage, resetting])
def test_a_server_that_speaks_no_tls_is_unreadable(talk: Talk) -> None:
    found = unseen(talk)
    assert found.reason is Reason.UNREADABLE
    assert "no handshake succeeded" in found.text


def test_a_server_that_stays_silent_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sslyze_port, "_PATIENCE_S", 0.1)
    assert "no handshake succeeded" in unseen(silent).text


def test_a_server_that_drips_bytes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "LONGEST_S", 1.0)
    found = unseen(dripping)
    assert found.reason is Reason.DEADLINE
    assert "was not scanned in the time given" in found.text


def test_what_there_was_no_time_to_offer_is_not_read_as_refused(pem: Path) -> None:
    with listening(tls(pem)) as port:
        target = deep.Target("127.0.0.1", port, "api.crm.example")
        limit_s = deep.TimeLimit(Look(deadline=time.monotonic() + 1.3))
        with pytest.raises(TimedOut):
            sslyze_port.suites(target, tuple(TlsVersion), limit_s)


def test_a_fleet_waits_for_the_deep_scan_in_front_of_its_clock() -> None:
    marks = [getattr(one, PROBE) for one in (probe.scan, weaknesses, staples)]
    assert [mark.at_once for mark in marks] == [
        deep.SCANS_AT_ONCE,
        deep.TESTS_AT_ONCE,
        deep.HANDSHAKES_AT_ONCE,
    ]


def test_a_look_without_time_leaves_every_address_unseen(pem: Path) -> None:
    endpoint = vendor(9, "127.0.0.1", "127.0.0.2")
    late = Look(deadline=time.monotonic() + 0.5)
    facts = probe.scan(endpoint, resolved(endpoint), late)
    assert [one.versions.reason for one in facts.per_address if isinstance(one.versions, Unseen)] == [
        Reason.DEADLINE
    ] * 2


def test_addresses_that_must_not_be_looked_at_are_carried_over() -> None:
    endpoint = Endpoint(endpoint="https://api.crm.example")
    gap = Unseen(reason=Reason.NOT_PERMITTED, text="private", remedy="")
    names = resolved(endpoint.model_copy(update={"addresses": ("127.0.0.1",)}))
    names = names.model_copy(update={"addresses": (names.addresses[0].model_copy(update={"withheld": gap}),)})
    facts = probe.scan(endpoint, names, Look())
    assert (facts.per_address, facts.missing) == ((), (gap,))


def test_facts_survive_being_written_and_read(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_2)) as port:
        facts = scanned(vendor(port, "127.0.0.1", "127.0.0.77"))
    assert Scan.load(Scan.version, facts.model_dump(mode="json", by_alias=True)) == facts


def connected_to(port: int) -> int:
    """How many connections to a port are open at the client's end (Linux: state 01 of proc_pid_net).

    The list is not read at one moment: it may name a connection that ended and the one that took its place.
    """
    reads = [Path("/proc/self/net/tcp").read_text().splitlines()[1:] for _ in range(3)]
    return min(sum(line.split()[2:4] == [f"0100007F:{port:04X}", "01"] for line in lines) for lines in reads)


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="this system does not list its connections")
@pytest.mark.parametrize(("pace", "most"), [(Pace(), sslyze_port.CONNECTIONS_AT_ONCE), (Pace(at_once=2), 2)])
def test_no_more_connections_are_open_than_the_run_allows(pem: Path, pace: Pace, most: int) -> None:
    modern, open_, number = tls(pem, V.TLSv1_3), [0], itertools.count()

    def counted(connection: socket.socket) -> None:
        if next(number) % 8 == 0:  # the list of a busy system is long
            open_.append(connected_to(connection.getsockname()[1]))
        modern(connection)

    with listening(counted) as port:
        scanned(vendor(port, "127.0.0.1"), Look(pace=pace))
    assert 1 < max(open_) <= most


def test_a_run_that_allows_few_connections_in_a_second_gives_them_the_time_they_take() -> None:
    usual, slow = Look(clock=float), Look(clock=float, pace=Pace(per_second=10))
    assert deep.TimeLimit(usual)() == deep.LONGEST_S
    assert deep.TimeLimit(slow)() == deep.MOST_CONNECTIONS / 10


@dataclass
class Counting:
    """A server that counts the connections that it was asked for."""

    talk: Talk
    accepted: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, connection: socket.socket) -> None:
        with self.lock:
            self.accepted += 1
        self.talk(connection)

    def counted(self, expected: int) -> int:
        """How many it accepted, when the threads of the last ones had time to say so."""
        for _ in range(100):
            if self.accepted >= expected:
                break
            time.sleep(0.05)
        return self.accepted


@pytest.mark.parametrize("oldest", [V.TLSv1_3, V.TLSv1])
def test_each_connection_of_a_scan_takes_a_turn_where_the_run_says_how_many(pem: Path, oldest: ssl.TLSVersion) -> None:
    server, pace = Counting(tls(pem, oldest, oldest)), Pace(per_second=1000)
    with listening(server) as port:
        scanned(vendor(port, "127.0.0.1"), Look(pace=pace))
    turns = len(gate_of("127.0.0.1", pace)._begun_s)
    assert server.counted(turns) == turns < deep.MOST_CONNECTIONS


def test_each_connection_of_the_tests_of_weaknesses_takes_a_turn(pem: Path) -> None:
    server, pace = Counting(tls(pem)), Pace(per_second=1000)
    with listening(server) as port:
        endpoint = vendor(port, "127.0.0.1")
        weaknesses(endpoint, resolved(endpoint), Look(pace=pace))
    turns = len(gate_of("127.0.0.1", pace)._begun_s)
    assert server.counted(turns) == turns > 10


def test_a_handshake_for_a_stapled_response_takes_a_turn_as_every_clients_does(pem: Path) -> None:
    server, pace = Counting(tls(pem, V.TLSv1_2, V.TLSv1_2)), Pace()
    with listening(server) as port:
        endpoint = vendor(port, "127.0.0.1")
        staples(endpoint, resolved(endpoint), Look(pace=pace))
    turns = len(gate_of("127.0.0.1", pace)._begun_s)
    assert server.counted(turns) == turns > 1


def test_mail_servers_are_greeted_by_our_name(pem: Path) -> None:
    heard: set[bytes] = set()

    def mail(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.crm.example\r\n")
        heard.add(connection.recv(4096))

    with listening(mail) as port:
        scanned(vendor(port, "127.0.0.1").model_copy(update={"starttls": StartTls.SMTP}))
    assert heard == {b"ehlo clauseproof.invalid\r\n"}


@pytest.mark.parametrize("kind", ["sound", "garbage", "resetting"])
def test_a_scan_keeps_no_connection_until_python_looks_for_circles(pem: Path, kind: str) -> None:
    def connections() -> int:
        return sum(type(one).__name__ == "SslConnection" for one in gc.get_objects())

    with listening({"sound": tls(pem), "garbage": garbage, "resetting": resetting}[kind]) as port:
        endpoint = vendor(port, "127.0.0.1")
        names, before = resolved(endpoint), connections()
        gc.disable()
        try:
            for look in (probe.scan, weaknesses, staples):
                look(endpoint, names, Look())
            assert connections() <= before
        finally:
            gc.enable()
