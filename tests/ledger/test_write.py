"""A run on its way to disk: what is there after a kill, what is refused, what the end writes."""

import contextlib
import hashlib
import json
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.verify import verify
from clauseproof.ledger.write import LedgerWriter
from clauseproof.model.assurance import Assurance
from clauseproof.model.errors import LedgerError
from clauseproof.model.facts import Facts
from tests.ledger.runs import PHOTO, Light, begin, finished, new_signer, observation, payload, record, replay

SIGNER = new_signer()
SECTION_6 = ["artifacts", "manifest.dsse.json", "observations.jsonl", "report.html", "results.json", "run.json"]


class Anything(Facts):
    """Facts without bounds, as a careless probe would write them."""

    kind: ClassVar[str] = "any.thing"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    value: Any


def test_a_run_directory_has_the_files_of_the_design_and_no_other(tmp_path: Path) -> None:
    finished(tmp_path / "run", new_signer())
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [*SECTION_6, "verdicts.jsonl"]
    assert [path.name for path in (tmp_path / "run/artifacts").iterdir()] == ["sha256"]


def test_a_run_directory_is_its_owners_alone(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_a_run_takes_an_empty_directory_and_refuses_one_with_files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    LedgerWriter.create(tmp_path / "empty", record())
    with pytest.raises(LedgerError, match="is not empty"):
        LedgerWriter.create(tmp_path / "empty", record())


def test_a_run_cannot_be_made_where_a_file_lies(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"")
    with pytest.raises(LedgerError, match="cannot be written"):
        LedgerWriter.create(tmp_path / "run", record())


def test_the_digest_of_an_observation_is_that_of_its_line(tmp_path: Path) -> None:
    writer = LedgerWriter.create(tmp_path / "run", record())
    digest = writer.observe(observation("hall", Light(lit=True)))
    (line,) = (tmp_path / "run/observations.jsonl").read_bytes().splitlines()
    assert digest == "sha256:" + hashlib.sha256(line).hexdigest()


def test_what_was_observed_can_be_read_while_the_run_goes_on(tmp_path: Path) -> None:
    writer = LedgerWriter.create(tmp_path / "run", record())
    view = writer.reader()
    assert view.line("lamp.light", "hall", "local") is None
    digest = writer.observe(observation("hall", Light(lit=True)))
    line = view.line("lamp.light", "hall", "local")
    assert line is not None
    assert (line.digest, line.data) == (digest, {"lit": True})


def test_observations_of_many_threads_are_all_there_each_under_its_own_name(tmp_path: Path) -> None:
    writer = LedgerWriter.create(tmp_path / "run", record())
    view = writer.reader()

    def look(number: int) -> bool:
        digest = writer.observe(observation(f"lamp {number}", Light(lit=number % 2 == 0)))
        line = view.line("lamp.light", f"lamp {number}", "local")
        return line is not None and line.digest == digest and line.data == {"lit": number % 2 == 0}

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(look, range(400)))
    assert len(list(LedgerReader.open(tmp_path / "run").lines())) == 400


def test_a_look_is_recorded_once(tmp_path: Path) -> None:
    writer = LedgerWriter.create(tmp_path / "run", record())
    writer.observe(observation("hall", Light(lit=False)))
    with pytest.raises(LedgerError, match="recorded twice"):
        writer.observe(observation("hall", Light(lit=True)))
    assert [line.data for line in LedgerReader.open(tmp_path / "run").lines()] == [{"lit": False}]


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


UNREADABLE = {"too large": "x" * (16 * 1024 * 1024), "too deep": nested(240), "half a pair": ["\ud800"]}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_facts_that_could_not_be_read_back_are_refused_and_leave_no_trace(tmp_path: Path, value: Any) -> None:
    writer = LedgerWriter.create(tmp_path / "run", record())
    with pytest.raises(LedgerError, match=r"any\.thing of hall"):
        writer.observe(observation("hall", Anything(value=value), kind="any.thing"))
    assert (tmp_path / "run/observations.jsonl").read_bytes() == b""
    assert writer.observe(observation("hall", Light(lit=True), kind="any.thing"))


def test_nothing_can_be_added_to_a_finished_run(tmp_path: Path) -> None:
    writer = begin(tmp_path / "run")
    writer.finish(record(), new_signer(), None)
    for late in (
        lambda: writer.observe(observation("cellar", Light(lit=True))),
        lambda: writer.artifact(b"late"),
        lambda: writer.verdict(next(replay(tmp_path / "run"))),
        lambda: writer.finish(record(), None, None),
    ):
        with pytest.raises(LedgerError):
            late()


def test_late_looks_that_go_on_keeping_artifacts_do_not_spoil_the_signing(tmp_path: Path) -> None:
    writer = begin(tmp_path / "run")

    def late(number: int) -> int:
        kept = 0
        with contextlib.suppress(LedgerError):
            for more in range(10_000):
                writer.artifact(b"%d of %d" % (more, number) * 1000)
                kept += 1
        return kept

    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(late, number) for number in range(4)]
        time.sleep(0.05)
        writer.finish(record(), SIGNER, None)
        kept = [look.result() for look in looks]
    assert all(number < 10_000 for number in kept)
    assert len(LedgerReader.open(tmp_path / "run").artifacts()) == 3 + sum(kept)
    assert verify(tmp_path / "run", SIGNER.public).ok


def test_the_manifest_digest_is_that_of_the_file(tmp_path: Path) -> None:
    digest = finished(tmp_path / "run", new_signer())
    assert digest == "sha256:" + hashlib.sha256((tmp_path / "run/manifest.dsse.json").read_bytes()).hexdigest()


def test_the_manifest_names_every_file_but_itself_with_its_digest(tmp_path: Path) -> None:
    run = tmp_path / "run"
    finished(run, new_signer())
    stated = {each["name"]: each["digest"]["sha256"] for each in payload(run)["subject"]}
    there = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    del there["manifest.dsse.json"]
    assert stated == {name: hashlib.sha256(data).hexdigest() for name, data in there.items()}
    assert len(stated) == 8


def test_a_foreign_file_in_the_directory_stops_the_signing(tmp_path: Path) -> None:
    writer = begin(tmp_path / "run")
    (tmp_path / "run/notes.txt").write_bytes(b"mine")
    with pytest.raises(LedgerError, match=r"notes\.txt is not the run's own"):
        writer.finish(record(), new_signer(), None)


def test_run_json_says_at_once_that_the_run_is_not_over(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    assert LedgerReader.open(tmp_path / "run").record.finished is None
    assert not LedgerReader.open(tmp_path / "run").record.complete


def test_a_rejudgement_takes_observations_and_artifacts_over_byte_for_byte(tmp_path: Path) -> None:
    finished(tmp_path / "first", new_signer())
    writer = LedgerWriter.create(tmp_path / "again", record(id="again"))
    writer.adopt(LedgerReader.open(tmp_path / "first"))
    for name in ("observations.jsonl", "artifacts"):
        first, again = tmp_path / "first" / name, tmp_path / "again" / name
        names = [first, *first.rglob("*")]
        assert {p.relative_to(first): p.read_bytes() for p in names if p.is_file()} == {
            p.relative_to(again): p.read_bytes() for p in [again, *again.rglob("*")] if p.is_file()
        }
    assert writer.reader().line("lamp.light", "attic", "local") is not None
    assert PHOTO in [LedgerReader.open(tmp_path / "again").artifact(digest) for digest in writer_artifacts(tmp_path)]


def writer_artifacts(tmp_path: Path) -> list[str]:
    return LedgerReader.open(tmp_path / "again").artifacts()


SLOW_RUN = """
import sys
import time
from pathlib import Path
from tests.ledger.runs import Light, observation, record
from clauseproof.ledger.write import LedgerWriter
writer = LedgerWriter.create(Path(sys.argv[1]), record(finished=None, complete=False))
for number in range(10**6):
    digest = writer.observe(observation(f"lamp {number}", Light(lit=True)))
    print(digest, flush=True)
"""


def test_a_killed_run_keeps_every_observation_it_had_made(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW_RUN, str(tmp_path / "run")]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        announced = [process.stdout.readline().strip() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        announced += [line.strip() for line in process.stdout if line.endswith("\n")]
    reader = LedgerReader.open(tmp_path / "run")
    kept = [line.digest for line in reader.lines()]
    assert kept[: len(announced)] == announced
    assert len(announced) >= 50
    assert not reader.record.complete


def test_results_are_written_from_the_verdicts_given(tmp_path: Path) -> None:
    finished(tmp_path / "run", new_signer(), lit=False)
    written = json.loads((tmp_path / "run/results.json").read_bytes())
    assert [each["verdict"] for each in written["verdicts"]] == ["not-satisfied", "satisfied"]
    assert written["summary"]["not-satisfied"] == 1


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tests.ledger.runs import Light, observation, record
from clauseproof.ledger.write import LedgerWriter
from clauseproof.model.errors import LedgerError
writer = LedgerWriter.create(Path(sys.argv[1]), record())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer.observe(observation("hall", Light(lit=True)))
resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
for attempt in "ab":
    try:
        writer.observe(observation("attic" * 100, Light(lit=True)))
    except LedgerError as error:
        print(error.what)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.observe(observation("cellar", Light(lit=True)))
"""


def test_a_line_that_the_disk_takes_half_of_is_an_error_and_taken_back(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.count("bytes of a line were taken") == 2
    assert [line.subject for line in LedgerReader.open(tmp_path / "run").lines()] == ["hall", "cellar"]
