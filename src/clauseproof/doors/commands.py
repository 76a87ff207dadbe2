"""What each command of the command line does; `cli` only parses its words."""

import gc
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path

from clauseproof.doors.assembly import Again, built_in_checks, home, load, own_checks, prepare, recorded
from clauseproof.doors.session import Session, Wishes, render_report
from clauseproof.engine.again import Rejudgement
from clauseproof.engine.journal import JournalEntry, JournalOpen, Undoes, left_entries, open_entries, read_entry
from clauseproof.engine.journal import restore as take_back
from clauseproof.engine.outcome import CONTRADICTED, INTERRUPTED, KEPT, OPEN, UNRESTORED, exit_code
from clauseproof.ledger.files import sha256_bounded
from clauseproof.ledger.keys import PublicKey, Signer, load_key, load_or_make_key
from clauseproof.ledger.layout import MANIFEST, limit_of
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.verification import StepState, Trust, Verification, printable
from clauseproof.ledger.verify import verify
from clauseproof.model.drill import Left
from clauseproof.model.errors import ClauseproofError, ProfileError, RestoreFailed
from clauseproof.model.units import parse_day
from clauseproof.model.verdict import Verdict

_WORST_FIRST = (UNRESTORED, INTERRUPTED, CONTRADICTED, OPEN, KEPT)


def run_profiles(profiles: Sequence[Path], wishes: Wishes) -> int:
    """One run per profile, one after the other; returns the worst exit code."""
    if wishes.out is not None and len(profiles) > 1:
        raise ProfileError("--out names one run directory, and there are several profiles", "leave --out away")
    codes = []
    for profile in profiles:
        codes.append(run_profile(profile, wishes))
        if codes[-1] == INTERRUPTED or (codes[-1] == UNRESTORED and wishes.drills):
            break
    return next(code for code in _WORST_FIRST if code in codes)


def run_profile(profile: Path, wishes: Wishes) -> int:
    """One run: progress on stderr while it looks, the summary on stdout when it is signed.

    What is not in its own state is told at the end, whatever became of the run.
    """
    session = Session(profile, wishes)
    try:
        return _driven(session)
    except ClauseproofError as error:
        if not session.unrestored:
            raise
        say(f"clauseproof: {error.what}\n{error.what_to_do}".rstrip())
        return UNRESTORED
    finally:
        for sentence in session.unfinished:
            say(sentence)


def _driven(session: Session) -> int:
    from clauseproof.reporting.progress import Progress

    if not gc.get_freeze_count():
        gc.freeze()  # what was imported and read lives as long as the run: it is not searched for garbage again
    with Progress(session.title) as progress:
        session.run.events = progress
        session.begin()
        try:
            session.run.observer.wait()
            _run_marked_tests(session)
        except KeyboardInterrupt:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            say("interrupted: what was seen is kept; a drill under way restores first")
            session.run.stop()
        code = session.finish()
    summarise(session.directory, code)
    return code


def _run_marked_tests(session: Session) -> None:
    if session.marked_tests:
        from clauseproof.doors.plaintests import run_marked_tests  # brings pytest along

        run_marked_tests(session)


def summarise(directory: Path, code: int) -> None:
    """The summary of a run on standard output, its report's path as the last line."""
    from clauseproof.reporting.dossier import Dossier
    from clauseproof.reporting.terminal import show

    show(Dossier.read(LedgerReader.open(directory)), str(directory / "report.html"), exit_code=code)


def judge_again(folder: Path, again: Again, *, at: str | None, out: Path | None, key: Path | None) -> int:
    """Judge a recorded run again and print its verdicts; with `out`, write a signed run."""
    reader = LedgerReader.open(folder)
    now = _noon(at) if at else reader.record.now
    judgement = Rejudgement(reader, recorded(reader, again), now)
    if out is None:
        verdicts = tuple(judgement.verdicts())
        sys.stdout.writelines(f"{line}\n" for line in _rows(verdicts))
        return exit_code(verdicts)
    verdicts = judgement.write(out, _signer(key), render_report, _manifest(folder))
    summarise(out, exit_code(verdicts))
    return exit_code(verdicts)


def _noon(at: str) -> datetime:
    try:
        return datetime.combine(parse_day(at), time(12), UTC)
    except ValueError as error:
        raise ClauseproofError(f"--at: {error}", "for example: --at 2027-01-31") from error


def _rows(verdicts: Iterable[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        where = ", ".join(verdict.subjects)
        yield f"{verdict.ruling:13} {verdict.assurance or 'none'!s:9} {verdict.clause} {verdict.claim} {where}".rstrip()


def _signer(key: Path | None) -> Signer:
    return load_key(key) if key else load_or_make_key(home())


def _manifest(folder: Path) -> str | None:
    path = folder / MANIFEST
    return f"sha256:{sha256_bounded(path, limit_of(MANIFEST) or 0)}" if path.is_file() else None


def verify_run(folder: Path, key: Path | None, checks: Path | None, *, newest: bool) -> int:
    """Print the numbered steps of a verification; 0 if nothing is wrong, 1 otherwise."""
    trusted = PublicKey.load(key) if key else None
    _, check_files = load([checks] if checks else ())
    found = verify(
        folder,
        trusted,
        replay=lambda directory: _replay(directory, checks),
        checks={file.name: file.sha256 for file in check_files},
        newest_of=folder.resolve().parent if newest else None,
    )
    sys.stdout.writelines(f"{line}\n" for line in _steps(found))
    return KEPT if found.ok else CONTRADICTED


def _replay(directory: Path, checks: Path | None) -> Iterable[Verdict]:
    reader = LedgerReader.open(directory)
    return Rejudgement(reader, recorded(reader, Again(checks=checks)), reader.record.now).verdicts()


_STATES = {StepState.HELD: "ok", StepState.FAILED: "FAILED", StepState.NOT_DONE: "not done"}
_TRUST = {
    Trust.PINNED: "signed by the key you named: nothing was changed, and this is who signed",
    Trust.EMBEDDED: "signed by a key that stands in the file itself: nothing was changed since, but anyone could have "
    "signed; name the key you trust with --key",
    Trust.UNSIGNED: "no signature that holds: this is no evidence",
}


def _steps(found: Verification) -> Iterator[str]:
    for step in found.steps:
        yield f"{step.number:2}. {_STATES[step.state]:9}{step.title}. {step.note}".rstrip()
        for problem in step.problems:
            yield f"              {problem.kind}: {problem.about}: {problem.text}"
    yield ""
    if found.complete is False:
        yield "The run is partial: it was interrupted, and says so."
    if found.other_code:
        yield f"Judged by other code than this one: {', '.join(map(printable, found.other_code))}."
    yield f"Trust: {found.trust}. {_TRUST[found.trust]}."
    if found.keyid:
        yield f"Key: {found.keyid}"
    if found.manifest:
        yield f"Manifest: {found.manifest}"
    yield "verified" if found.ok else "NOT VERIFIED"


def show_key() -> None:
    """Print the public half of the signing key as PEM, and its fingerprint on stderr."""
    signer = load_or_make_key(home())
    sys.stdout.write(signer.public_pem.decode())
    say(f"key {signer.keyid}")


def restore_drills() -> int:
    """Take back every change, open or left to a later run; 7 if one cannot be."""
    from clauseproof.reporting.text import visible

    state = home() / "journal"
    entries = (*open_entries(state), *left_entries(state))
    if not entries:
        say("no drill is open: nothing to restore")
        return KEPT
    failed = False
    for path in entries:
        try:
            undone = take_back(path, _ways_back(read_entry(path)))
            over = "; the drill that was left to a later run ends with it" if isinstance(undone, Left) else ""
            say(visible(f"restored {undone.target} to {undone.prior}{over}"))
        except (RestoreFailed, JournalOpen) as error:
            failed = True
            say(visible(f"NOT RESTORED: {error.what}\n{error.what_to_do}".rstrip()))
    return UNRESTORED if failed else KEPT


def _ways_back(entry: JournalEntry) -> Undoes:
    """Those that come with clauseproof, and of the check files that the drill was made with, if these still load."""
    folders = [Path(folder) for folder in entry.checks if Path(folder).is_dir()]
    try:
        return load(_not_built_in(folders))[0].undoes
    except ClauseproofError as error:
        say(f"{error.what}; for {entry.target} only what comes with clauseproof is tried")
        return load()[0].undoes


def _not_built_in(folders: Iterable[Path]) -> list[Path]:
    return [folder for folder in folders if folder.resolve() != built_in_checks().resolve()]


def write_report(folder: Path, form: str, out: Path | None) -> None:
    """Render a run to a file or standard output, never into the run itself."""
    from clauseproof.reporting.interface import report

    data = report(LedgerReader.open(folder), form)
    if out is None:
        sys.stdout.buffer.write(data)
        return
    if folder.resolve() in out.resolve().parents:
        raise ClauseproofError(f"{out} lies in the run, which is signed", "write the report elsewhere")
    out.write_bytes(data)


def validate_profile(profile: Path) -> None:
    """Read a profile; errors go the way of all errors."""
    from clauseproof.reporting.text import count

    read = prepare(profile).profile
    claims = count(sum(len(clause.claims) for clause in read.clauses), "claim")
    say(f"{profile}: {count(len(read.clauses), 'clause')}, {claims}, {count(len(read.subjects), 'subject')}")


def say(text: str) -> None:
    """One line for people, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show_checks(kind: str | None) -> None:
    """Print the list of claims, or one in full."""
    from clauseproof.doors.catalogue import in_full, listing

    registry, check_files = load(own_checks(Path.cwd() / "profile.yaml"))
    lines = listing(registry, check_files) if kind is None else in_full(registry, kind)
    sys.stdout.writelines(f"{line}\n" for line in lines)


def show_coverage(profile: Path) -> None:
    """Print each promise with the words that something tests in brackets, and why the others are not."""
    from clauseproof.model.verdict import Ruling
    from clauseproof.reporting.words import passages

    for clause in prepare(profile).profile.clauses:
        tested = [(use.words, Ruling.NOT_TESTED) for use in clause.claims if use.words]
        parts = passages(clause.promise, tested)
        text = "".join(f"[{part.text}]" if part.ruling else part.text for part in parts)
        sys.stdout.write(f"{clause.id}  {clause.title} (tier {clause.tier})\n  {text}\n")
        for words in clause.untested:
            sys.stdout.write(f"  not tested: {words.words}: {words.because}\n")
        if not clause.claims:
            sys.stdout.write("  not tested: no claim in the profile\n")
