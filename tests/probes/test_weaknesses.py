"""Named weaknesses on servers that have them, on servers that do not, and on servers that do not play along."""

import itertools
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from clauseproof.facts.tls import TlsVersion
from clauseproof.facts.weaknesses import Result, Trial, Tried, Try, Weakness, Weaknesses
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import deep
from clauseproof.probes import tls as sslyze_port
from clauseproof.probes.weaknesses import weaknesses
from tests.support.certificates import authority, leaf
from tests.support.looks import resolved, vendor
from tests.support.nginx import nginx
from tests.support.programs import s_server
from tests.support.talking import talking_s_server
from tests.support.tls import Talk, dripping, garbage, listening, server_context, silent, tls
from tests.support.weak import Weak, weak

V = ssl.TLSVersion
RSA = leaf(authority(), "api.crm.example", key=rsa.generate_private_key(65537, 2048))
PRESENT, ABSENT, UNCLEAR = Result.PRESENT, Result.ABSENT, Result.UNCLEAR
OLD = {one for one in Weakness if one is not Weakness.EARLY_DATA}

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sslyze_port, "_PATIENCE_S", 1)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return RSA.write(tmp_path)


def looked(port: int, *addresses: str, look: Look | None = None) -> Weaknesses:
    endpoint = vendor(port, *(addresses or ("127.0.0.1",)))
    return weaknesses(endpoint, resolved(endpoint), look or Look())


def tried(port: int) -> Tried:
    (seen,) = looked(port).per_address
    assert isinstance(seen.tried, Tried), seen.tried
    return seen.tried


def results(seen: Tried) -> dict[Weakness, Result]:
    return {trial.weakness: trial.result for trial in seen.trials}


def http(context: ssl.SSLContext) -> Talk:
    """Answers a request, as an API does."""

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            while session.recv(4096):
                session.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    return talk


def test_a_sound_server_of_tls_1_2_has_none() -> None:
    with listening(weak(RSA, Weak())) as port:
        seen = tried(port)
    assert (seen.newest, seen.older, seen.answered) == (TlsVersion.TLS1_2, TlsVersion.TLS1_2, True)
    assert {one for one, result in results(seen).items() if result is PRESENT} == set()
    assert {one for one, result in results(seen).items() if result is ABSENT} == OLD - {Weakness.FALLBACK_SCSV}


@pytest.mark.parametrize(
    ("has", "found"),
    [
        (Weak(leaks=True), Weakness.HEARTBLEED),
        (Weak(early_ccs=True), Weakness.CCS_INJECTION),
        (Weak(oracle=True), Weakness.ROBOT),
        (Weak(unbound=True), Weakness.INSECURE_RENEGOTIATION),
        (Weak(compresses=True), Weakness.COMPRESSION),
    ],
)
def test_a_server_with_one_weakness_has_that_one_in_two_tries(has: Weak, found: Weakness) -> None:
    with listening(weak(RSA, has)) as port:
        seen = tried(port)
    assert {one for one, result in results(seen).items() if result is PRESENT} == {found}
    trial = seen.trial(found)
    assert trial is not None
    assert [one.result for one in trial.tries] == [PRESENT, PRESENT]


def test_a_server_that_knows_clients_by_name_only_is_tried_by_its_name() -> None:
    """sslyze sends no name with two of its tests, and reads the refusal as health."""
    leaking = weak(RSA, Weak(leaks=True))

    def talk(connection: socket.socket) -> None:
        if b"api.crm.example" in connection.recv(4096, socket.MSG_PEEK):
            leaking(connection)
        else:
            connection.sendall(b"\x15\x03\x03\x00\x02\x02\x70")

    with listening(talk) as port:
        assert results(tried(port))[Weakness.HEARTBLEED] is PRESENT


def test_a_server_that_leaks_to_nameless_clients_only_is_found() -> None:
    leaking, sound = weak(RSA, Weak(leaks=True)), weak(RSA, Weak())

    def talk(connection: socket.socket) -> None:
        named = b"api.crm.example" in connection.recv(4096, socket.MSG_PEEK)
        (sound if named else leaking)(connection)

    with listening(talk) as port:
        trial = tried(port).trial(Weakness.HEARTBLEED)
    assert trial is not None
    assert [(one.named, one.result) for one in trial.tries] == [(True, ABSENT), (False, PRESENT), (False, PRESENT)]
    assert trial.result is PRESENT


def test_a_server_that_speaks_tls_1_3_as_well_is_tried_in_tls_1_2(pem: Path) -> None:
    """sslyze does not try Heartbleed and CCS injection where a server speaks TLS 1.3."""
    old, new = weak(RSA, Weak(leaks=True, early_ccs=True)), server_context(pem, V.TLSv1_3, V.TLSv1_3)

    def talk(connection: socket.socket) -> None:
        modern = b"\x00\x2b\x00\x03\x02\x03\x04" in connection.recv(4096, socket.MSG_PEEK)
        (http(new) if modern else old)(connection)

    with listening(talk) as port:
        seen = tried(port)
    assert (seen.newest, seen.older) == (TlsVersion.TLS1_3, TlsVersion.TLS1_2)
    assert results(seen)[Weakness.HEARTBLEED] is PRESENT
    assert results(seen)[Weakness.CCS_INJECTION] is PRESENT


def test_a_server_of_tls_1_3_alone_is_tried_for_early_data_alone(pem: Path) -> None:
    with listening(http(server_context(pem, V.TLSv1_3, V.TLSv1_3))) as port:
        seen = tried(port)
    assert (seen.newest, seen.older, seen.answered) == (TlsVersion.TLS1_3, None, True)
    assert results(seen) == {Weakness.EARLY_DATA: ABSENT}


def test_an_older_server_is_tried_in_the_newest_version_it_speaks(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1, V.TLSv1_1)) as port:
        seen = tried(port)
    assert (seen.newest, seen.older) == (TlsVersion.TLS1_1, TlsVersion.TLS1_1)
    assert {trial.version for trial in seen.trials} == {TlsVersion.TLS1_1}
    assert Weakness.EARLY_DATA not in results(seen)


def test_a_server_that_gives_no_session_to_resume_is_unclear_about_early_data(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_3)) as port:
        assert results(tried(port))[Weakness.EARLY_DATA] is UNCLEAR


def test_an_address_that_stops_answering_is_said_to_have_done_so() -> None:
    served, count = weak(RSA, Weak()), itertools.count()

    def talk(connection: socket.socket) -> None:
        if next(count) < 12:
            served(connection)

    with listening(talk) as port:
        assert tried(port).answered is False


def test_a_server_that_drips_bytes_leaves_the_trials_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "LONGEST_S", 4.0)
    served, count = weak(RSA, Weak(leaks=True)), itertools.count()

    def talk(connection: socket.socket) -> None:
        if next(count) < 7:
            served(connection)
        else:
            connection.recv(4096)
            dripping(connection)

    with listening(talk) as port:
        seen = tried(port)
    assert results(seen)[Weakness.HEARTBLEED] is PRESENT
    assert len(seen.trials) < len(OLD)
    assert seen.answered is False


def test_a_thread_that_ran_out_of_time_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "LONGEST_S", 3.0)
    served, count = weak(RSA, Weak()), itertools.count()

    def talk(connection: socket.socket) -> None:
        if next(count) < 6:
            served(connection)
        else:
            connection.recv(4096)
            dripping(connection)

    before = threading.active_count()
    with listening(talk) as port:
        tried(port)
        ends = time.monotonic() + 10
        while threading.active_count() > before + 2 and time.monotonic() < ends:  # the server's own two
            time.sleep(0.05)
        assert threading.active_count() <= before + 2


@pytest.mark.parametrize("talk", [garbage, silent])
def test_a_server_that_speaks_no_tls_is_unseen(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sslyze_port, "_PATIENCE_S", 0.1)
    with listening(talk) as port:
        (seen,) = looked(port).per_address
    assert isinstance(seen.tried, Unseen)
    assert seen.tried.reason is Reason.UNREADABLE


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (seen,) = looked(port).per_address
    assert isinstance(seen.tried, Unseen)
    assert seen.tried.reason is Reason.UNREACHABLE


def test_each_address_is_tried_by_itself() -> None:
    with (
        listening(weak(RSA, Weak(leaks=True)), "127.0.0.2") as port,
        listening(weak(RSA, Weak()), "127.0.0.3", port),
    ):
        seen = looked(port, "127.0.0.2", "127.0.0.3", "127.0.0.4")
    by_address = {one.address: one.tried for one in seen.per_address}
    assert isinstance(by_address["127.0.0.4"], Unseen)
    found = {a: results(t)[Weakness.HEARTBLEED] for a, t in by_address.items() if isinstance(t, Tried)}
    assert found == {"127.0.0.2": PRESENT, "127.0.0.3": ABSENT}
    assert Weaknesses.load(Weaknesses.version, seen.model_dump(mode="json", by_alias=True)) == seen


def test_a_look_without_time_sees_nothing() -> None:
    with listening(silent) as port:
        (seen,) = looked(port, look=Look(deadline=time.monotonic() + 0.5)).per_address
    assert isinstance(seen.tried, Unseen)
    assert seen.tried.reason is Reason.DEADLINE


@pytest.mark.parametrize(
    ("tries", "result"),
    [
        ([(PRESENT, True), (PRESENT, False)], PRESENT),
        ([(PRESENT, True)], UNCLEAR),
        ([(PRESENT, True), (ABSENT, True)], UNCLEAR),
        ([(ABSENT, True)], ABSENT),
        ([(UNCLEAR, True), (ABSENT, True)], ABSENT),
        ([(ABSENT, True), (UNCLEAR, False)], ABSENT),
        ([(UNCLEAR, True), (ABSENT, False)], UNCLEAR),
        ([], UNCLEAR),
    ],
)
def test_what_tries_show_together(tries: list[tuple[Result, bool]], result: Result) -> None:
    made = tuple(Try(result=one, named=named, said="") for one, named in tries)
    assert Trial(weakness=Weakness.ROBOT, version=TlsVersion.TLS1_2, tries=made).result is result


# Servers that no one here wrote.


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["-client_renegotiation", "-tls1_2"], {Weakness.CLIENT_RENEGOTIATION}),
        (["-tls1_2"], set()),
        (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], set()),
    ],
)
def test_openssls_server(pem: Path, options: list[str], found: set[Weakness]) -> None:
    with s_server(pem, *options) as port:
        seen = tried(port)
    assert {one for one, result in results(seen).items() if result is PRESENT} == found
    assert results(seen)[Weakness.ROBOT] is ABSENT
    assert results(seen)[Weakness.INSECURE_RENEGOTIATION] is ABSENT


@pytest.mark.conformance
def test_early_data_that_a_ticket_allows_and_the_server_rejects_is_unclear(pem: Path) -> None:
    """OpenSSL keeps no session whose connection ended without a farewell; sslyze reads the rejection as a no."""
    with talking_s_server(pem, "-early_data") as port:
        trial = tried(port).trial(Weakness.EARLY_DATA)
    assert trial is not None
    assert trial.result is UNCLEAR
    assert "rejected this time" in trial.tries[0].said
    with talking_s_server(pem, "-early_data", "-no_anti_replay") as port:
        assert results(tried(port))[Weakness.EARLY_DATA] is PRESENT


@pytest.mark.conformance
def test_a_server_that_wants_a_certificate_of_its_clients_is_unclear_where_a_handshake_is_needed(
    pem: Path,
) -> None:
    with s_server(pem, "-Verify", "1") as port:
        seen = results(tried(port))
    assert seen[Weakness.HEARTBLEED] is ABSENT
    assert seen[Weakness.ROBOT] is UNCLEAR
    assert seen[Weakness.EARLY_DATA] is UNCLEAR


@pytest.mark.conformance
def test_nginx_accepts_early_data_only_where_it_is_told_to(tmp_path: Path, pem: Path) -> None:
    settings = {
        "127.0.0.21": "ssl_protocols TLSv1.3; ssl_early_data on;",
        "127.0.0.22": "ssl_protocols TLSv1.2 TLSv1.3;",
    }
    with nginx(tmp_path, pem, settings) as port:
        seen = looked(port, *settings).per_address
    found = [results(one.tried).get(Weakness.EARLY_DATA) for one in seen if isinstance(one.tried, Tried)]
    assert found == [PRESENT, ABSENT]
