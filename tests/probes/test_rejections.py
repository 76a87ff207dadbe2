"""From sslyze's words to what they prove."""

import pytest

from clauseproof.facts.tls import Answer
from clauseproof.probes.rejections import answer, refused


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (set(), Answer.UNCLEAR),
        ({"TLS alert: protocol version"}, Answer.REFUSED),
        ({"TLS alert: protocol version", "TLS alert: handshake failure"}, Answer.REFUSED),
        ({"TLS alert: protocol version", "Server interrupted the TLS handshake"}, Answer.CLOSED),
        ({"TLS alert: protocol version", "Connection to server timed out during the TLS handshake"}, Answer.SILENT),
        ({"TLS alert: protocol version", "TLS alert: Internal error"}, Answer.UNCLEAR),
        ({"TLS error: excessive message size"}, Answer.UNCLEAR),
    ],
)
def test_a_version_is_as_clear_as_the_least_clear_reply(said: set[str], expected: Answer) -> None:
    assert answer(said) is expected


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        (["ServerRejectedTlsHandshake: TLS alert: handshake failure"], True),
        (["ServerRejectedTlsHandshake: Server rejected the connection"], True),
        (["TlsHandshakeTimedOut: Connection to server timed out during the TLS handshake"], False),
        (["ServerRejectedTlsHandshake: TLS alert: handshake failure", ""], False),
        (["ClientCertificateRequested"], False),
        ([], False),
    ],
)
def test_only_handshakes_that_all_ended_in_a_refusal_were_refused(met: list[str], expected: bool) -> None:
    assert refused(met) is expected
