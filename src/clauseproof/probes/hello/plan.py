"""Which hellos to send next, given what the ones so far were answered with. Pure, so that few connections suffice.

A fast look begins with two hellos: TLS 1.3 alone, and up to TLS 1.2. A full one offers each version by itself as the
newest, and up to TLS 1.2 without a server name. What these leave open is followed up: a version before TLS 1.3 that
was accepted is asked for a second time, and so, in a full look, is TLS 1.3 where it was refused; an answer that may be
a fault of the moment is tried again; a refusal that may mean the suites is tried with all of them, in parts where the
server dislikes so long a hello; an accepted hello after the last refusal shows that the address still answers; and
what closed connections seem to refuse is tried again after a quiet time, since a limit of connections closes them as
well. Groups are asked for by elimination: all of them first, then without the one that the server chose, until it
refuses.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from clauseproof.facts.codepoints import Group
from clauseproof.facts.hello import Decision, Exchange, Reply, SuiteList
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.decide import (
    QUIET_S,
    controlled,
    decide_version,
    disagrees,
    exhausted,
    negative,
)

MOST_CONNECTIONS = 40
"""Connections to one address in one look. Most servers need 2 to 4 for a fast look, about a dozen for a full one."""
VERSIONS = tuple(reversed([version for version in TlsVersion if version > TlsVersion.SSL2_0]))
"""What offers are made for, newest first. SSL 2.0 has a hello of its own form and is left to the deep scan."""
_PARTS = (SuiteList.PART_1, SuiteList.PART_2, SuiteList.PART_3)
_TRIES = 2
_QUIET_TRIES = 3
_QUIET_MARGIN = 1.1


class Question(NamedTuple):
    """One hello; see `Exchange` for the fields. `after_s`: how long nothing is to be sent before it."""

    offered: TlsVersion
    named: bool
    suites: SuiteList = SuiteList.USUAL
    groups: tuple[int, ...] | None = None
    after_s: float = 0.0


class Scope(NamedTuple):
    """How deep to look, and whether the endpoint has a server name to send."""

    full: bool
    named: bool


def next_questions(log: Sequence[Exchange], scope: Scope) -> tuple[Question, ...]:
    """The hellos to send at once; none where the look is over."""
    opening = tuple(_opening(scope))
    if not log:
        return opening
    if all(exchange.reply in (Reply.NO_CONNECTION, Reply.NO_START) for exchange in log):
        return opening[:1] if len(log) == len(opening) else ()
    asked = [exchange for exchange in log if exchange.named is scope.named]
    nameless = [exchange for exchange in log if exchange.named is not scope.named]
    versions = [*_versions(asked)]
    open_ = [*versions, *_groups(asked, scope)]
    if not any(map(_wants_control, versions)):
        open_ += [*_second_looks(asked), *_second_looks(nameless), *_second_refusal(asked, scope)]
    wanted = dict.fromkeys(open_ or [*_control(asked)] or _quiet_tries(asked))
    return tuple(wanted)[: max(0, MOST_CONNECTIONS - len(log))]


def _opening(scope: Scope) -> Iterator[Question]:
    for version in VERSIONS if scope.full else VERSIONS[:2]:
        yield Question(version, scope.named)
    if scope.full and scope.named:
        yield Question(TlsVersion.TLS1_2, False)


def _versions(asked: Sequence[Exchange]) -> Iterator[Question]:
    """What must still be tried for a version; one that no offer spoke for is offered, the newest of these first."""
    for version in VERSIONS:
        if decide_version(version, asked).decision is not Decision.UNKNOWN:
            continue
        direct = [exchange for exchange in asked if exchange.offered is version and exchange.groups is None]
        if not direct:
            yield Question(version, asked[0].named)
            return
        for suites in _lists(direct):
            yield Question(version, asked[0].named, suites)


def _wants_control(question: Question) -> bool:
    """Whether a refusal will count only if an accepted hello follows: a second look is one, and waits for it.

    SSL 3.0 knows no `protocol_version` alert (RFC 6101, section 5.4.2).
    """
    return question.offered is TlsVersion.SSL3_0 or question.suites is not SuiteList.USUAL


def _lists(direct: Sequence[Exchange]) -> Iterator[SuiteList]:
    """The lists of suites that a version is still to be offered with."""
    tried = [exchange.suites for exchange in direct]
    refused = {exchange.suites for exchange in direct if negative(exchange)}
    if SuiteList.USUAL not in refused:
        if tried.count(SuiteList.USUAL) < _TRIES:
            yield SuiteList.USUAL
    elif SuiteList.WHOLE not in tried:
        yield SuiteList.WHOLE
    elif SuiteList.WHOLE not in refused:
        yield from (part for part in _PARTS if part not in tried)


def _second_looks(asked: Sequence[Exchange]) -> Iterator[Question]:
    """Offers of the versions before TLS 1.3 that were accepted and looked at once."""
    accepted = [exchange for exchange in asked if exchange.accepted]
    for version in VERSIONS[1:]:
        chosen = [exchange for exchange in accepted if exchange.accepted is version]
        if len(chosen) != 1:
            continue
        (once,) = chosen
        if not any(exchange.offered is version and exchange.at_s > once.at_s for exchange in asked):
            yield Question(version, once.named, once.suites)


def _second_refusal(asked: Sequence[Exchange], scope: Scope) -> Iterator[Question]:
    """TLS 1.3, where one answer refused it in so many words: to refuse it may contradict a contract by itself."""
    modern = TlsVersion.TLS1_3
    direct = [exchange for exchange in asked if exchange.offered is modern and exchange.groups is None]
    if scope.full and decide_version(modern, asked).decision is Decision.REFUSED:
        refusals = [exchange for exchange in direct if exchange.refuses(modern)]
        if refusals == direct[-1:]:
            yield Question(modern, scope.named)


def _groups(asked: Sequence[Exchange], scope: Scope) -> Iterator[Question]:
    """The next step of the elimination, then a hello that is accepted after the refusals."""
    if not scope.full or not any(exchange.accepted is TlsVersion.TLS1_3 for exchange in asked):
        return
    steps = [exchange for exchange in asked if exchange.groups is not None]
    groups = _next_groups(steps)
    if groups:
        yield Question(TlsVersion.TLS1_3, scope.named, SuiteList.USUAL, groups)


def _next_groups(steps: Sequence[Exchange]) -> tuple[int, ...]:
    if not steps:
        return tuple(Group)
    last = steps[-1]
    rest = last.groups or ()
    found = [exchange.group for exchange in steps if exchange.reply is Reply.RETRY and exchange.group is not None]
    if last.reply is Reply.RETRY and last.group in rest:
        once_more = len(set(found)) < len(found)
        return () if once_more else tuple(group for group in rest if group != last.group)
    if sum(exchange.groups == rest for exchange in steps) < _TRIES:
        return rest
    return (found[0],) if disagrees(last) and found and rest != (found[0],) else ()


def _control(asked: Sequence[Exchange]) -> Iterator[Question]:
    """What is missing for a refusal: to be asked once more after an accepted hello, or an accepted hello after it."""
    accepted = [exchange for exchange in asked if exchange.accepted and exchange.groups is None]
    if not accepted:
        return
    refused = [refusals for version in VERSIONS if (refusals := _uncontrolled(version, asked))]
    first_s = min(exchange.at_s for exchange in accepted)
    early = [_again(refusals[-1], refusals) for refusals in refused if max(e.at_s for e in refusals) <= first_s]
    anew = [question for question in early if sum(_asks(question, one) for one in asked) < _TRIES]
    yield from anew
    ended_s = max((one.at_s + one.took_s for refusals in refused for one in refusals), default=0.0)
    newest = max(accepted, key=lambda exchange: exchange.accepted or "")
    control = _again(newest, [newest])
    if refused and not anew and not any(one.at_s >= ended_s and _asks(control, one) for one in asked):
        yield control


def _again(exchange: Exchange, tried: Iterable[Exchange]) -> Question:
    """The offer of an exchange once more, with the longest list of suites that was tried."""
    return Question(exchange.offered, exchange.named, max((one.suites for one in tried), key=[*SuiteList].index))


def _asks(question: Question, exchange: Exchange) -> bool:
    return (exchange.offered, exchange.suites, exchange.groups) == (question.offered, question.suites, None)


def _uncontrolled(version: TlsVersion, asked: Sequence[Exchange]) -> list[Exchange]:
    """The refusals of a version over all suites, where the address is not known to have answered meanwhile."""
    refusals = [e for e in asked if e.offered is version and e.groups is None and negative(e)]
    if not exhausted(refusals) or controlled(refusals, asked):
        return []
    return refusals if decide_version(version, asked).decision is Decision.UNKNOWN else []


def _quiet_tries(asked: Sequence[Exchange]) -> Iterator[Question]:
    """The versions that closed connections seem to refuse, all at once after a quiet time, each time a longer one."""
    wanted = {version: suites for version in VERSIONS if (suites := _seemingly_refused(version, asked)) is not None}
    tries = [sum(e.offered is version and e.suites is suites for e in asked) for version, suites in wanted.items()]
    for (version, suites), times in zip(wanted.items(), tries, strict=True):
        if times <= _QUIET_TRIES:
            yield Question(version, asked[0].named, suites, after_s=_QUIET_MARGIN * QUIET_S * max(tries))


def _seemingly_refused(version: TlsVersion, asked: Sequence[Exchange]) -> SuiteList | None:
    """The list to try a version with once more, where only a quiet time is missing for a refusal."""
    refusals = [e for e in asked if e.offered is version and e.groups is None and negative(e)]
    if not exhausted(refusals) or decide_version(version, asked).decision is not Decision.UNKNOWN:
        return None
    return _again(refusals[-1], refusals).suites if controlled(refusals, asked) else None
