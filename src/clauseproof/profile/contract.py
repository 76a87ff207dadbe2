"""Ties a profile to the contract: each promise occurs in a document, each tested word in its promise."""

from collections.abc import Callable
from dataclasses import dataclass

from clauseproof.model.errors import LookFailed
from clauseproof.profile.documents import MAX_BYTES, read_document
from clauseproof.profile.problem import Problems, quote
from clauseproof.profile.prose import Passage, Prose, fold
from clauseproof.profile.tree import Node

_MAX_NEAREST = 10
"""How many nearest passages are looked for; each means reading the whole contract again."""


@dataclass(frozen=True)
class Found:
    """Where a promise stands: the id of the document, and `line 31` or `page 4` in it."""

    document: str
    passage: str


class Contract:
    """The documents of a contract, highest precedence first."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._documents: list[tuple[str, Prose]] = []
        self._complete = True
        self._nearest_left = _MAX_NEAREST

    @classmethod
    def read(cls, section: Node | None, read: Callable[[str, int], bytes], problems: Problems) -> "Contract":
        """Read every document; one that cannot be read is a problem, and then no missing promise is one."""
        contract = cls(problems)
        for entry in section.entries() if section else ():
            contract._add(entry, read)
        return contract

    def _add(self, entry: Node, read: Callable[[str, int], bytes]) -> None:
        name, file = entry.text_of("id"), entry.get("file")
        if name is None or file is None or file.text is None:
            self._complete = False
            return
        try:
            self._documents.append((name, read_document(read(file.text, MAX_BYTES))))
        except LookFailed as error:
            self._complete = False
            self._problems.add(file.spot, error.what, value=file.text, advice=error.what_to_do)

    def locate(self, clause: Node) -> Found:
        """Where the clause's promise stands; a promise that stands nowhere is a problem."""
        promise = clause.get("promise")
        if promise is None or promise.text is None or self._problems.has(promise.spot):
            return Found("", "")
        if not fold(promise.text):
            self._problems.add(promise.spot, "the promise has no words", value=promise.text)
            return Found("", "")
        for document, prose in self._documents:
            passage = prose.find(promise.text)
            if passage is not None:
                return Found(document, passage.label)
        if self._complete and self._documents:
            self._refuse(promise, promise.text)
        return Found("", "")

    def check_words(self, clause: Node) -> None:
        """Each `words` of a claim or of `untested` must occur in the clause's promise."""
        promise = clause.text_of("promise")
        if promise is None:
            return
        prose = Prose([Passage("", promise)])
        for words in _all_words(clause):
            if words.text is None or prose.find(words.text) is not None:
                continue
            near = self._nearest(prose, words.text)
            advice = f"the nearest is {quote(near.text, 160)}" if near else "quote the promise word for word"
            what = f"{quote(words.text)} does not occur in the promise"
            self._problems.add(words.spot, what, value=words.text, advice=advice)

    def _refuse(self, promise: Node, text: str) -> None:
        names = ", ".join(document for document, _ in self._documents)
        advice = "quote the contract word for word"
        for document, prose in self._documents:
            near = self._nearest(prose, text)
            if near:
                advice = f"the nearest passage is {document}, {near.label}: {quote(near.text, 240)}"
                break
        self._problems.add(
            promise.spot, f"the promise {quote(text)} does not occur in {names}", value=text, advice=advice
        )

    def _nearest(self, prose: Prose, text: str) -> Passage | None:
        if self._nearest_left <= 0:
            return None
        self._nearest_left -= 1
        return prose.nearest(text)


def _all_words(clause: Node) -> list[Node]:
    claims, untested = clause.get("claims"), clause.get("untested")
    holders = [inner for claim in (claims.entries() if claims else ()) for _, inner in claim.members()]
    holders += untested.entries() if untested else []
    return [words for holder in holders if (words := holder.get("words")) is not None]
