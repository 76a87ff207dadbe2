"""What sslyze's words for a handshake that failed mean. No refusal is read into silence, nor into what is unknown."""

from collections.abc import Iterable

from clauseproof.facts.tls import Answer

_SILENCE = {"Connection to server timed out during the TLS handshake"}
_CLOSED = {
    "Server closed the connection during the TLS handshake",
    "Server interrupted the TLS handshake",
    "Server rejected the connection",
}
_REFUSALS = {
    "TLS alert: handshake failure",
    "TLS alert: protocol version",
    "TLS error: insufficient security",
    "TLS error: no cipher match",
    "TLS error: no ciphers list",
    "TLS error: peer error no cipher",
    "TLS error: wrong SSL version",
    "TLS error: wrong version number",
}


def answer(said: set[str]) -> Answer:
    """How offers that were not accepted were answered: as clearly as the least clear reply to any of them."""
    if not said or said - _REFUSALS - _CLOSED - _SILENCE:
        return Answer.UNCLEAR
    if said & _SILENCE:
        return Answer.SILENT
    return Answer.CLOSED if said & _CLOSED else Answer.REFUSED


def refused(met: Iterable[str]) -> bool:
    """Whether every handshake, by sslyze's words for its end, was refused, or its connection closed."""
    said = {words.rpartition("ServerRejectedTlsHandshake: ")[2] for words in met}
    return answer(said) in (Answer.REFUSED, Answer.CLOSED)
