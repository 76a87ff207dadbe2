"""Tampering that the signature, or the list of files, reveals: one test per trick."""

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clauseproof.ledger.verification import ProblemKind, Trust, Verification
from clauseproof.ledger.verify import verify
from tests.ledger.runs import PHOTO, finished, new_signer, payload, resign

SIGNER = new_signer()
PHOTO_NAME = "artifacts/sha256/" + hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A signed run, to be bent."""
    finished(tmp_path / "run", SIGNER)
    return tmp_path / "run"


def found(run: Path) -> Verification:
    """What a verifier finds who knows the signer, and finds no better without knowing."""
    assert not verify(run).ok
    return verify(run, SIGNER.public)


def problems(run: Path) -> set[tuple[ProblemKind, str]]:
    return {(each.kind, each.about) for each in found(run).problems}


def envelope(run: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((run / "manifest.dsse.json").read_bytes())
    return read


def replace_envelope(run: Path, **changes: Any) -> None:
    changed = envelope(run) | changes
    (run / "manifest.dsse.json").write_bytes(json.dumps(changed, sort_keys=True, separators=(",", ":")).encode())


EVERY_FILE = ["run.json", "observations.jsonl", "verdicts.jsonl", "results.json", "report.html", PHOTO_NAME]


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_flipped_byte_is_detected_in_every_file(run: Path, name: str) -> None:
    content = bytearray((run / name).read_bytes())
    content[len(content) // 2] ^= 1
    (run / name).write_bytes(content)
    assert (ProblemKind.CHANGED, name) in problems(run)


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_removed_file_is_detected(run: Path, name: str) -> None:
    (run / name).unlink()
    assert (ProblemKind.MISSING, name) in problems(run)


@pytest.mark.parametrize("name", ["observations.jsonl", "verdicts.jsonl"])
@pytest.mark.parametrize("line", [0, 1])
def test_a_removed_line_is_detected(run: Path, name: str, line: int) -> None:
    lines = (run / name).read_bytes().splitlines(keepends=True)
    del lines[line]
    (run / name).write_bytes(b"".join(lines))
    assert (ProblemKind.CHANGED, name) in problems(run)


@pytest.mark.parametrize("name", ["observations.jsonl", "verdicts.jsonl"])
def test_a_truncated_tail_is_detected_and_called_by_its_name(run: Path, name: str) -> None:
    (run / name).write_bytes((run / name).read_bytes()[:-10])
    assert (ProblemKind.CHANGED, name) in problems(run)
    assert (ProblemKind.TRUNCATED, str(run)) in problems(run)


@pytest.mark.parametrize("name", ["notes.txt", "run.json.bak", "artifacts/note", ".hidden", "artifacts/sha256/.new-1"])
def test_an_added_file_is_refused(run: Path, name: str) -> None:
    (run / name).write_bytes(b"")
    assert problems(run) == {(ProblemKind.ADDED, name)}


def test_an_added_artifact_that_nobody_names_is_refused(run: Path) -> None:
    name = "artifacts/sha256/" + hashlib.sha256(b"more").hexdigest()
    (run / name).write_bytes(b"more")
    assert problems(run) == {(ProblemKind.ADDED, name)}


def test_an_added_folder_is_refused_and_not_entered(run: Path) -> None:
    (run / "more/and/more").mkdir(parents=True)
    assert problems(run) == {(ProblemKind.ADDED, "more")}


def test_an_exchanged_artifact_is_detected(run: Path) -> None:
    (run / PHOTO_NAME).write_bytes(b"\x89 a photograph of the sun!")
    assert problems(run) == {(ProblemKind.CHANGED, PHOTO_NAME)}


def test_a_removed_manifest_is_an_unsigned_run(run: Path) -> None:
    (run / "manifest.dsse.json").unlink()
    assert (ProblemKind.UNSIGNED, "manifest.dsse.json") in problems(run)
    assert found(run).trust is Trust.UNSIGNED


def test_a_stripped_signature_is_an_unsigned_run(run: Path) -> None:
    replace_envelope(run, signatures=[])
    assert problems(run) == {(ProblemKind.UNSIGNED, "manifest.dsse.json")}
    assert found(run).trust is Trust.UNSIGNED


def test_a_stripped_signature_does_not_let_changed_content_through(run: Path) -> None:
    (run / "results.json").write_bytes(b"{}")
    stated = payload(run)
    for subject in stated["subject"]:
        subject["digest"]["sha256"] = hashlib.sha256((run / subject["name"]).read_bytes()).hexdigest()
    replace_envelope(run, payload=base64.b64encode(json.dumps(stated).encode()).decode(), signatures=[])
    assert (ProblemKind.UNSIGNED, "manifest.dsse.json") in problems(run)


def test_a_payload_of_the_forgers_under_the_old_signature_is_detected(run: Path) -> None:
    stated = payload(run)
    stated["predicate"]["result"] = "PASSED"
    replace_envelope(run, payload=base64.b64encode(json.dumps(stated).encode()).decode())
    assert (ProblemKind.BAD_SIGNATURE, "manifest.dsse.json") in problems(run)
    assert found(run).trust is Trust.UNSIGNED


@pytest.mark.parametrize(
    "bend", [lambda raw: raw + b"\n", lambda raw: raw[:-1], lambda raw: b""], ids=["more", "less", "none"]
)
def test_an_envelope_that_cannot_be_read_in_one_way_only_is_refused(run: Path, bend: Callable[[bytes], bytes]) -> None:
    path = run / "manifest.dsse.json"
    path.write_bytes(bend(path.read_bytes()))
    assert problems(run) == {(ProblemKind.BAD_ENVELOPE, "manifest.dsse.json")}
    assert found(run).trust is Trust.UNSIGNED


def test_another_payload_type_is_refused(run: Path) -> None:
    replace_envelope(run, payloadType="application/vnd.in-toto.test-result+json")
    assert problems(run) == {(ProblemKind.BAD_ENVELOPE, "manifest.dsse.json")}


def test_the_envelope_of_another_run_of_the_same_signer_is_refused(run: Path, tmp_path: Path) -> None:
    finished(tmp_path / "dark", SIGNER, lit=False)
    shutil.copy(tmp_path / "dark/manifest.dsse.json", run / "manifest.dsse.json")
    assert found(run).trust is Trust.PINNED
    assert {(ProblemKind.CHANGED, "results.json"), (ProblemKind.CHANGED, "verdicts.jsonl")} <= problems(run)


def test_a_run_signed_anew_by_somebody_else_is_not_the_pinned_signers(run: Path) -> None:
    other = new_signer()

    def put_key(stated: dict[str, Any]) -> None:
        key = next(each for each in stated["predicate"]["configuration"] if each["name"] == "signer")
        key |= {"content": base64.b64encode(other.public.der).decode(), "digest": {"sha256": other.keyid}}

    resign(run, other, put_key)
    assert verify(run).trust is Trust.EMBEDDED
    assert {each.kind for each in verify(run, SIGNER.public).problems} == {ProblemKind.WRONG_KEY}


def test_a_signature_by_a_key_other_than_the_one_named_is_refused(run: Path) -> None:
    resign(run, new_signer())
    assert problems(run) == {(ProblemKind.BAD_SIGNATURE, "manifest.dsse.json")}


def subjects(run: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    resign(run, SIGNER, lambda stated: change(stated["subject"]))


@pytest.mark.parametrize(
    "name", ["../run.json", "/etc/passwd", "artifacts/sha256/../../../x", "manifest.dsse.json", "C:\\x", "a\x1b[2J"]
)
def test_a_statement_that_names_a_file_outside_the_run_is_refused_unread(run: Path, name: str) -> None:
    subjects(run, lambda stated: stated.append({"name": name, "digest": {"sha256": "0" * 64}}))
    shown = name.replace("\x1b", "\\x1b")
    assert {(ProblemKind.UNSAFE, shown), (ProblemKind.MISSING, shown)} == problems(run)


def test_exchanged_subject_names_are_detected(run: Path) -> None:
    def exchange(stated: list[dict[str, Any]]) -> None:
        by_name = {each["name"]: each for each in stated}
        by_name["run.json"]["name"], by_name["results.json"]["name"] = "results.json", "run.json"

    subjects(run, exchange)
    assert {(ProblemKind.CHANGED, "run.json"), (ProblemKind.CHANGED, "results.json")} <= problems(run)


def test_an_artifact_under_the_digest_of_another_is_detected(run: Path) -> None:
    (run / PHOTO_NAME).write_bytes(b"another picture")
    resign(run, SIGNER)
    assert problems(run) == {(ProblemKind.BAD_STATEMENT, PHOTO_NAME)}


def test_a_statement_without_one_of_the_runs_files_is_refused(run: Path) -> None:
    subjects(run, lambda stated: stated.remove(next(each for each in stated if each["name"] == "verdicts.jsonl")))
    assert problems(run) == {(ProblemKind.BAD_STATEMENT, "verdicts.jsonl"), (ProblemKind.ADDED, "verdicts.jsonl")}


def test_a_statement_of_another_kind_is_refused(run: Path) -> None:
    resign(run, SIGNER, lambda stated: stated.update(predicateType="https://slsa.dev/provenance/v1"))
    assert (ProblemKind.BAD_STATEMENT, "manifest.dsse.json") in problems(run)


@pytest.mark.parametrize("name", ["run.json", "report.html", PHOTO_NAME, "manifest.dsse.json"])
def test_a_link_in_place_of_a_file_is_refused_even_to_the_same_bytes(run: Path, tmp_path: Path, name: str) -> None:
    (run / name).rename(tmp_path / "elsewhere")
    (run / name).symlink_to(tmp_path / "elsewhere")
    assert (ProblemKind.UNSAFE, name) in problems(run)


def test_a_linked_artifacts_folder_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "artifacts").rename(tmp_path / "artifacts")
    (run / "artifacts").symlink_to(tmp_path / "artifacts")
    assert (ProblemKind.UNSAFE, "artifacts") in problems(run)


def test_a_pipe_in_place_of_a_file_is_refused_without_waiting(run: Path) -> None:
    for name in ("run.json", "observations.jsonl", "results.json", "manifest.dsse.json"):
        (run / name).unlink()
        os.mkfifo(run / name)
    assert {(ProblemKind.UNSAFE, "run.json"), (ProblemKind.UNSIGNED, "manifest.dsse.json")} <= problems(run)


@pytest.mark.parametrize("name", ["run.json", "observations.jsonl", "results.json", "manifest.dsse.json", PHOTO_NAME])
def test_a_file_of_hostile_size_is_refused_unread(run: Path, name: str) -> None:
    os.truncate(run / name, 1 << 40)
    assert (ProblemKind.TOO_LARGE, name) in problems(run)


def test_a_name_that_would_command_the_terminal_is_shown_harmless(run: Path) -> None:
    (run / "\x1b[2Jrun.json").write_bytes(b"")
    assert (ProblemKind.ADDED, "\\x1b[2Jrun.json") in problems(run)
