"""What may lie in a run directory, and how much."""

import os
from pathlib import Path

import pytest

from clauseproof.ledger import layout
from clauseproof.ledger.layout import EntryKind
from clauseproof.model.errors import LedgerError

HEX = "a" * 64


@pytest.mark.parametrize(
    "name",
    ["../run.json", "/etc/passwd", "Run.json", "run.json/", "artifacts", "", "artifacts/sha256/../../x",
     *(f"artifacts/sha256/{name}" for name in (HEX + "x", HEX[1:], HEX.upper(), HEX + "\n"))],
)  # fmt: skip
def test_no_other_name_belongs_to_a_run(name: str) -> None:
    assert layout.limit_of(name) is None


@pytest.mark.parametrize("name", [*layout.REQUIRED, layout.MANIFEST, layout.REPORT, f"artifacts/sha256/{HEX}"])
def test_every_file_of_a_run_is_bounded(name: str) -> None:
    assert layout.limit_of(name)


@pytest.mark.parametrize(
    "digest", [f"sha256:{HEX}x", f"sha256:../{HEX[3:]}", f"sha1:{HEX}", HEX, "", f"sha256:{HEX}\n"]
)
def test_what_is_no_digest_names_no_artifact(digest: str) -> None:
    with pytest.raises(LedgerError, match="is no digest"):
        layout.artifact_name(digest)


def test_a_walk_tells_files_folders_and_links_apart_and_enters_no_other_folder(tmp_path: Path) -> None:
    (tmp_path / "artifacts/sha256").mkdir(parents=True)
    (tmp_path / "artifacts/sha256" / HEX).write_bytes(b"123")
    (tmp_path / "other/inside").mkdir(parents=True)
    (tmp_path / "run.json").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "results.json")
    found = {entry.name: (entry.kind, entry.size) for entry in layout.walk(tmp_path)}
    assert found == {
        f"artifacts/sha256/{HEX}": (EntryKind.FILE, 3),
        "other": (EntryKind.DIRECTORY, 0),
        "run.json": (EntryKind.OTHER, 0),
        "results.json": (EntryKind.OTHER, 0),
    }


def test_a_walk_does_not_follow_a_linked_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret").write_bytes(b"1")
    (tmp_path / "run/artifacts").mkdir(parents=True)
    (tmp_path / "run/artifacts/sha256").symlink_to(tmp_path / "elsewhere")
    assert [(e.name, e.kind) for e in layout.walk(tmp_path / "run")] == [("artifacts/sha256", EntryKind.OTHER)]


def test_a_directory_of_endless_entries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAX_ENTRIES", 5)
    for number in range(6):
        (tmp_path / str(number)).write_bytes(b"")
    with pytest.raises(LedgerError, match="more than 5 entries"):
        list(layout.walk(tmp_path))


def test_a_directory_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="gone cannot be listed"):
        list(layout.walk(tmp_path / "gone"))
