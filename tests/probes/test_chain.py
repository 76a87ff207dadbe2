"""The certificates that addresses present, whoever signed them and however large they are."""

import contextlib
import socket
import ssl
from pathlib import Path

import pytest

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.identity import Identity
from clauseproof.facts.manner import StartTls
from clauseproof.facts.tls import Chain, Served
from clauseproof.model.errors import EvidenceRejected
from clauseproof.model.secret import SecretRef
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import chain as probe
from tests.support.certificates import Holder, authority, leaf
from tests.support.clients import CLIENT, SERVER, asking, key_of, look_with, pems
from tests.support.hostile import mail
from tests.support.looks import presented, vendor
from tests.support.tls import Talk, dripping, garbage, listening, mute_tls, resetting, silent, tls

ROOT = authority()
BETWEEN = authority("Test Intermediate", ROOT)
GOOD = leaf(BETWEEN, "api.crm.example")
V = ssl.TLSVersion
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")


def served(talk: Talk) -> tuple[Served, ...]:
    with listening(talk) as port:
        (seen,) = presented(vendor(port, "127.0.0.1")).per_address
    assert not isinstance(seen.served, Unseen), seen.served
    return seen.served


def unseen(talk: Talk) -> Unseen:
    with listening(talk) as port:
        (seen,) = presented(vendor(port, "127.0.0.1")).per_address
    assert isinstance(seen.served, Unseen)
    return seen.served


@pytest.mark.parametrize(("oldest", "newest"), [(V.TLSv1_3, V.TLSv1_3), (V.TLSv1_2, V.TLSv1_2), (V.TLSv1, V.TLSv1)])
def test_the_whole_chain_is_kept_as_it_was_sent(tmp_path: Path, oldest: V, newest: V) -> None:
    assert served(tls(GOOD.write(tmp_path), oldest, newest)) == (Served(chain=GOOD.chain, times=2),)


@pytest.mark.parametrize(
    "holder", [leaf(None, "api.crm.example"), leaf(ROOT, "other.example"), leaf(ROOT, "api.crm.example", serves=False)]
)
def test_a_certificate_that_nobody_should_trust_is_seen_all_the_same(tmp_path: Path, holder: Holder) -> None:
    assert served(tls(holder.write(tmp_path)))[0].chain == holder.chain


def test_two_certificates_in_two_handshakes_are_both_kept(tmp_path: Path) -> None:
    other = leaf(None, "api.crm.example")
    answers = [tls(GOOD.write(tmp_path, "one")), tls(other.write(tmp_path, "two"))]
    assert set(served(lambda connection: answers.pop()(connection))) == {
        Served(chain=GOOD.chain, times=1),
        Served(chain=other.chain, times=1),
    }


def names_sent(endpoint_host: str, tmp_path: Path) -> set[str | None]:
    names: set[str | None] = set()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(GOOD.write(tmp_path))
    context.sni_callback = lambda _session, name, _context: names.add(name)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            session.recv(1)

    with listening(talk) as port:
        addresses = () if endpoint_host[0].isdigit() else ("127.0.0.1",)
        presented(Endpoint(endpoint=f"https://{endpoint_host}:{port}", addresses=addresses))
    return names


def test_the_name_is_sent_and_an_address_is_not(tmp_path: Path) -> None:
    assert names_sent("api.crm.example", tmp_path) == {"api.crm.example"}
    assert names_sent("127.0.0.1", tmp_path) == {None}


def test_ipv6_addresses_are_asked_too(tmp_path: Path) -> None:
    with contextlib.suppress(OSError), listening(tls(GOOD.write(tmp_path)), "::1") as port:
        (seen,) = presented(vendor(port, "::1")).per_address
        assert seen.served == (Served(chain=GOOD.chain, times=2),)
        return
    pytest.skip("this machine has no IPv6 loopback")


def test_a_chain_of_a_megabyte_is_not_taken(tmp_path: Path) -> None:
    found = unseen(tls(leaf(ROOT, "api.crm.example", padding=1_000_000).write(tmp_path)))
    assert found.reason is Reason.UNREADABLE


def test_a_certificate_over_the_limit_is_not_kept(tmp_path: Path) -> None:
    found = unseen(tls(leaf(ROOT, "api.crm.example", padding=probe.MOST_BYTES).write(tmp_path)))
    assert f"more than {probe.MOST_BYTES} bytes" in found.text


def test_more_certificates_than_a_chain_can_have_are_not_kept(tmp_path: Path) -> None:
    holder = Holder(GOOD.certificate, GOOD.key, GOOD.above + (ROOT.certificate,) * 10)
    assert "12 certificates" in unseen(tls(holder.write(tmp_path))).text


def test_a_server_that_asks_for_a_client_certificate_is_seen(tmp_path: Path) -> None:
    pem = GOOD.write(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ROOT.pem.decode())

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            session.recv(1)

    assert served(talk)[0].chain == GOOD.chain


@pytest.mark.parametrize("shown", [True, False])
def test_a_server_that_finishes_no_handshake_without_a_client_certificate_is_seen_with_it(
    tmp_path: Path, shown: bool
) -> None:
    """As TLS 1.2 has it; in TLS 1.3 the client is done before the server has seen its certificate."""
    context = asking(SERVER.write(tmp_path), version=V.TLSv1_2)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            assert session.getpeercert(binary_form=True) == CLIENT.chain[0]

    identity = Identity(certificate="client.pem", key=SecretRef("env", "KEY")) if shown else None
    with listening(talk) as port:
        endpoint = vendor(port, "127.0.0.1").model_copy(update={"client": identity})
        (seen,) = presented(endpoint, look_with(pems(CLIENT), key_of(CLIENT))).per_address
    if shown:
        assert not isinstance(seen.served, Unseen), seen.served
        assert [one.chain[0] for one in seen.served] == [SERVER.chain[0]]
    else:
        assert isinstance(seen.served, Unseen)
        assert "name under client what it asks its clients for" in seen.served.remedy


def test_a_client_certificate_that_does_not_fit_its_key_is_named(tmp_path: Path) -> None:
    identity = Identity(certificate="client.pem", key=SecretRef("env", "KEY"))
    endpoint = vendor(9, "127.0.0.1").model_copy(update={"client": identity})
    with pytest.raises(EvidenceRejected, match=r"client\.pem and its key are no certificate and key that fit together"):
        presented(endpoint, look_with(pems(CLIENT), key_of(SERVER)))


def mail_server(port: int) -> Endpoint:
    return vendor(port, "127.0.0.1").model_copy(update={"starttls": StartTls.SMTP})


def test_the_chain_of_a_mail_server_is_seen_after_starttls(tmp_path: Path) -> None:
    with listening(mail(GOOD.write(tmp_path))) as port:
        (seen,) = presented(mail_server(port)).per_address
    assert seen.served == (Served(chain=GOOD.chain, times=2),)


def test_a_mail_server_that_does_not_begin_tls_is_unseen() -> None:
    with listening(lambda connection: connection.sendall(b"554 not today\r\n")) as port:
        (seen,) = presented(mail_server(port)).per_address
    assert isinstance(seen.served, Unseen)
    assert seen.served.reason is Reason.UNREADABLE
    assert "did not begin TLS by smtp: the server said '554 not today'" in seen.served.text


def test_a_connection_that_breaks_off_is_told_in_words() -> None:
    assert unseen(resetting).text.endswith(("Connection reset by peer", "the connection was broken off"))


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (garbage, Reason.UNREADABLE),
        (resetting, Reason.UNREACHABLE),
        (silent, Reason.DEADLINE),
        (dripping, Reason.DEADLINE),
    ],
)
def test_a_server_that_finishes_no_handshake_is_unseen(
    talk: Talk, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_PATIENCE_S", 0.5)
    assert unseen(talk).reason is reason


def test_python_3_13_has_the_chain_in_public() -> None:
    class Session:
        def get_unverified_chain(self) -> list[bytes]:
            return [b"leaf", b"issuer"]

    assert probe.unverified(Session()) == [b"leaf", b"issuer"]


def test_facts_survive_being_written_and_read(tmp_path: Path) -> None:
    with listening(mute_tls(GOOD.write(tmp_path), V.TLSv1_3)) as port:
        facts = presented(vendor(port, "127.0.0.1", "127.0.0.77"))
    assert Chain.load(Chain.version, facts.model_dump(mode="json", by_alias=True)) == facts


def test_one_silent_address_takes_nothing_from_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = GOOD.write(tmp_path)
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(listening(tls(pem), "127.0.0.2"))
        stack.enter_context(listening(silent, "127.0.0.3", port))
        monkeypatch.setattr(probe, "_PATIENCE_S", 0.5)
        first, second = presented(vendor(port, "127.0.0.2", "127.0.0.3")).per_address
    assert isinstance(second.served, Unseen)
    assert first.served == (Served(chain=GOOD.chain, times=2),)
