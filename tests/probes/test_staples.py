"""The OCSP responses that addresses staple, and those that come from nowhere."""

import socket
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import Depth
from clauseproof.facts.revocation import AddressStaples, Staples
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import deep
from clauseproof.probes import staples as probe
from clauseproof.probes import tls as sslyze_port
from tests.support.certificates import authority, leaf
from tests.support.looks import resolved, vendor
from tests.support.nginx import nginx
from tests.support.programs import s_server
from tests.support.revocation import response
from tests.support.tls import Talk, dripping, garbage, listening, silent, tls
from tests.support.weak import Weak, weak

CA = authority()
GOOD = leaf(CA, "api.crm.example")
DER = response(GOOD, CA)
RESPONDER = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example"))]
)


def looked(endpoint: Endpoint, look: Look | None = None) -> tuple[AddressStaples, ...]:
    facts = probe.staples(endpoint, resolved(endpoint), look or Look())
    assert Staples.load(Staples.version, facts.model_dump(mode="json", by_alias=True)) == facts
    return facts.per_address


def only(port: int) -> tuple[bytes, ...] | Unseen:
    (seen,) = looked(vendor(port, "127.0.0.1"))
    return seen.responses


@pytest.mark.conformance
@pytest.mark.parametrize("version", ["-tls1_3", "-tls1_2"])
def test_a_stapled_response_is_kept_byte_for_byte(tmp_path: Path, version: str) -> None:
    path = tmp_path / "staple.der"
    path.write_bytes(DER)
    with s_server(GOOD.write(tmp_path), version, "-status_file", str(path)) as port:
        assert only(port) == (DER,)


@pytest.mark.conformance
def test_nginx_staples_what_it_is_given_at_one_address_of_two(tmp_path: Path) -> None:
    path = tmp_path / "staple.der"
    path.write_bytes(DER)
    settings = {
        "127.0.0.51": f"ssl_stapling on; ssl_stapling_file {path};",
        "127.0.0.52": "ssl_stapling off;",
    }
    with nginx(tmp_path, GOOD.write(tmp_path), settings) as port:
        assert [one.responses for one in looked(vendor(port, *settings))] == [(DER,), ()]


def counted(talk: Talk) -> tuple[Talk, list[None]]:
    """A server that counts its connections."""
    met: list[None] = []

    def talking(connection: socket.socket) -> None:
        met.append(None)
        talk(connection)

    return talking, met


def test_a_server_that_staples_nothing_is_asked_once_where_its_certificate_names_no_responder(tmp_path: Path) -> None:
    talk, met = counted(tls(GOOD.write(tmp_path)))
    with listening(talk) as port:
        assert only(port) == ()
    assert len(met) == 1


def test_and_twice_where_it_names_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_PAUSE_S", 0.01)
    talk, met = counted(tls(leaf(CA, "api.crm.example", more=[RESPONDER]).write(tmp_path)))
    with listening(talk) as port:
        assert only(port) == ()
    assert len(met) == probe.LOOKS


RSA = leaf(CA, "api.crm.example", key=rsa.generate_private_key(65537, 2048))


def test_a_response_that_any_server_staples_is_kept_unjudged() -> None:
    of_another = response(GOOD, CA)
    with listening(weak(RSA, Weak(staple=of_another))) as port:
        assert only(port) == (of_another,)


@pytest.mark.parametrize("staple", [b"\x30\x03\x0a\x01", b"<script>", b"\x30\x82\xff\xff" + bytes(60), bytes(15_000)])
def test_bytes_that_are_no_response_are_unreadable(staple: bytes) -> None:
    with listening(weak(RSA, Weak(staple=staple))) as port:
        seen = only(port)
    assert isinstance(seen, Unseen)
    assert (seen.reason, seen.text) == (Reason.UNREADABLE, "127.0.0.1 stapled something that is no OCSP response")


@pytest.mark.parametrize(
    ("talk", "reason"), [(garbage, Reason.UNREADABLE), (silent, Reason.UNREADABLE), (dripping, Reason.DEADLINE)]
)
def test_a_server_that_finishes_no_handshake_is_unseen(
    talk: Talk, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sslyze_port, "_PATIENCE_S", 0.3)
    monkeypatch.setattr(deep, "LONGEST_S", 2.0)
    with listening(talk) as port:
        seen = only(port)
    assert isinstance(seen, Unseen)
    assert seen.reason is reason


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    seen = only(port)
    assert isinstance(seen, Unseen)
    assert seen.reason is Reason.UNREACHABLE


def test_a_look_without_time_sees_nothing(tmp_path: Path) -> None:
    with listening(tls(GOOD.write(tmp_path))) as port:
        (seen,) = looked(vendor(port, "127.0.0.1"), Look(deadline=time.monotonic() + 0.5))
    assert isinstance(seen.responses, Unseen)
    assert seen.responses.reason is Reason.DEADLINE


def test_a_fast_look_does_not_ask() -> None:
    endpoint = vendor(9, "127.0.0.1").model_copy(update={"depth": Depth.FAST})
    with pytest.raises(Unknowable, match="a fast look"):
        looked(endpoint)
