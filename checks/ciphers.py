"""Cipher suites and key exchange: what an endpoint can be made to agree on, tried suite by suite and group by group."""

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from clauseproof import Assurance, Case, Claim, Finding, Unseen, broken, check, holds, note, unknown
from clauseproof.facts import hello, tls
from clauseproof.facts.codepoints import Group, group_name
from clauseproof.facts.endpoint import at
from clauseproof.facts.hello import Because, Decision, Exchange, GroupAnswer, VersionAnswer
from clauseproof.facts.listed import listed
from clauseproof.facts.looks import unlooked
from clauseproof.facts.mozilla import CONFIGURATIONS, MozillaProfile
from clauseproof.facts.tls import Answer, TlsVersion, VersionLooks
from clauseproof.hardware.endtoend import DIRECTLY, doubt

_SHOWN = 3
"""The most suites that one sentence names."""


class _Rule(NamedTuple):
    """What a claim asks of every suite.

    Attributes:
        allows: whether it allows a suite in a version; None where it cannot tell.
        breach: what is wrong with one that is not allowed, as the end of a sentence.
        kept: what the allowed ones are called.
    """

    allows: Callable[[TlsVersion, str], bool | None]
    breach: str
    kept: str


SuiteName = Annotated[str, Field(pattern=r"^TLS_[A-Z0-9]+(_[A-Za-z0-9]+)+$")]
"""A cipher suite by IANA's name, such as TLS_AES_128_GCM_SHA256; not by OpenSSL's."""


class TlsCiphers(Claim):
    """The endpoint accepts no cipher suites but those that are allowed.

    The deep scan offers each suite that sslyze knows by itself, in each version from SSL 2.0 to TLS 1.3: about 160 in
    TLS 1.2. Suites that need a secret shared before (PSK, SRP), Kerberos or GOST, and a few that are hardly deployed,
    are not offered. A suite counts as accepted where two looks saw it, and all others must have been refused, not just
    left unanswered. Curves, certificates and the order of preference are not part of this claim.

    Attributes:
        mozilla: a configuration of Mozilla's "Server Side TLS", by name and version: `modern 5.7`, `intermediate 5.7`
            or `old 5.7`. It allows suites in the versions of TLS that it has, and no other version.
        allowed: or the suites themselves, by IANA's names.
    """

    mozilla: MozillaProfile | None = None
    allowed: Annotated[
        tuple[SuiteName, ...] | None,
        BeforeValidator(listed, json_schema_input_type=str | list[str] | None),
        Field(min_length=1),
    ] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.mozilla is None) == (self.allowed is None):
            raise ValueError("say either mozilla: or allowed:")
        return self

    def rule(self) -> _Rule:
        """The rule that it stands for."""
        if self.mozilla is not None:
            asked, name = CONFIGURATIONS[self.mozilla], f"Mozilla's {' profile, version '.join(self.mozilla.split())}"
            return _Rule(
                lambda version, suite: version in asked.versions and suite in asked.suites,
                f"which is not in {name}",
                f"suites of {name}",
            )
        allowed = frozenset(self.allowed or ())
        return _Rule(lambda _, suite: suite in allowed, "which is not allowed", "suites that are allowed")


@check("tls-ciphers")
def tls_ciphers(claim: TlsCiphers, scan: tls.Scan) -> Iterator[Finding]:
    yield from _every_suite(claim.rule(), scan)


class ForwardSecrecy(Claim):
    """Every cipher suite that the endpoint accepts agrees on its keys by an ephemeral Diffie-Hellman exchange.

    Then whoever gets the server's private key later cannot read what was recorded before. Suites are tried as for
    `tls-ciphers`. Those of TLS 1.3 have forward secrecy; of the older ones those with ECDHE or DHE, if a certificate
    authenticates them. How long the server keeps the keys of session tickets cannot be seen from outside.
    """


@check("forward-secrecy")
def forward_secrecy(claim: ForwardSecrecy, scan: tls.Scan) -> Iterator[Finding]:
    yield from _every_suite(_FORWARD_SECRECY, scan)
    yield note("How long the server keeps the keys of session tickets cannot be seen from outside")


_EPHEMERAL = ("TLS_ECDHE_", "TLS_DHE_")
_STATIC = ("TLS_RSA_", "TLS_DH_", "TLS_ECDH_", "TLS_PSK_", "TLS_KRB5_", "TLS_NULL_", "SSL_CK_")


def _forward_secret(version: TlsVersion, suite: str) -> bool | None:
    if version is TlsVersion.TLS1_3 or suite.startswith(_EPHEMERAL):
        return True
    return False if suite.startswith(_STATIC) else None


_FORWARD_SECRECY = _Rule(_forward_secret, "without forward secrecy", "suites with forward secrecy")


def _every_suite(rule: _Rule, scan: tls.Scan) -> Iterator[Finding]:
    yield from unlooked(scan.host, scan.per_address, scan.missing)
    for seen in scan.per_address:
        if isinstance(seen.versions, Unseen):
            yield unknown(seen.versions.sentence, about=seen.address)
        else:
            yield from _address(rule, at(scan.host, seen.address), seen.address, seen.versions)


def _address(rule: _Rule, where: str, about: str, seen: tuple[VersionLooks, ...]) -> Iterator[Finding]:
    """One address: each version by itself, then whether all of it is allowed."""
    accepted = {one.version: _accepted(one) for one in seen}
    control = any(accepted.values())
    wrong = [*_wrong(rule, where, about, seen), *_open(seen, control, where, about)]
    missing = [version for version in TlsVersion if version not in accepted]
    if missing:
        wrong.append(unknown(f"{where} was not tried with {', '.join(missing)}; run again to settle it", about=about))
    yield from wrong
    if not wrong and control:
        told = "; ".join(f"{version}: {', '.join(suites)}" for version, suites in accepted.items() if suites)
        text = f"{where} accepts only {rule.kept}. {told}. Every other suite that was offered was refused"
        yield holds(text, Assurance.OBSERVED, about=about)
    elif not wrong:
        yield unknown(f"{where} was not seen to accept any suite; run again to settle it", about=about)


def _accepted(looks: VersionLooks) -> tuple[str, ...]:
    """The suites that any look saw accepted."""
    return tuple(dict.fromkeys(suite for look in looks.looks for suite in look.suites))


def _wrong(rule: _Rule, where: str, about: str, seen: tuple[VersionLooks, ...]) -> Iterator[Finding]:
    """The suites that are not allowed: twice accepted they contradict, once they leave it open."""
    for one in seen:
        twice: list[str] = []
        once: list[str] = []
        unclassed: list[str] = []
        for suite in _accepted(one):
            allowed = rule.allows(one.version, suite)
            times = sum(suite in look.suites for look in one.looks)
            if allowed is None:
                unclassed.append(suite)
            elif not allowed:
                (twice if times > 1 else once).append(suite)
        if twice:
            yield broken(f"{where} accepts {_names(twice)} in {one.version}, {rule.breach}", about=about)
        elif once:
            text = f"{where} accepted {_names(once)} in {one.version}, {rule.breach}, in one look only"
            yield unknown(f"{text}. To settle it: run again", about=about)
        if unclassed:
            text = f"{where} accepts {_names(unclassed)} in {one.version}, of which it is not known here what it is"
            yield unknown(f"{text}. To settle it: ask the vendor for the key exchange of that suite", about=about)


def _open(seen: Iterable[VersionLooks], control: bool, where: str, about: str) -> Iterator[Finding]:
    """The versions of which it is not known that nothing else is accepted."""
    for one in seen:
        if _accepted(one):
            settled = any(look.complete for look in one.looks if look.suites)
        else:
            settled = one.agreed is Answer.REFUSED or (one.agreed is Answer.CLOSED and control)
        if not settled:
            said = ", ".join(
                dict.fromkeys(f"{reply.said} x {reply.times}" for look in one.looks for reply in look.replies)
            )
            more = "more suites" if _accepted(one) else "suites"
            text = f"{where} may accept {more} of {one.version} ({said or 'not tried'})"
            yield unknown(f"{text}. To settle it: run again", about=about)


def _names(suites: list[str]) -> str:
    """`TLS_A and TLS_B`, `TLS_A, TLS_B, TLS_C and 4 more`."""
    shown = suites[:_SHOWN]
    if len(suites) > _SHOWN:
        return f"{', '.join(shown)} and {len(suites) - _SHOWN} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


class PostQuantumGroup(enum.StrEnum):
    """Groups of TLS 1.3 in which ML-KEM takes part (draft-ietf-tls-ecdhe-mlkem, draft-ietf-tls-mlkem)."""

    X25519MLKEM768 = "X25519MLKEM768"
    SECP256R1MLKEM768 = "SecP256r1MLKEM768"
    SECP384R1MLKEM1024 = "SecP384r1MLKEM1024"
    MLKEM768 = "MLKEM768"
    MLKEM1024 = "MLKEM1024"


class PostQuantum(Claim):
    """The endpoint agrees on keys by a post-quantum group, if its client offers one.

    Asked by ClientHellos that offer groups without a key share: a HelloRetryRequest names the group that the server
    takes. It does not say that the vendor's own clients offer it, nor that a client without it is refused. These groups
    belong to TLS 1.3; an address that refuses it twice in so many words, and accepts another version, has none of them.
    Through a proxy, which may answer itself, it counts where a public authority vouches for the certificate shown.

    Attributes:
        group: `X25519MLKEM768`, `SecP256r1MLKEM768`, `SecP384r1MLKEM1024`, `MLKEM768` or `MLKEM1024`; without it any of
            them will do.
    """

    group: PostQuantumGroup | None = None

    def codes(self) -> tuple[int, ...]:
        """The code points that will do."""
        asked = [PostQuantumGroup(self.group)] if self.group else list(PostQuantumGroup)
        return tuple(Group[group.name].value for group in asked)


@check("post-quantum")
def post_quantum(claim: PostQuantum, offers: hello.Offers, case: Case) -> Iterator[Finding]:
    yield from unlooked(offers.host, offers.per_address, offers.missing)
    for seen in offers.per_address:
        where, about = at(offers.host, seen.address), seen.address
        if isinstance(seen.answers, Unseen):
            yield unknown(seen.answers.sentence, about=about)
        elif why := doubt(offers.way, offers.shown(about), offers.server_name or offers.host, case.anchors.public):
            yield unknown(f"{where} was asked {why}. {DIRECTLY}", about=about)
        else:
            yield _groups(claim.codes(), seen.answers, where, about)


def _groups(codes: tuple[int, ...], answers: hello.Answers, where: str, about: str) -> Finding:
    asked = [answer for answer in answers.groups if answer.group in codes]
    accepted = [answer for answer in asked if answer.decision is Decision.ACCEPTED]
    names = ", ".join(group_name(code) for code in codes)
    if accepted:
        took = ", ".join(group_name(answer.group) for answer in accepted)
        text = f"{where} takes the post-quantum group {took}. {_because(accepted[0])}"
        return holds(text, Assurance.OBSERVED, about=about)
    modern = next((answer for answer in answers.versions if answer.version is TlsVersion.TLS1_3), None)
    if modern is not None and modern.decision is Decision.REFUSED:
        return _without_tls_1_3(modern, answers.exchanges, where, about)
    if len(asked) == len(codes) and all(answer.decision is Decision.REFUSED for answer in asked):
        none = f"none of the post-quantum groups {names}" if len(codes) > 1 else f"not the post-quantum group {names}"
        text = f"{where} takes {none}. {_because(asked[0])}"
        return broken(text, Assurance.OBSERVED, about=about)
    if all(answer.decision is None for answer in asked):
        text = f"{where} was not asked for post-quantum groups. To settle it: write depth: full for this endpoint"
        return unknown(text, about=about)
    return unknown(f"Whether {where} takes {names} was not seen. To settle it: run again", about=about)


def _without_tls_1_3(modern: VersionAnswer, asked: Sequence[Exchange], where: str, about: str) -> Finding:
    """A refusal in so many words contradicts where it came twice, from an address that accepts another version."""
    refusals = [one for one in asked if one.offered is TlsVersion.TLS1_3 and one.refuses(TlsVersion.TLS1_3)]
    speaks = any(one.accepted for one in asked for refusal in refusals if one.named is refusal.named)
    text = f"{where} refuses TLS 1.3, which every post-quantum group needs. {_because(modern)}"
    if modern.because in _REPEATED or (len(refusals) > 1 and speaks):
        return broken(text, Assurance.OBSERVED, about=about)
    if not speaks:
        return unknown(f"{text}, and no version was accepted. To settle it: check that it speaks TLS", about=about)
    return unknown(f"{text}, but once only. To settle it: run again, with depth: full for this endpoint", about=about)


_REPEATED = (Because.EXHAUSTED, Because.CLOSED)
"""Refusals that are repeated, and controlled by accepted hellos, by the rules of the prober."""


def _because(answer: GroupAnswer | VersionAnswer) -> str:
    because = str(answer.because or "")
    return because[:1].upper() + because[1:]
