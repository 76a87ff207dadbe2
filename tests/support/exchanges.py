"""Exchanges written down by hand, and looks at servers that exist on paper only."""

from collections.abc import Callable

from clauseproof.facts.hello import Exchange, Reply, SuiteList
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.plan import Question, Scope, next_questions

Said = tuple[Reply, TlsVersion | int | None]
"""A reply with the version chosen or the alert's number."""

SILENT: Said = (Reply.SILENT, None)
CLOSED: Said = (Reply.CLOSED, None)
RESET: Said = (Reply.RESET, None)
GARBAGE: Said = (Reply.GARBAGE, None)
NO_CONNECTION: Said = (Reply.NO_CONNECTION, None)


def alert(code: int) -> Said:
    return (Reply.ALERT, code)


def chose(version: TlsVersion) -> Said:
    return (Reply.HELLO, version)


def exchange(
    question: Question, said: Said, at_s: float = 0.0, took_s: float = 0.01, group: int | None = None
) -> Exchange:
    """One line of a look."""
    reply, what = said
    return Exchange(
        offered=question.offered,
        named=question.named,
        suites=question.suites,
        groups=question.groups,
        at_s=at_s,
        took_s=took_s,
        reply=reply,
        version=what if isinstance(what, TlsVersion) else None,
        suite=None,
        group=group,
        alert=what if isinstance(what, int) else None,
        detail="",
        raw=None,
    )


def asked(offered: TlsVersion, said: Said, at_s: float = 0.0, suites: SuiteList = SuiteList.USUAL) -> Exchange:
    """A question about a version with a server name, and its answer."""
    return exchange(Question(offered, True, suites), said, at_s)


Server = Callable[[Question, int], Said | tuple[Said, int]]
"""Answers the n-th question; with a group where it names one."""


def _apart(answer: Said | tuple[Said, int]) -> tuple[Said, int | None]:
    match answer:
        case (Reply() as reply, what):
            return (reply, what), None
        case (said, group):
            return said, group


def play(server: Server, scope: Scope, apart_s: float = 0.1) -> list[Exchange]:
    """A whole look: questions of one round at the same time, rounds so far apart and as far as they ask for."""
    log: list[Exchange] = []
    while questions := next_questions(log, scope):
        at_s = round(log[-1].at_s + apart_s + questions[0].after_s, 6) if log else 0.0
        for question in questions:
            answer = server(question, len(log))
            said, group = _apart(answer)
            log.append(exchange(question, said, at_s, group=group))
    return log
