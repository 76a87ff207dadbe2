"""From a question and what came of it to the line that is kept. Pure."""

from typing import NamedTuple

from clauseproof.facts.codepoints import Alert
from clauseproof.facts.hello import Exchange, Reply
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.answer import Ambiguous, Answer, Closed, Garbage, Refused, Silent
from clauseproof.probes.hello.ask import Heard
from clauseproof.probes.hello.plan import Question
from clauseproof.probes.hello.serverhello import Accepted
from clauseproof.probes.hello.suites import suite_name
from clauseproof.probes.hop import NoStart
from clauseproof.probes.passage import NoConnection

_MOST_DETAIL = 200


class _Said(NamedTuple):
    """The fields of an exchange that depend on the answer."""

    reply: Reply
    version: TlsVersion | None = None
    suite: str | None = None
    group: int | None = None
    alert: int | None = None
    detail: str = ""


def exchange(question: Question, heard: Heard, started_s: float, raw: str | None) -> Exchange:
    """The line of one exchange; `started_s` is the loop's time when the look began, `raw` the digest of the answer."""
    said = _said(heard.answer)
    return Exchange(
        offered=question.offered,
        named=question.named,
        suites=question.suites,
        groups=question.groups,
        at_s=round(heard.began_s - started_s, 6),
        took_s=round(heard.ended_s - heard.began_s, 6),
        reply=said.reply,
        version=said.version,
        suite=said.suite,
        group=said.group,
        alert=said.alert,
        detail=said.detail[:_MOST_DETAIL],
        raw=raw,
    )


def worth_keeping(answer: Answer | NoConnection | NoStart) -> bool:
    """Whether an answer's bytes are kept: somebody may read them in another way."""
    return isinstance(answer, (Ambiguous, Garbage))


def _said(answer: Answer | NoConnection | NoStart) -> _Said:
    match answer:
        case Accepted():
            reply = Reply.RETRY if answer.retry else Reply.HELLO
            return _Said(reply, answer.version, suite_name(answer.suite), answer.group)
        case Refused():
            return _Said(Reply.ALERT, alert=Alert.PROTOCOL_VERSION)
        case Ambiguous():
            return _Said(Reply.ALERT, alert=answer.alert)
        case Closed():
            return _Said(Reply.RESET if answer.reset else Reply.CLOSED)
        case Silent():
            return _Said(Reply.SILENT)
        case Garbage():
            return _Said(Reply.GARBAGE, detail=answer.reason)
        case NoStart():
            return _Said(Reply.NO_START, detail=answer.why)
        case NoConnection():
            return _Said(Reply.NO_CONNECTION, detail=answer.why)
