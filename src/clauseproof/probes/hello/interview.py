"""Asks one address everything that the plan wants to know."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clauseproof.facts.hello import AddressOffers, Answers, Exchange, Reply
from clauseproof.facts.manner import Depth
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes.hello.answer import Flight
from clauseproof.probes.hello.ask import ask
from clauseproof.probes.hello.decide import decide_groups, decide_nameless, decide_version
from clauseproof.probes.hello.message import RANDOM_BYTES, X25519_BYTES, Hello, group_offer, version_offer
from clauseproof.probes.hello.plan import VERSIONS, Question, Scope, next_questions
from clauseproof.probes.hello.record import exchange, worth_keeping
from clauseproof.probes.hello.serverhello import Accepted
from clauseproof.probes.hop import NoStart
from clauseproof.probes.passage import NoConnection, Passage


@dataclass(frozen=True)
class Manner:
    """How an endpoint is asked.

    Attributes:
        server_name: the name to send; None where there is none.
    """

    passage: Passage
    server_name: str | None
    depth: Depth


@dataclass
class Interview:
    """The hellos to one address and their answers.

    Attributes:
        ends_s: when it must be over, by the running loop's clock; what is open then stays unknown.
        keep: stores an answer's bytes, returns their digest.
    """

    address: str
    manner: Manner
    ends_s: float
    keep: Callable[[bytes], str]
    log: list[Exchange] = field(default_factory=list)
    certificate: bytes | None = None
    failure: NoConnection | NoStart | None = None

    async def hold(self) -> AddressOffers:
        """Ask until the plan has no more questions, or there is no more time."""
        loop = asyncio.get_running_loop()
        self._started_s = loop.time()
        self._x25519 = os.urandom(X25519_BYTES)  # nobody has the private half: no handshake is finished
        scope = Scope(self.manner.depth is Depth.FULL, named=self.manner.server_name is not None)
        while loop.time() < self.ends_s and (questions := next_questions(self.log, scope)):
            self.log += await self._ask_all(questions)
        return AddressOffers(address=self.address, answers=self._answers(scope), connections=_connections(self.log))

    async def _ask_all(self, questions: Sequence[Question]) -> Sequence[Exchange]:
        if len(questions) == 1:
            return [await self._ask(questions[0])]  # without a task of its own
        return await asyncio.gather(*map(self._ask, questions))

    async def _ask(self, question: Question) -> Exchange:
        if question.after_s:
            await asyncio.sleep(question.after_s)
        flight = Flight(self._hello(question), certificate=self._nameless(question))
        heard = await ask(self.manner.passage, self.address, flight, self.ends_s)
        if isinstance(heard.answer, NoConnection | NoStart):
            self.failure = heard.answer
        if self._nameless(question) and isinstance(heard.answer, Accepted):
            self.certificate = heard.answer.certificate or self.certificate
        raw = self.keep(bytes(flight.raw)) if worth_keeping(heard.answer) else None
        return exchange(question, heard, self._started_s, raw)

    def _nameless(self, question: Question) -> bool:
        return self.manner.server_name is not None and not question.named

    def _hello(self, question: Question) -> Hello:
        name = self.manner.server_name if question.named else None
        if question.groups is not None:
            offer = group_offer(question.groups, name)
        else:
            offer = version_offer(question.offered, question.suites, name, self._x25519)
        return Hello(offer, os.urandom(RANDOM_BYTES), os.urandom(RANDOM_BYTES))

    def _answers(self, scope: Scope) -> Answers | Unseen:
        nothing = self._nothing()
        if nothing is not None:
            return nothing
        asked = [one for one in self.log if one.named is scope.named]
        nameless = [one for one in self.log if one.named is not scope.named]
        return Answers(
            versions=tuple(decide_version(version, asked) for version in reversed(VERSIONS)),
            nameless=decide_nameless(nameless, self.certificate),
            groups=decide_groups(asked),
            exchanges=tuple(self.log),
        )

    def _nothing(self) -> Unseen | None:
        """Why no hello was sent at all."""
        if self.failure is not None and all(one.reply in (Reply.NO_CONNECTION, Reply.NO_START) for one in self.log):
            return self.manner.passage.failed(self.address, self.failure).unseen()
        if self.log:
            return None
        where = self.manner.passage.where(self.address)
        return Unseen(reason=Reason.DEADLINE, text=f"there was no time to ask {where}", remedy="run again")


def _connections(log: Sequence[Exchange]) -> int:
    return sum(one.reply is not Reply.NO_CONNECTION for one in log)
