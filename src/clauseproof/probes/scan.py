"""The deep scan: sslyze tries every cipher suite of every version.

sslyze reads a timed-out offer as a rejection, and knows two kinds of trouble that are none: both are told apart here by
the words it keeps for each offer.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import Depth
from clauseproof.facts.tls import AddressScan, Answer, Attempt, Reply, Scan, TlsVersion, VersionLooks
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes import deep, tls
from clauseproof.probes.deep import Target, TimeLimit
from clauseproof.probes.rejections import answer

_MOST_REPLIES = 8


@probe(permission=Permission.SCAN, deadline_s=300, at_once=deep.SCANS_AT_ONCE)
def scan(endpoint: Endpoint, names: Resolution, look: Look) -> Scan:
    """Versions and suites of every address, 550 to 950 connections each, never more than five at a time.

    A version that is accepted could contradict a contract, and so could its suites: it is tried a second time. sslyze
    sends the host as server name even where that is an address.

    Raises:
        Unknowable: the profile asks for a fast look at this endpoint.
    """
    if endpoint.depth is Depth.FAST:
        raise Unknowable("a fast look makes no deep scan", "write depth: full for this endpoint")
    return Scan(
        host=endpoint.host,
        port=endpoint.port,
        server_name=endpoint.sni or endpoint.host,
        per_address=tuple(_address(target, look) for target in deep.targets(endpoint, names, look)),
        missing=names.missing,
    )


def _address(target: Target, look: Look) -> AddressScan:
    look.tell(f"scanning {target.address} port {target.port}")
    try:
        return AddressScan(address=target.address, versions=_versions(target, look))
    except LookFailed as error:
        return AddressScan(address=target.address, versions=error.unseen())


def _versions(target: Target, look: Look) -> tuple[VersionLooks, ...]:
    limit_s = deep.TimeLimit(look)
    first = _scan(target, TlsVersion, limit_s)
    second: dict[TlsVersion, Attempt] = {}
    accepted = [version for version, attempt in first.items() if attempt.answer is Answer.ACCEPTED]
    if accepted:
        try:
            second = _scan(target, accepted, limit_s)
        except LookFailed as error:
            look.tell(f"{target.address}: no second look, {error.what}")
    return tuple(
        VersionLooks(version=version, looks=(attempt, second[version]) if version in second else (attempt,))
        for version, attempt in first.items()
    )


def _scan(target: Target, versions: Iterable[TlsVersion], limit_s: TimeLimit) -> dict[TlsVersion, Attempt]:
    wanted = tuple(versions)
    commands = deep.in_time(target, limit_s, lambda: tls.suites(target, wanted, limit_s))
    return {version: _attempt(command) for version, command in commands.items()}


def _attempt(command: Any) -> Attempt:
    """What one `*_cipher_suites` command saw; only a completed one says anything of its version."""
    engine = tls.engine()
    if isinstance(command, Exception):
        failure = Reply(said=f"sslyze: {tls.words_of(command)}"[:300], times=1)
        return Attempt(answer=Answer.UNCLEAR, suites=(), rest=Answer.UNCLEAR, replies=(failure,), engine=engine)
    suites = sorted(accepted.cipher_suite.name for accepted in command.accepted_cipher_suites)
    said = Counter(rejected.error_message.strip() for rejected in command.rejected_cipher_suites)
    rest = answer(set(said))
    return Attempt(
        answer=Answer.ACCEPTED if suites else rest,
        suites=tuple(suites),
        rest=rest if said else None,
        replies=tuple(Reply(said=words, times=times) for words, times in said.most_common(_MOST_REPLIES)),
        engine=engine,
    )
