"""What exchanges with one address prove. Pure: from what came back to accepted, refused or unknown.

Versions:

1. A ServerHello proves that its version is accepted. Nothing else does.
2. A `protocol_version` alert refuses the version that was offered; so does a ServerHello of an older one, since the
   server takes the newest that it knows (RFC 5246, appendix E.1). Either speaks for every version that the offer
   included and that was not offered by itself.
3. The alerts `handshake_failure` and `insufficient_security` may mean the suites, and a closed connection may mean
   anything. They refuse a version only where they came twice or more, over all suites of its era with all groups and
   signature schemes, and the same address accepted another hello before and after them, all within `WINDOW_S`: so it
   was neither the suites nor our address. Closed connections may still be a limit's doing, which lets in one now and
   one then: they count only if, twice, they came first after a quiet time, and an accepted hello after them sooner
   than that time had lasted: whatever limit lets that one in had let in the first.
4. Silence never refuses, nor does a connection that was not made, nor any other alert.

Groups of TLS 1.3: a HelloRetryRequest proves that a group is accepted. It is refused where two hellos that offered it
among others were answered by an alert of rule 3, and a hello of the same shape with another group was accepted before
and after.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from clauseproof.facts.codepoints import Alert, Group
from clauseproof.facts.hello import (
    Because,
    Decision,
    Exchange,
    GroupAnswer,
    Nameless,
    Reply,
    SuiteList,
    VersionAnswer,
)
from clauseproof.facts.tls import TlsVersion

WINDOW_S = 60.0
"""The longest time over which an accepted hello vouches for a refused one."""
QUIET_S = 0.5
"""The shortest time between two exchanges that is a quiet one."""
_DISAGREEMENT = (Alert.HANDSHAKE_FAILURE, Alert.INSUFFICIENT_SECURITY)
_PARTS = {SuiteList.PART_1, SuiteList.PART_2, SuiteList.PART_3}


def disagrees(exchange: Exchange) -> bool:
    """Whether an alert says that nothing in the hello was agreeable."""
    return exchange.reply is Reply.ALERT and exchange.alert in _DISAGREEMENT


def negative(exchange: Exchange) -> bool:
    """Whether an answer refuses if rule 3 is met: an alert of its kind, or an end without a reason."""
    ended = exchange.reply in (Reply.CLOSED, Reply.RESET)
    return ended or disagrees(exchange) or exchange.alert == Alert.CLOSE_NOTIFY


def exhausted(direct: Iterable[Exchange]) -> bool:
    """Whether at least two negative answers cover all suites of the era."""
    lists = [exchange.suites for exchange in direct if negative(exchange)]
    return len(lists) > 1 and (SuiteList.WHOLE in lists or _PARTS.issubset(lists))


def controlled(asked: Sequence[Exchange], controls: Iterable[Exchange]) -> bool:
    """Whether an accepted hello began before the last of `asked`, another after its end, and all within the window."""
    last = max(asked, key=lambda exchange: exchange.at_s)
    first_s, ended_s = min(exchange.at_s for exchange in asked), last.at_s + last.took_s
    accepted = [exchange.at_s for exchange in controls if exchange.accepted]
    before = any(last.at_s - WINDOW_S <= at_s < last.at_s for at_s in accepted)
    return before and any(ended_s <= at_s <= first_s + WINDOW_S for at_s in accepted)


def decide_version(version: TlsVersion, log: Sequence[Exchange]) -> VersionAnswer:
    """What an address does with a version; `log` holds the exchanges with, or those without, a server name."""
    times = len([exchange for exchange in log if exchange.accepted is version])
    if times:
        return VersionAnswer(
            version=version, decision=Decision.ACCEPTED, because=Because.HELLO, times=times, covered_by=None
        )
    direct = [exchange for exchange in log if exchange.offered is version and exchange.groups is None]
    covering = [] if direct else [exchange for exchange in log if version < exchange.offered <= TlsVersion.TLS1_2]
    because = _refused(version, direct, log)
    covered_by = None
    for exchange in covering:
        if because is None and (because := exchange.refuses(version)) is not None:
            covered_by = exchange.offered
    decision = Decision.REFUSED if because else Decision.UNKNOWN
    return VersionAnswer(version=version, decision=decision, because=because, times=0, covered_by=covered_by)


def _refused(version: TlsVersion, direct: Sequence[Exchange], log: Sequence[Exchange]) -> Because | None:
    for exchange in direct:
        if (because := exchange.refuses(version)) is not None:
            return because
    refusals = [exchange for exchange in direct if negative(exchange)]
    if not exhausted(refusals) or not controlled(refusals, log):
        return None
    if all(map(disagrees, refusals)):
        return Because.EXHAUSTED
    times = sum(any(exchange in burst for exchange in refusals) for burst in _unlimited(log))
    return Because.CLOSED if times > 1 else None


def _unlimited(log: Iterable[Exchange]) -> Iterator[list[Exchange]]:
    """Refusals one after the other that no limit of connections explains, by rule 3."""
    ordered = sorted(log, key=lambda exchange: exchange.at_s)
    ended_s, until = ordered[0].at_s if ordered else 0.0, 0
    for number, first in enumerate(ordered):
        quiet_s, ended_s = first.at_s - ended_s, max(ended_s, first.at_s + first.took_s)
        if number < until or quiet_s < QUIET_S:
            continue
        burst = list(takewhile(negative, ordered[number:]))
        following = ordered[number + len(burst) :]
        if following and following[0].accepted and following[0].at_s - first.at_s <= quiet_s:
            until = number + len(burst)
            yield burst


def decide_group(group: int, log: Sequence[Exchange]) -> GroupAnswer:
    """What an address does with a group."""
    for exchange in log:
        if exchange.accepted and exchange.group == group:
            because = Because.RETRY if exchange.reply is Reply.RETRY else Because.HELLO
            return GroupAnswer(group=group, decision=Decision.ACCEPTED, because=because)
    asked = [exchange for exchange in log if exchange.groups is not None]
    offering = [exchange for exchange in asked if group in (exchange.groups or ())]
    refusals = [exchange for exchange in offering if disagrees(exchange)]
    if len(refusals) > 1 and controlled(refusals, asked):
        return GroupAnswer(group=group, decision=Decision.REFUSED, because=Because.GROUP_ALERT)
    return GroupAnswer(group=group, decision=Decision.UNKNOWN if offering else None, because=None)


def decide_groups(log: Sequence[Exchange]) -> tuple[GroupAnswer, ...]:
    """The groups that were asked about, or chosen without."""
    named = {group for exchange in log for group in (*(exchange.groups or ()), exchange.group)}
    return tuple(decide_group(group, log) for group in Group if group in named)


def decide_nameless(log: Sequence[Exchange], certificate: bytes | None) -> Nameless | None:
    """What the exchanges without a server name show; None where there are none."""
    if not log:
        return None
    chosen = [exchange.accepted for exchange in log if exchange.accepted]
    if chosen:
        oldest = min(chosen)
        times, decision, because = chosen.count(oldest), Decision.ACCEPTED, Because.HELLO
        return Nameless(decision=decision, because=because, accepted=oldest, times=times, certificate=certificate)
    refused = any(exchange.refuses(exchange.offered) for exchange in log)
    return Nameless(
        decision=Decision.REFUSED if refused else Decision.UNKNOWN,
        because=Because.VERSION_ALERT if refused else None,
        accepted=None,
        times=0,
        certificate=None,
    )
