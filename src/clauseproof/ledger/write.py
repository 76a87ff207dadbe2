"""Writing a run directory while the run goes on, and signing it at the end."""

import os
import threading
from pathlib import Path
from typing import BinaryIO

from pydantic_core import from_json

from clauseproof.ledger import artifacts, layout
from clauseproof.ledger.envelope import seal
from clauseproof.ledger.files import digest_of, replace, sha256_bounded, sync_directory
from clauseproof.ledger.keys import Signer
from clauseproof.ledger.manifest import statement
from clauseproof.ledger.observations import Observations
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.results import results
from clauseproof.ledger.verdicts import verdict_data
from clauseproof.model.errors import LedgerError
from clauseproof.model.observation import Observation
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Verdict
from clauseproof.strictjson import encode, pretty


class LedgerWriter:
    """One run on its way into a directory; every method may be called from several threads.

    Each line is handed to the operating system as it comes, so a killed run keeps what it saw; `finish` makes
    everything durable and signs it. LedgerError from every method when the directory cannot be written.
    """

    def __init__(self, directory: Path, observations: BinaryIO, verdicts: BinaryIO) -> None:
        self.directory = directory
        self._observations, self._verdicts = observations, verdicts
        self._index = Observations(directory / layout.OBSERVATIONS, empty=True)
        self._given: list[Verdict] = []
        self._lock = threading.Lock()

    @classmethod
    def create(cls, directory: Path, record: RunRecord) -> "LedgerWriter":
        """Begin a run in a directory (mode 0700) that does not exist yet or is empty; LedgerError otherwise."""
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise LedgerError(f"{directory} is not empty", "a run gets a directory of its own: choose another")
            (directory / layout.ARTIFACTS).mkdir(parents=True)
            files = [(directory / name).open("xb", buffering=0) for name in (layout.OBSERVATIONS, layout.VERDICTS)]
        except OSError as error:
            raise LedgerError(f"{directory} cannot be written: {error.strerror}", "choose another folder") from error
        writer = cls(directory, *files)
        writer.update(record)
        return writer

    def observe(self, observation: Observation) -> str:
        """Append an observation; returns its `sha256:` digest.

        LedgerError if this look (kind, subject, vantage point) is recorded already, or the line could not be read
        back: NaN, more than 16 MiB, nesting beyond about 200 levels.
        """
        raw = _encode(observation)
        self._append_observation((observation.kind, observation.subject, observation.vantage), raw)
        return digest_of(raw)

    def verdict(self, verdict: Verdict) -> None:
        """Append a verdict."""
        with self._lock:
            self._must_be_open()
            _append(self._verdicts, encode(verdict_data(verdict)))
            self._given.append(verdict)

    def artifact(self, data: bytes) -> str:
        """Keep raw bytes, at most 64 MiB; returns their `sha256:` digest."""
        with self._lock:  # `finish` waits for a late look that is writing, and refuses the next
            self._must_be_open()
            return artifacts.store(self.directory, data)

    def adopt(self, reader: LedgerReader) -> None:
        """Take over all observations and artifacts of a recorded run, byte for byte, to judge them again."""
        for digest in reader.artifacts():
            self.artifact(reader.artifact(digest))
        for key, raw in reader.raw_lines():
            self._append_observation(key, raw)

    def reader(self) -> Observations:
        """What has been observed so far; grows with the run."""
        return self._index

    def update(self, record: RunRecord) -> None:
        """Write `run.json` anew."""
        replace(self.directory / layout.RUN, record.model_dump_json(indent=2, by_alias=True).encode() + b"\n")

    def finish(self, record: RunRecord, signer: Signer | None, report: bytes | None) -> str:
        """Close the run and write the rest: results, run, report, manifest; returns the manifest's `sha256:` digest.

        Without a signer the manifest has no signature, and `verify` will not accept the run.
        """
        with self._lock:
            self._must_be_open()
            _close(self._observations)
            _close(self._verdicts)
        replace(self.directory / layout.RESULTS, pretty(results(record, self._given)))
        if report is not None:
            replace(self.directory / layout.REPORT, report)
        self.update(record)
        return self._sign(record, signer)

    def _sign(self, record: RunRecord, signer: Signer | None) -> str:
        files = {}
        for entry in layout.walk(self.directory):
            limit = layout.limit_of(entry.name)
            if limit is None or entry.kind is not layout.EntryKind.FILE or entry.name == layout.MANIFEST:
                raise LedgerError(f"{self.directory / entry.name} is not the run's own", "remove it and run again")
            files[entry.name] = sha256_bounded(self.directory / entry.name, limit)
            _sync(self.directory / entry.name)
        sync_directory(self.directory / layout.ARTIFACTS)
        said = statement(record, self._given, files, None if signer is None else signer.public)
        sealed = seal(encode(said), signer)
        replace(self.directory / layout.MANIFEST, sealed)
        return digest_of(sealed)

    def _append_observation(self, key: tuple[str, str, str], raw: bytes) -> None:
        with self._lock:
            self._must_be_open()
            self._index.must_lack(key)
            self._index.add(key, _append(self._observations, raw), len(raw))

    def _must_be_open(self) -> None:
        if self._observations.closed:
            raise LedgerError(f"{self.directory} is finished", "nothing can be added to a signed run")


def _encode(observation: Observation) -> bytes:
    try:
        raw = observation.encode()
        from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise LedgerError(
            f"{observation.kind} of {observation.subject} cannot be written down: {error}",
            "the probe must bound what it takes from outside",
        ) from error
    if len(raw) > layout.MAX_LINE:
        raise LedgerError(
            f"{observation.kind} of {observation.subject} has {len(raw)} bytes; a line has at most {layout.MAX_LINE}",
            "the probe must keep what is large as an artifact",
        )
    return raw


def _append(file: BinaryIO, raw: bytes) -> int:
    """One unbuffered write: a killed process leaves whole lines, and at most one that is cut off. Returns where."""
    offset = file.tell()
    try:
        written = file.write(raw + b"\n")
        if written != len(raw) + 1:
            raise OSError(f"only {written} bytes of a line were taken")
    except OSError as error:
        file.truncate(offset)  # or the next line would be glued to half of this one
        file.seek(offset)
        raise LedgerError(f"{file.name} cannot be written: {error}", "free space and run again") from error
    return offset


def _close(file: BinaryIO) -> None:
    with file:
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
