"""Judging a recorded run again, without a look: for another contract, date or jurisdiction, or to verify it."""

import secrets as random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from clauseproof.engine.judge import Court, Judge, waive
from clauseproof.engine.plan import Item, Plan, items_of
from clauseproof.engine.run import Setting, keep
from clauseproof.engine.snapshot import profile_record
from clauseproof.ledger.keys import Signer
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.write import LedgerWriter
from clauseproof.model.run import JudgedFrom, RunRecord
from clauseproof.model.verdict import Because, Verdict


@dataclass(frozen=True)
class Rejudgement:
    """A recorded run and the setting to judge it in; `now` is the time the verdicts speak of."""

    reader: LedgerReader
    setting: Setting
    now: datetime

    def verdicts(self) -> Iterator[Verdict]:
        """The verdicts that the record yields, then copies of those that marked plain tests gave."""
        recorded = self.reader.verdicts()
        left_out = {verdict.identity for verdict in recorded if verdict.because is Because.LEFT_OUT}
        court = Court(self.now, self.setting.atlas, self.setting.anchors)
        yield from Judge(self._plan(left_out), self.reader, court).verdicts()
        for verdict in recorded:
            if not verdict.replayable:
                bare = replace(verdict, ruling=verdict.waived_from or verdict.ruling, waiver=None, waived_from=None)
                yield waive(bare, self.setting.profile.waivers, self.now)

    def write(
        self, directory: Path, signer: Signer | None, render: Callable[[LedgerReader], bytes], manifest: str | None
    ) -> tuple[Verdict, ...]:
        """Write the re-judgement as a run of its own, observations and artifacts copied byte for byte."""
        ledger = LedgerWriter.create(directory, self._record(None, manifest))
        ledger.adopt(self.reader)
        kept = keep(self.setting, ledger)
        verdicts = tuple(self.verdicts())
        for verdict in verdicts:
            ledger.verdict(verdict)
        record = self._record(datetime.now(UTC), manifest).model_copy(
            update={
                "files": {**self.reader.record.files, **kept.files},
                "atlas": kept.atlas,
                "tls_anchors": kept.tls,
                "hsm_anchors": kept.hsm,
                "dnssec_anchors": kept.dnssec,
            }
        )
        ledger.update(record)
        ledger.finish(record, signer, render(LedgerReader.open(directory)))
        return verdicts

    def _plan(self, left_out: set[tuple[str, str, tuple[str, ...], str | None]]) -> Plan:
        items = list(items_of(self.setting.profile, self.setting.registry))
        skipped = tuple(item for item in items if _identity(item) in left_out)
        chosen = tuple(item for item in items if _identity(item) not in left_out)
        return Plan(self.setting.profile, self.setting.registry, chosen, skipped, self.reader.record.vantages)

    def _record(self, finished: datetime | None, manifest: str | None) -> RunRecord:
        first = self.reader.record
        return first.model_copy(
            update={
                "id": f"{first.id}-again-{random.token_hex(4)}",
                "finished": finished,
                "complete": first.complete and finished is not None,
                "now": self.now,
                "clauseproof": self.setting.version,
                "profile": profile_record(self.setting.profile),
                "checks": {file.name: file.sha256 for file in self.setting.check_files},
                "previous": None,
                "judged_from": JudgedFrom(run=first.id, manifest=manifest),
            }
        )


def _identity(item: Item) -> tuple[str, str, tuple[str, ...], str | None]:
    return item.clause.id, item.use.kind, item.subjects, item.use.words
