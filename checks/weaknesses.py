"""Named weaknesses of TLS servers, tried by the messages that show them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from clauseproof import Assurance, Claim, Finding, Unseen, broken, check, holds, note, unknown
from clauseproof.facts.endpoint import at
from clauseproof.facts.hello import Decision, Offers
from clauseproof.facts.listed import listed
from clauseproof.facts.looks import unlooked
from clauseproof.facts.tls import TlsVersion
from clauseproof.facts.weaknesses import Result, Tried, Weakness, Weaknesses

Vulnerability = Literal[
    Weakness.HEARTBLEED,
    Weakness.CCS_INJECTION,
    Weakness.ROBOT,
    Weakness.INSECURE_RENEGOTIATION,
    Weakness.COMPRESSION,
    Weakness.CLIENT_RENEGOTIATION,
]
_FIVE: tuple[Vulnerability, ...] = (
    Weakness.HEARTBLEED,
    Weakness.CCS_INJECTION,
    Weakness.ROBOT,
    Weakness.INSECURE_RENEGOTIATION,
    Weakness.COMPRESSION,
)
_OLD = tuple(version for version in TlsVersion if TlsVersion.SSL2_0 < version < TlsVersion.TLS1_3)


class TlsVulnerabilities(Claim):
    """The endpoint has none of the weaknesses of TLS servers that have names.

    They belong to versions before TLS 1.3, so they are tried in the newest of these that an address speaks, by sslyze's
    tests, and need permission to scan. One is found where two tries showed it. It is absent where a try came as far as
    the question, and the address still answered afterwards. An address that refuses every older version has none of
    them: no program that speaks TLS 1.3 alone has Heartbleed, and TLS 1.3 has no RSA key exchange, no renegotiation, no
    compression and no ChangeCipherSpec that does anything.

    Absent means that these tests did not show it. Renegotiation by clients and missing downgrade protection are
    mentioned where they were seen, and decide nothing.

    Attributes:
        free_of: `Heartbleed`, `CCS injection`, `ROBOT`, `insecure renegotiation`, `compression`, and `renegotiation by
            clients` where the contract excludes that, too.
    """

    free_of: Annotated[
        tuple[Vulnerability, ...],
        BeforeValidator(listed, json_schema_input_type=str | list[str]),
        Field(min_length=1),
    ] = _FIVE


@check("tls-vulnerabilities")
def tls_vulnerabilities(claim: TlsVulnerabilities, seen: Weaknesses, offers: Offers | Unseen) -> Iterator[Finding]:
    for where, about, tried in _addresses(seen):
        if isinstance(tried, Finding):
            yield tried
            continue
        if tried.older is None:
            yield _none_older(claim.free_of, offers, where, about)
        else:
            yield from _each(claim.free_of, tried, where, about)
        yield from _mentioned(claim, tried, where, about)


class EarlyDataOff(Claim):
    """The endpoint takes no early data (0-RTT), which an attacker could replay.

    Tried over HTTP with a session that the server itself gave: a ticket that allows early data and one that is refused
    it are told apart. An address that refuses TLS 1.3 has no early data. Where no session came of the answer to an HTTP
    request, as from a server that speaks another protocol, the question stays open.
    """


@check("early-data-off")
def early_data_off(claim: EarlyDataOff, seen: Weaknesses, offers: Offers | Unseen) -> Iterator[Finding]:
    for where, about, tried in _addresses(seen):
        yield tried if isinstance(tried, Finding) else _early_data(tried, offers, where, about)


def _addresses(seen: Weaknesses) -> Iterator[tuple[str, str, Tried | Finding]]:
    """Every address with what was tried there, or with the finding that nothing was."""
    yield from (("", "", gap) for gap in unlooked(seen.host, seen.per_address, seen.missing))
    for one in seen.per_address:
        where, about = at(seen.host, one.address), one.address
        tried = unknown(one.tried.sentence, about=about) if isinstance(one.tried, Unseen) else one.tried
        yield where, about, tried


def _each(asked: Sequence[Weakness], tried: Tried, where: str, about: str) -> Iterator[Finding]:
    """One finding for each weakness that is there or may be, and one for all that are not."""
    absent = []
    for weakness in asked:
        finding = _against(weakness, tried, where, about)
        if finding is not None:
            yield finding
        else:
            absent.append(weakness)
    if absent:
        said = "; ".join(f"{weakness}: {_said(weakness, tried)}" for weakness in absent)
        text = f"{where} showed none of {', '.join(absent)} in {tried.older}. {said[:1].upper()}{said[1:]}"
        yield holds(text, Assurance.OBSERVED, about=about)


def _against(weakness: Weakness, tried: Tried, where: str, about: str) -> Finding | None:
    """What speaks against a weakness being absent; None where nothing does."""
    trial = tried.trial(weakness)
    if trial is None:
        return unknown(f"{where} was not tried for {weakness} in the time given. To settle it: run again", about=about)
    if trial.result is Result.PRESENT:
        times = sum(one.result is Result.PRESENT for one in trial.tries)
        text = f"{where} has {weakness}: {_said(weakness, tried)}. Seen in {times} tries in {trial.version}"
        return broken(text, Assurance.OBSERVED, about=about)
    if trial.result is Result.UNCLEAR:
        said = "; ".join(f"{one.result}: {one.said}" for one in trial.tries)
        return unknown(f"Whether {where} has {weakness} is open ({said}). To settle it: run again", about=about)
    if not tried.answered:
        text = f"{where} no longer answered after the tests, so that what it did not show proves nothing of {weakness}"
        return unknown(f"{text}. To settle it: run again, and ask the vendor to let the tests through", about=about)
    return None


def _said(weakness: Weakness, tried: Tried) -> str:
    """What decided: the words of the first try with the result of all of them."""
    trial = tried.trial(weakness)
    return next((one.said for one in trial.tries if one.result is trial.result), "") if trial else ""


def _none_older(asked: Sequence[Weakness], offers: Offers | Unseen, where: str, about: str) -> Finding:
    if all(_decision(offers, about, version) is Decision.REFUSED for version in _OLD):
        text = f"{where} speaks no version older than TLS 1.3, to which {', '.join(asked)} belong"
        return holds(text, Assurance.OBSERVED, about=about)
    text = f"{where} finished no handshake older than TLS 1.3, and did not refuse all older versions in so many words"
    return unknown(f"{text}: {', '.join(asked)} could not be tried. To settle it: run again", about=about)


def _decision(offers: Offers | Unseen, address: str, version: TlsVersion) -> Decision | None:
    """What our own hellos saw of a version at an address."""
    for one in () if isinstance(offers, Unseen) else offers.per_address:
        if one.address == address and not isinstance(one.answers, Unseen):
            return next((a.decision for a in one.answers.versions if a.version is version), None)
    return None


def _early_data(tried: Tried, offers: Offers | Unseen, where: str, about: str) -> Finding:
    if tried.trial(Weakness.EARLY_DATA) is not None:
        finding = _against(Weakness.EARLY_DATA, tried, where, about)
        text = f"{where} took no early data: {_said(Weakness.EARLY_DATA, tried)}"
        return finding or holds(text, Assurance.OBSERVED, about=about)
    if _decision(offers, about, TlsVersion.TLS1_3) is Decision.REFUSED:
        return holds(f"{where} refuses TLS 1.3, without which there is no early data", Assurance.OBSERVED, about=about)
    text = f"{where} was not tried for early data, since no handshake of TLS 1.3 finished"
    return unknown(f"{text}, and it did not refuse TLS 1.3 in so many words. To settle it: run again", about=about)


def _mentioned(claim: TlsVulnerabilities, tried: Tried, where: str, about: str) -> Iterator[Finding]:
    for weakness in (Weakness.CLIENT_RENEGOTIATION, Weakness.FALLBACK_SCSV):
        trial = tried.trial(weakness)
        if weakness not in claim.free_of and trial is not None and trial.result is Result.PRESENT:
            text = f"{where} has {weakness}, which this claim does not ask about: {_said(weakness, tried)}"
            yield note(text, about=about)
