"""The claims of a clause: one kind each, on which subjects, testing which words."""

from collections.abc import Mapping
from dataclasses import dataclass

from clauseproof.engine.registry import Check, Registry
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.profile import ClaimUse, Place
from clauseproof.model.subject import Subject
from clauseproof.profile.problem import Problems, quote
from clauseproof.profile.tree import Node
from clauseproof.profile.validation import validate
from clauseproof.profile.wiring import Wiring

RESERVED = ("where", "words")
"""Keys of a claim that belong to the profile, not to the claim's own class."""


@dataclass(frozen=True)
class Deployment:
    """The subjects of a profile: the names declared, and those that could be typed."""

    names: frozenset[str]
    typed: Mapping[str, Subject]


class ClaimReader:
    """Types the claims of one profile by the registry."""

    def __init__(self, registry: Registry, deployment: Deployment, atlas: Atlas, problems: Problems) -> None:
        self._registry = registry
        self._wiring = Wiring(registry)
        self._deployment = deployment
        self._atlas = atlas
        self._problems = problems

    def read(self, clause: Node) -> tuple[ClaimUse, ...]:
        """The claims of a clause, those that are right; what is wrong with the others goes to the problems."""
        section = clause.get("claims")
        uses = [use for entry in (section.entries() if section else ()) if (use := self._claim(entry))]
        self._refuse_twins(uses)
        return tuple(uses)

    def _claim(self, entry: Node) -> ClaimUse | None:
        kinds = list(entry.members())
        if len(kinds) != 1:
            self._refuse_shape(entry, [kind for kind, _ in kinds])
            return None
        ((kind, node),) = kinds
        check = self._registry.checks.get(kind)
        if check is None:
            what = f"no check knows the claim {quote(kind)}"
            self._problems.add(node.name, what, value=kind, choices=sorted(self._registry.checks))
            return None
        if not isinstance(node.value, dict):
            self._problems.add(node.spot, f"{kind} needs a mapping", advice=f"write {kind}: {{where: [SUBJECT]}}")
            return None
        where = self._where(check, node)
        claim = validate(check.claim, node, self._problems, without=RESERVED, atlas=self._atlas)
        if claim is None or not where:
            return None
        return ClaimUse(kind, claim, where, self._words(node), Place(self._problems.file, *node.name))

    def _refuse_shape(self, entry: Node, kinds: list[str]) -> None:
        if not kinds:
            if self._problems.has(entry.spot):
                return
            advice = "write it as a mapping, such as tls-floor: {where: [api]}"
            self._problems.add(entry.spot, "a claim is a mapping of its kind to its keys", advice=advice)
            return
        second = entry.at([kinds[1]]).name
        what = f"{quote(kinds[1])} is a second claim in the entry of {quote(kinds[0])}"
        advice = "begin it with a dash of its own, or indent it if it is a key of the claim"
        self._problems.add(second, what, value=kinds[1], advice=advice)

    def _words(self, node: Node) -> str | None:
        words = node.get("words")
        if words is None:
            return None
        if words.text is None:
            self._problems.add(words.spot, "words must be a text of the promise")
        return words.text

    def _where(self, check: Check, node: Node) -> tuple[str, ...]:
        """The subjects named, if all of them can be used for this check."""
        where = node.get("where")
        if where is None:
            self._problems.add(node.spot, "'where' is missing", advice="name the subjects this claim is about")
            return ()
        entries = [where] if where.text else where.entries()
        if not entries:
            self._problems.add(where.spot, "where names no subject", advice="a claim about nothing proves nothing")
            return ()
        good = [self._is_usable(check, entry) for entry in entries]
        names: set[str] = set()
        for entry in entries:
            if entry.text in names:
                self._problems.add(entry.spot, f"{quote(entry.text or '')} is named twice", value=entry.text)
            names.add(entry.text or "")
        return tuple(entry.text or "" for entry in entries) if all(good) else ()

    def _is_usable(self, check: Check, entry: Node) -> bool:
        name = entry.text
        if name is None or name not in self._deployment.names:
            what = f"{quote(name)} is no subject of this profile" if name else "a subject is named by a text"
            self._problems.add(entry.spot, what, value=name, choices=sorted(self._deployment.names))
            return False
        subject = self._deployment.typed.get(name)
        if subject is None:
            return False  # its own fault is told where it stands
        gap = self._wiring.gap(check, type(subject))
        if gap is None:
            return True
        words = self._wiring.words_for(check)
        self._problems.add(
            entry.spot,
            f"{check.kind} needs {gap.kind}, which no probe gives for {quote(name)} ({subject.key})",
            value=name,
            advice=f"it can be used on: {', '.join(words)}" if words else "no probe loaded gives it for any subject",
        )
        return False

    def _refuse_twins(self, uses: list[ClaimUse]) -> None:
        """Two claims whose verdicts nobody could tell apart."""
        seen: dict[tuple[str, str, str | None], ClaimUse] = {}
        for use in uses:
            for name in use.where:
                first = seen.setdefault((use.kind, name, use.words), use)
                if first is not use:
                    what = f"{use.kind} on {quote(name)} stands here again, first in line {first.place.line}"
                    spot = (use.place.line, use.place.column)
                    self._problems.add(spot, what, value=use.kind, advice="give each the words it tests, or keep one")
                    break
