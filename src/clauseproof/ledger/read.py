"""Reading a run directory, finished, killed or still being written."""

from collections.abc import Iterator
from pathlib import Path

from clauseproof.ledger import artifacts, layout
from clauseproof.ledger.files import read_bounded
from clauseproof.ledger.jsonlines import cut_off, lines
from clauseproof.ledger.line import Line
from clauseproof.ledger.observations import Key, Observations
from clauseproof.ledger.verdicts import decode_verdict
from clauseproof.model.errors import LedgerError
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Verdict
from clauseproof.strictjson import decode_as


class LedgerReader:
    """A run as it lies on disk. Does not verify it: `verify` does.

    Attributes:
        directory: where it lies.
        record: its `run.json`.
        truncated: whether observations or verdicts end inside a line, as in a killed run; that line is left out.
    """

    def __init__(self, directory: Path, record: RunRecord, *, truncated: bool) -> None:
        self.directory = directory
        self.record = record
        self.truncated = truncated
        self._observations = Observations(directory / layout.OBSERVATIONS)

    @classmethod
    def open(cls, directory: Path) -> "LedgerReader":
        """Open a run directory; LedgerError if it is none or its `run.json` cannot be read."""
        path = directory / layout.RUN
        if not path.exists():
            raise LedgerError(f"{directory} is no run directory: it has no {layout.RUN}", "name the folder of one run")
        try:
            record = decode_as(RunRecord, read_bounded(path, layout.limit_of(layout.RUN) or 0))
        except ValueError as error:
            raise LedgerError(f"{path}: {error}", "it was changed, or written by another version") from error
        whole = [directory / name for name in (layout.OBSERVATIONS, layout.VERDICTS)]
        return cls(directory, record, truncated=any(cut_off(each) for each in whole))

    def lines(self) -> Iterator[Line]:
        """All observations in the order they were made; LedgerError at the first that cannot be read."""
        return self._observations.lines()

    def line(self, kind: str, subject: str, vantage: str) -> Line | None:
        """One observation, None if that look was not recorded; LedgerError if it cannot be read."""
        return self._observations.line(kind, subject, vantage)

    def raw_lines(self) -> Iterator[tuple[Key, bytes]]:
        """All observations as they were written, without newlines, with what they are of."""
        for _, raw in lines(self._observations.path):
            line = self._observations.decode(raw)
            yield (line.kind, line.subject, line.vantage), raw

    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts in the order they were given; LedgerError at the first that cannot be read."""
        path = self.directory / layout.VERDICTS
        found = []
        for number, (_, raw) in enumerate(lines(path), 1):
            try:
                found.append(decode_verdict(raw))
            except ValueError as error:
                raise LedgerError(f"{path}:{number}: {error}", "run `clauseproof verify` on the directory") from error
        return tuple(found)

    def artifact(self, digest: str, limit: int = layout.MAX_ARTIFACT) -> bytes:
        """Bytes kept as evidence; LedgerError if absent, larger than `limit`, or not what the digest says."""
        return artifacts.load(self.directory, digest, limit)

    def artifacts(self) -> list[str]:
        """Digests of all that was kept, sorted; what a killed run had not finished writing is left out."""
        names = sorted(entry.name for entry in layout.walk(self.directory) if entry.name.startswith(layout.ARTIFACTS))
        digests = (f"sha256:{name.rpartition('/')[2]}" for name in names)
        return [digest for digest in digests if layout.is_digest(digest)]
