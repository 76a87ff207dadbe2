"""Files come from the profile's folder or from a run's copies, and nothing but regular files of bounded size does."""

import os
import socket
from pathlib import Path

import pytest

from clauseproof.model.errors import EvidenceRejected, Unreachable
from clauseproof.profile.files import DiskFiles, RecordedFiles, sha256


def test_a_file_is_read_relative_to_the_profile(tmp_path: Path) -> None:
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "dpa.md").write_bytes(b"text")
    assert DiskFiles(tmp_path).read("contract/dpa.md", 4) == b"text"


def test_a_name_may_climb_and_a_link_may_lead_to_a_regular_file(tmp_path: Path) -> None:
    (tmp_path / "dpa.md").write_bytes(b"text")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "link.md").symlink_to(tmp_path / "dpa.md")
    files = DiskFiles(tmp_path / "profiles")
    assert files.read("../dpa.md", 10) == files.read("link.md", 10) == b"text"


def test_a_file_beyond_the_limit_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "dpa.md").write_bytes(b"12345")
    with pytest.raises(EvidenceRejected, match=r"'dpa\.md' is larger than 4 bytes"):
        DiskFiles(tmp_path).read("dpa.md", 4)


@pytest.mark.parametrize("name", ["/etc/hosts", "", "a\0b"])
def test_a_name_that_is_no_relative_path_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvidenceRejected, match="is no path relative to the profile"):
        DiskFiles(tmp_path).read(name, 100)


@pytest.mark.parametrize("name", ["none.md", "dpa.md/none", "loop"])
def test_a_file_that_is_not_there_is_unreachable(tmp_path: Path, name: str) -> None:
    (tmp_path / "dpa.md").write_bytes(b"text")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(Unreachable, match=f"'{name}'"):
        DiskFiles(tmp_path).read(name, 100)


def test_what_is_no_regular_file_is_rejected_and_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name, what in [
            ("folder", "a folder"),
            ("pipe", "a device, pipe or socket"),
            ("zero", "a device, pipe or socket"),
            ("socket", "a device, pipe or socket"),
        ]:
            with pytest.raises(EvidenceRejected, match=f"'{name}' is {what}"):
                DiskFiles(tmp_path).read(name, 100)


def test_a_name_cannot_reach_the_terminal_unescaped(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as refused:
        DiskFiles(tmp_path).read("\x1b[31mred", 100)
    assert refused.value.what == "there is no file '\\x1b[31mred'"


def test_a_copy_of_a_run_is_found_by_its_name(tmp_path: Path) -> None:
    files = RecordedFiles({"dpa.md": sha256(b"text")}, {sha256(b"text"): b"text"}.__getitem__)
    assert files.read("dpa.md", 4) == b"text"
    with pytest.raises(Unreachable, match=r"the run kept no copy of 'msa\.md'"):
        files.read("msa.md", 4)
    with pytest.raises(EvidenceRejected, match=r"'dpa\.md' is larger than 3 bytes"):
        files.read("dpa.md", 3)


def test_a_copy_that_changed_is_rejected() -> None:
    files = RecordedFiles({"dpa.md": sha256(b"text")}, lambda digest: b"test")
    with pytest.raises(EvidenceRejected, match=r"the run's copy of 'dpa\.md' has changed"):
        files.read("dpa.md", 100)
