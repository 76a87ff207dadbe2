"""The deep scan: sslyze tries every cipher suite of every version. It is AGPL-3.0, and no other module imports it.

sslyze reads a timed-out offer as a rejection, and knows two kinds of trouble that are none: both are told apart here by
the words it keeps for each offer.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from importlib.metadata import version
from typing import Any, NamedTuple

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import Depth, StartTls
from clauseproof.facts.tls import AddressScan, Answer, Attempt, Reply, Scan, TlsVersion, VersionLooks
from clauseproof.model.errors import EvidenceRejected, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission

CONNECTIONS_AT_ONCE = 5
"""Connections that are open to one address at a time."""
LONGEST_S = 60.0
"""The most that all looks at one address may take together."""
_SERVERS_AT_ONCE = threading.BoundedSemaphore(3)
_PATIENCE_S = 3
_MARGIN_S = 1.0
_MOST_REPLIES = 8

_COMMANDS = {v: v.value.lower().replace(" ", "_").replace(".", "_") + "_cipher_suites" for v in TlsVersion}
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


class _Target(NamedTuple):
    address: str
    port: int
    server_name: str
    starttls: StartTls | None = None


@probe(permission=Permission.SCAN, deadline_s=300)
def scan(endpoint: Endpoint, names: Resolution, look: Look) -> Scan:
    """Versions and suites of every address, about 450 handshakes each, never more than five at a time.

    A version before TLS 1.3 that is accepted could contradict a contract, and is tried a second time. sslyze sends the
    host as server name even where that is an address.

    Raises:
        Unknowable: the profile asks for a fast look at this endpoint.
    """
    if endpoint.depth is Depth.FAST:
        raise Unknowable("a fast look makes no deep scan", "write depth: full for this endpoint")
    name = endpoint.sni or endpoint.host
    targets = [_Target(address, endpoint.port, name, endpoint.starttls) for address in names.reachable]
    return Scan(
        host=endpoint.host,
        port=endpoint.port,
        server_name=name,
        per_address=tuple(_address(target, look) for target in targets),
        missing=names.missing,
    )


def _address(target: _Target, look: Look) -> AddressScan:
    look.tell(f"scanning {target.address} port {target.port}")
    try:
        return AddressScan(address=target.address, versions=_versions(target, look))
    except LookFailed as error:
        return AddressScan(address=target.address, versions=error.unseen())


def _versions(target: _Target, look: Look) -> tuple[VersionLooks, ...]:
    ends = look.clock() + min(LONGEST_S, look.remaining_s() - _MARGIN_S)

    def limit_s() -> float:
        return ends - look.clock()

    first = _scan(target, TlsVersion, limit_s)
    second: dict[TlsVersion, Attempt] = {}
    old = [v for v, attempt in first.items() if attempt.answer is Answer.ACCEPTED and v < TlsVersion.TLS1_3]
    if old:
        try:
            second = _scan(target, old, limit_s)
        except LookFailed as error:
            look.tell(f"{target.address}: no second look, {error.what}")
    return tuple(
        VersionLooks(version=version, looks=(attempt, second[version]) if version in second else (attempt,))
        for version, attempt in first.items()
    )


def _scan(target: _Target, versions: Iterable[TlsVersion], limit_s: Callable[[], float]) -> dict[TlsVersion, Attempt]:
    """One scan in a thread that is abandoned if it never ends, as a server that drips bytes can make it."""
    wanted = tuple(versions)
    late = TimedOut(f"{target.address} port {target.port} was not scanned in the time given", "run again")
    if limit_s() <= 0 or not _SERVERS_AT_ONCE.acquire(timeout=limit_s()):
        raise late
    try:
        scanned: Future[dict[TlsVersion, Attempt]] = Future()
        threading.Thread(target=_fulfil, args=(scanned, target, wanted), daemon=True).start()
        return scanned.result(timeout=max(0.0, limit_s()))
    except TimeoutError as error:
        raise late from error
    finally:
        _SERVERS_AT_ONCE.release()


def _fulfil(scanned: "Future[dict[TlsVersion, Attempt]]", target: _Target, versions: tuple[TlsVersion, ...]) -> None:
    try:
        scanned.set_result(_sslyze(target, versions))
    except LookFailed as error:
        scanned.set_exception(error)
    except Exception as error:  # noqa: BLE001  # a defect of sslyze's is this address's gap, not the end of the look
        scanned.set_exception(LookFailed(f"sslyze failed at {target.address}: {type(error).__name__}: {error}"[:300]))


def _sslyze(target: _Target, versions: tuple[TlsVersion, ...]) -> dict[TlsVersion, Attempt]:
    import sslyze

    plain = sslyze.ProtocolWithOpportunisticTlsEnum(target.starttls.upper()) if target.starttls else None
    request = sslyze.ServerScanRequest(
        sslyze.ServerNetworkLocation(target.server_name, target.port, target.address),
        sslyze.ServerNetworkConfiguration(
            target.server_name,
            tls_opportunistic_encryption=plain,
            network_timeout=_PATIENCE_S,
            network_max_retries=1,
        ),
        {sslyze.ScanCommand(_COMMANDS[v]) for v in versions},
    )
    scanner = sslyze.Scanner(CONNECTIONS_AT_ONCE, concurrent_server_scans_limit=1)
    scanner.queue_scans([request])
    (result,) = scanner.get_results()
    if result.scan_result is None:
        raise _no_connection(target, result.connectivity_error_trace)
    return {v: _attempt(getattr(result.scan_result, _COMMANDS[v])) for v in versions}


def _no_connection(target: _Target, trace: Any) -> LookFailed:
    """The error of a server that sslyze could not talk to, by the class and the words of its exception."""
    last = "".join(trace.format_exception_only()).strip() if trace is not None else ""
    kind, _, words = last.partition(": ")
    where, said = f"{target.address} port {target.port}", words.rpartition("-> ")[2].strip('".')
    if kind.endswith("ConnectionToServerTimedOut"):
        return TimedOut(f"{where} did not answer", "check that the endpoint is up and reachable from here")
    if kind.endswith("ServerTlsConfigurationNotSupported"):
        return EvidenceRejected(f"with {where} no handshake succeeded: {said}", "check that it speaks TLS on this port")
    return Unreachable(f"{where}: {said}", "check that the endpoint is up and reachable from here")


def _attempt(command: Any) -> Attempt:
    """What one `*_cipher_suites` command saw; only a completed one says anything of its version."""
    engine = f"sslyze {version('sslyze')}"
    if command.result is None:
        reason = command.error_reason.value if command.error_reason else command.status.value
        failure = Reply(said=f"sslyze: {reason}", times=1)
        return Attempt(answer=Answer.UNCLEAR, suites=(), replies=(failure,), engine=engine)
    suites = sorted(accepted.cipher_suite.name for accepted in command.result.accepted_cipher_suites)
    said = Counter(rejected.error_message.strip() for rejected in command.result.rejected_cipher_suites)
    return Attempt(
        answer=_answer(bool(suites), set(said)),
        suites=tuple(suites),
        replies=tuple(Reply(said=words, times=times) for words, times in said.most_common(_MOST_REPLIES)),
        engine=engine,
    )


def _answer(accepted: bool, said: set[str]) -> Answer:
    """The answer to a version is as clear as the least clear reply to any of its suites."""
    if accepted:
        return Answer.ACCEPTED
    if not said or said - _REFUSALS - _CLOSED - _SILENCE:
        return Answer.UNCLEAR
    if said & _SILENCE:
        return Answer.SILENT
    return Answer.CLOSED if said & _CLOSED else Answer.REFUSED
