"""Tries the weaknesses of TLS servers that have names, by sslyze's tests.

A test's "no" counts only where it came as far as the question. So each is run in a version that the address is known to
speak (sslyze skips some where a server also speaks TLS 1.3), with the server name and, for those two that sslyze runs
without one, without as well; what a handshake came to is noted; and after the last test the address must still answer.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.tls import TlsVersion
from clauseproof.facts.weaknesses import AddressWeaknesses, Result, Trial, Tried, Try, Weakness, Weaknesses
from clauseproof.hardware.rejection import printable
from clauseproof.model.errors import LookFailed, TimedOut
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes import deep, tls
from clauseproof.probes.deep import Target
from clauseproof.probes.rejections import refused
from clauseproof.probes.tls import Server

_OLDER = tuple(reversed([version for version in TlsVersion if TlsVersion.SSL2_0 < version < TlsVersion.TLS1_3]))
_PRESENT, _ABSENT, _UNCLEAR = Result.PRESENT, Result.ABSENT, Result.UNCLEAR


@probe(permission=Permission.SCAN, deadline_s=300, at_once=deep.TESTS_AT_ONCE)
def weaknesses(endpoint: Endpoint, names: Resolution, look: Look) -> Weaknesses:
    """What each address does with the messages of known attacks: about 60 connections, one after the other.

    What is found is tried a second time. Nothing is exploited beyond the answer that shows it: a heartbeat asks for the
    bytes of its own padding, and early data is one byte.
    """
    return Weaknesses(
        host=endpoint.host,
        port=endpoint.port,
        server_name=endpoint.sni or endpoint.host,
        engine=tls.engine(),
        per_address=tuple(_address(target, look) for target in deep.targets(endpoint, names, look)),
        missing=names.missing,
    )


def _address(target: Target, look: Look) -> AddressWeaknesses:
    look.tell(f"testing {target.address} port {target.port}")
    work = _Work(target)
    try:
        deep.in_time(target, deep.TimeLimit(look), work.all)
    except TimedOut as error:
        work.stop()
        if not work.trials:
            return AddressWeaknesses(address=target.address, tried=error.unseen())
        look.tell(f"{target.address}: {len(work.trials)} tests, then {error.what}")
    except LookFailed as error:
        return AddressWeaknesses(address=target.address, tried=error.unseen())
    return AddressWeaknesses(address=target.address, tried=work.tried())


_Shown = tuple[Weakness, Result, str]


class _Test(NamedTuple):
    """A test: what it shows of which weaknesses, and whether sslyze would run it without the server name."""

    run: Callable[[Server], Iterator[_Shown]]
    weaknesses: tuple[Weakness, ...]
    nameless: bool = False


class _Work:
    """The tests of one address, and what has come of them so far, for whoever looks at it from another thread."""

    def __init__(self, target: Target) -> None:
        self.trials: dict[Weakness, Trial] = {}
        self._target = target
        self._servers: list[Server] = []
        self._older: Server | None = None
        self._answered = False

    def all(self) -> None:
        """Every test that the versions of the address allow; LookFailed where no handshake succeeds."""
        newest = self._take(Server.reach(self._target))
        self._older = newest if newest.version < TlsVersion.TLS1_3 else self._pinned(newest)
        if self._older is not None:
            for test in _OLD_TESTS:
                self._run(test, self._older)
        if newest.version is TlsVersion.TLS1_3:
            self._run(_EARLY_DATA, newest)
        self._answered = newest.answers()

    def tried(self) -> Tried:
        """What is known by now."""
        older = self._older.version if self._older else None
        trials = tuple(self.trials.values())
        return Tried(newest=self._servers[0].version, older=older, trials=trials, answered=self._answered)

    def stop(self) -> None:
        """Make no more connections."""
        for server in self._servers:
            server.stop()

    def _take(self, server: Server) -> Server:
        self._servers.append(server)
        return server

    def _pinned(self, newest: Server) -> Server | None:
        for version in _OLDER:
            server = newest.pinned(version)
            if server is not None:
                return self._take(server)
        return None

    def _run(self, test: _Test, server: Server) -> None:
        """A test with the server name and, where sslyze would, without; again what it did not clearly deny."""
        for named in (True, False) if test.nameless else (True,):
            found = any(self._found(weakness) for weakness in test.weaknesses)
            if not found and self._once(test, server, named) != {_ABSENT}:
                self._once(test, server, named)

    def _found(self, weakness: Weakness) -> bool:
        return weakness in self.trials and self.trials[weakness].result is _PRESENT

    def _once(self, test: _Test, server: Server, named: bool) -> set[Result]:
        server.named = named
        try:
            shown = list(test.run(server))
        except Exception as error:  # noqa: BLE001  # a test that fails shows nothing, and says so in the facts
            shown = [(weakness, _UNCLEAR, tls.words_of(error)) for weakness in test.weaknesses]
        if server.stopped:
            return set()
        for weakness, result, said in shown:
            before = self.trials[weakness].tries if weakness in self.trials else ()
            tries = (*before, Try(result=result, named=named, said=printable(said)))
            self.trials[weakness] = Trial(weakness=weakness, version=server.version, tries=tries)
        return {result for _, result, _ in shown}


def _heartbleed(server: Server) -> Iterator[_Shown]:
    if server.test("heartbleed").is_vulnerable_to_heartbleed:
        yield Weakness.HEARTBLEED, _PRESENT, "a heartbeat was answered with more bytes than it had"
    else:
        yield Weakness.HEARTBLEED, _ABSENT, "a heartbeat that claims too much was not answered"


def _ccs_injection(server: Server) -> Iterator[_Shown]:
    if server.test("openssl_ccs_injection").is_vulnerable_to_ccs_injection:
        yield Weakness.CCS_INJECTION, _PRESENT, "an early ChangeCipherSpec took effect: bad_record_mac answered"
    else:
        yield Weakness.CCS_INJECTION, _ABSENT, "an early ChangeCipherSpec took no effect"


def _robot(server: Server) -> Iterator[_Shown]:
    found: str = server.test("robot").robot_result.value
    if found.startswith("VULNERABLE"):
        yield Weakness.ROBOT, _PRESENT, f"answers tell wrong padding from right ({found.lower().replace('_', ' ')})"
    elif found == "NOT_VULNERABLE_NO_ORACLE":
        yield Weakness.ROBOT, _ABSENT, "five kinds of padding were answered alike"
    elif found == "NOT_VULNERABLE_RSA_NOT_SUPPORTED" and refused(server.met):
        yield Weakness.ROBOT, _ABSENT, "RSA key exchange was refused"
    else:
        yield Weakness.ROBOT, _UNCLEAR, f"{found.lower().replace('_', ' ')}: {_handshakes(server)}"


def _renegotiation(server: Server) -> Iterator[_Shown]:
    """Two parts, each read by itself: an old client may refuse to renegotiate with a server that is not secure."""
    binding, asking = server.parts("session_renegotiation")
    first, second = [*server.met, *["no handshake"] * 2][:2]
    if isinstance(binding, Exception) or first:
        yield Weakness.INSECURE_RENEGOTIATION, _UNCLEAR, first or tls.words_of(binding)
    elif binding[1]:
        yield Weakness.INSECURE_RENEGOTIATION, _ABSENT, "the server bound renegotiation to the first handshake"
    else:
        yield Weakness.INSECURE_RENEGOTIATION, _PRESENT, "the server did not send renegotiation_info"
    if isinstance(asking, Exception) or second:
        yield Weakness.CLIENT_RENEGOTIATION, _UNCLEAR, second or tls.words_of(asking)
    else:
        _, times = asking[1]
        said = f"{times} renegotiations were accepted in a row"
        yield Weakness.CLIENT_RENEGOTIATION, _PRESENT if times else _ABSENT, said


def _compression(server: Server) -> Iterator[_Shown]:
    if server.test("tls_compression").supports_compression:
        yield Weakness.COMPRESSION, _PRESENT, "DEFLATE was chosen"
    elif any(not words or words.startswith("ClientCertificateRequested") for words in server.met):
        yield Weakness.COMPRESSION, _ABSENT, "DEFLATE was offered and not chosen"
    else:
        yield Weakness.COMPRESSION, _UNCLEAR, _handshakes(server)


def _fallback(server: Server) -> Iterator[_Shown]:
    """The test's own result reads any handshake that fails as protection; what it came to says more."""
    server.parts("tls_fallback_scsv")
    if any("inappropriate fallback" in words for words in server.met):
        yield Weakness.FALLBACK_SCSV, _ABSENT, "an older version with TLS_FALLBACK_SCSV was refused for that reason"
    elif "" in server.met:
        yield Weakness.FALLBACK_SCSV, _PRESENT, "an older version was accepted in spite of TLS_FALLBACK_SCSV"
    else:
        yield Weakness.FALLBACK_SCSV, _UNCLEAR, _handshakes(server)


def _early_data(server: Server) -> Iterator[_Shown]:
    """A ticket that allows early data is not enough for a yes, and one rejection of it not for a no."""
    if server.test("tls_1_3_early_data").supports_early_data:
        yield Weakness.EARLY_DATA, _PRESENT, "a byte of early data was accepted"
    elif server.connections < 2:
        yield Weakness.EARLY_DATA, _UNCLEAR, f"no session to resume came of an HTTP request: {_handshakes(server)}"
    elif server.sent_early_data():
        yield Weakness.EARLY_DATA, _UNCLEAR, "a session ticket allowed early data, which was rejected this time"
    else:
        yield Weakness.EARLY_DATA, _ABSENT, "no session ticket allowed early data"


def _handshakes(server: Server) -> str:
    return ", ".join(words or "a handshake finished" for words in dict.fromkeys(server.met)) or "no handshake"


_OLD_TESTS = (
    _Test(_heartbleed, (Weakness.HEARTBLEED,), nameless=True),
    _Test(_ccs_injection, (Weakness.CCS_INJECTION,), nameless=True),
    _Test(_robot, (Weakness.ROBOT,)),
    _Test(_renegotiation, (Weakness.INSECURE_RENEGOTIATION, Weakness.CLIENT_RENEGOTIATION)),
    _Test(_compression, (Weakness.COMPRESSION,)),
    _Test(_fallback, (Weakness.FALLBACK_SCSV,)),
)
_EARLY_DATA = _Test(_early_data, (Weakness.EARLY_DATA,))
