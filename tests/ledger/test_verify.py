"""Verifying whole runs: what is trusted, what is said of a partial run, and random damage."""

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clauseproof.ledger.verification import Problem, ProblemKind, StepState, Trust, Verification, printable
from clauseproof.ledger.verify import verify
from clauseproof.model.errors import LedgerError
from tests.ledger.runs import CHECKS, begin, finished, new_signer, record, replay

SIGNER = new_signer()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody touched."""
    directory = tmp_path_factory.mktemp("sound") / "run"
    finished(directory, SIGNER)
    return directory


def states(of: Verification) -> list[StepState]:
    return [step.state for step in of.steps]


def test_a_sound_run_holds_in_every_step(sound: Path) -> None:
    found = verify(sound, SIGNER.public, replay, checks=CHECKS, newest_of=sound.parent)
    assert states(found) == [StepState.HELD] * 10
    assert [step.number for step in found.steps] == list(range(1, 11))
    assert found.ok
    assert (found.trust, found.keyid) == (Trust.PINNED, SIGNER.keyid)
    assert (found.run, found.complete, found.other_code) == (record().id, True, ())


def test_the_manifest_digest_is_the_one_that_finish_gave(tmp_path: Path) -> None:
    digest = finished(tmp_path / "run", SIGNER)
    assert verify(tmp_path / "run").manifest == digest


def test_without_a_pinned_key_a_signature_proves_integrity_and_not_origin(sound: Path) -> None:
    found = verify(sound)
    assert found.ok
    assert (found.trust, found.keyid) == (Trust.EMBEDDED, SIGNER.keyid)
    assert "not origin" in found.steps[2].note


def test_steps_for_which_nothing_was_brought_are_not_done_rather_than_held(sound: Path) -> None:
    found = verify(sound)
    assert states(found) == [StepState.HELD] * 8 + [StepState.NOT_DONE] * 2


def test_another_pinned_key_is_told_from_the_one_that_signed(sound: Path) -> None:
    found = verify(sound, new_signer().public)
    assert not found.ok
    assert found.trust is Trust.EMBEDDED
    assert [(each.kind, each.about) for each in found.problems] == [(ProblemKind.WRONG_KEY, SIGNER.keyid)]


def test_a_run_finished_without_a_key_is_unsigned_and_not_accepted(tmp_path: Path) -> None:
    finished(tmp_path / "run", None)
    found = verify(tmp_path / "run")
    assert (found.trust, found.ok, found.keyid) == (Trust.UNSIGNED, False, None)
    assert [each.kind for each in found.problems] == [ProblemKind.UNSIGNED]


def test_a_partial_run_verifies_and_is_said_to_be_partial(tmp_path: Path) -> None:
    begin(tmp_path / "run").finish(record(complete=False), SIGNER, None)
    found = verify(tmp_path / "run", SIGNER.public, replay, checks=CHECKS)
    assert found.ok
    assert found.complete is False
    assert "partial" in found.steps[5].note


def test_a_killed_run_is_unsigned_and_what_it_saw_can_still_be_read(tmp_path: Path) -> None:
    begin(tmp_path / "run")
    found = verify(tmp_path / "run")
    assert found.trust is Trust.UNSIGNED
    assert {each.kind for each in found.problems} >= {ProblemKind.UNSIGNED, ProblemKind.MISSING}
    assert "2 observations, 2 verdicts" in found.steps[5].note


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is no directory"):
        verify(tmp_path / "absent")


def files_of(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_changed_byte_anywhere_is_detected(
    sound: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    which = data.draw(st.integers(0, len(files_of(sound)) - 1))
    size = files_of(sound)[which].stat().st_size
    place, mask = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, 255))
    copy = tmp_path_factory.mktemp("flip") / "run"
    shutil.copytree(sound, copy)
    path = files_of(copy)[which]
    content = bytearray(path.read_bytes())
    content[place] ^= mask
    path.write_bytes(content)
    assert verify(copy, SIGNER.public).problems
    assert verify(copy).problems


def test_every_single_byte_of_the_manifest_counts(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "run")
    path = tmp_path / "run/manifest.dsse.json"
    whole, dice = path.read_bytes(), random.Random(6)
    for place in range(len(whole)):
        bent = bytearray(whole)
        bent[place] ^= dice.randint(1, 255)
        path.write_bytes(bent)
        assert not verify(tmp_path / "run", SIGNER.public).ok, place


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_content_of_any_file_is_a_finding_and_never_a_crash(
    sound: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    hostile = st.binary(max_size=200) | st.sampled_from([b"{}", b"[]", b"null", b"0", b'{"payload":1}', b"[" * 10_000])
    copy = tmp_path_factory.mktemp("hostile") / "run"
    shutil.copytree(sound, copy)
    for path in data.draw(st.lists(st.sampled_from(files_of(copy)), min_size=1, unique=True)):
        path.write_bytes(data.draw(hostile))
    assert not verify(copy, SIGNER.public, newest_of=copy.parent).ok


@given(st.text())
def test_what_a_hostile_directory_says_is_printed_without_control_characters(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= 4100


def test_a_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 400) == "x" * 400
    assert printable("x" * 401) == "x" * 400 + "..."


def test_a_note_that_repeats_what_a_run_says_is_safe_to_print(tmp_path: Path) -> None:
    finished(tmp_path / "run", SIGNER, record(previous="\x1b[2J"))
    assert verify(tmp_path / "run", newest_of=tmp_path).steps[9].note == "its predecessor \\x1b[2J is not in the folder"


def test_text_of_other_languages_is_printed_as_it_is() -> None:
    assert printable("Straße § 4, 東京") == "Straße § 4, 東京"
    assert printable("\x1b[31mred\u202e\n") == "\\x1b[31mred\\u202e\\n"


def test_a_problem_is_safe_to_print_however_hostile_its_words() -> None:
    problem = Problem(ProblemKind.ADDED, "\x1b]0;owned\x07", "named \x1b[2J by the vendor")
    assert (problem.about, problem.text) == ("\\x1b]0;owned\\x07", "named \\x1b[2J by the vendor")
