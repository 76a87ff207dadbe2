"""Which claims can be made about which subjects: those whose facts some probe serves."""

from clauseproof.engine.registry import Check, Need, Registry, Shape
from clauseproof.model.facts import Facts
from clauseproof.model.subject import Subject


class Wiring:
    """Answers, once for each pair, whether a check can ever see what it needs of a subject."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[tuple[str, type[Subject]], type[Facts] | None] = {}

    def gap(self, check: Check, subject: type[Subject]) -> type[Facts] | None:
        """The first facts the check cannot do without and no probe gives for such a subject; None if all are served.

        Where it could do without each, one of them must be served: otherwise there is nothing to judge.
        """
        key = (check.kind, subject)
        if key not in self._known:
            self._known[key] = self._find_gap(check, subject)
        return self._known[key]

    def words_for(self, check: Check) -> list[str]:
        """The profile's words for the subjects this check can be used on."""
        return sorted(
            word
            for word, classes in self._registry.subjects.items()
            if any(self.gap(check, subject) is None for subject in classes)
        )

    def _find_gap(self, check: Check, subject: type[Subject]) -> type[Facts] | None:
        present = [need for need in check.needs if need.shape is not Shape.PAST]
        required = [need for need in present if not need.optional]
        if required or not present:
            return self._unserved(required, subject, frozenset())
        gaps = [self._unserved([need], subject, frozenset()) for need in present]
        return None if None in gaps else gaps[0]

    def _unserved(self, needs: list[Need], subject: type[Subject], above: frozenset[type[Facts]]) -> type[Facts] | None:
        for need in needs:
            if need.facts in above:
                continue  # a circle, which planning refuses
            probe = self._registry.probe_for(subject, need.facts)
            if probe is None:
                return need.facts
            inner = [further for further in probe.needs if not further.optional]
            missing = self._unserved(inner, subject, above | {need.facts})
            if missing is not None:
                return missing
        return None
