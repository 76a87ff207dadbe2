"""Single files: bounded, regular, and written whole or not at all."""

import os
from pathlib import Path

import pytest

from clauseproof.ledger.files import opened, read_bounded, replace, sha256_bounded
from clauseproof.model.errors import LedgerError

TEN = b"0123456789"


@pytest.fixture
def ten(tmp_path: Path) -> Path:
    (tmp_path / "ten").write_bytes(TEN)
    return tmp_path / "ten"


def test_a_file_up_to_its_limit_is_read_and_one_byte_more_is_refused(ten: Path) -> None:
    assert read_bounded(ten, 10) == TEN
    with pytest.raises(LedgerError, match="more than 9 bytes"):
        read_bounded(ten, 9)


def test_a_file_up_to_its_limit_is_hashed_and_one_byte_more_is_refused(ten: Path) -> None:
    assert sha256_bounded(ten, 10) == "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
    with pytest.raises(LedgerError, match="more than 9 bytes"):
        sha256_bounded(ten, 9)


def test_a_pipe_is_no_regular_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LedgerError, match="is no regular file"), opened(tmp_path / "pipe"):
        pass


def test_a_link_is_not_followed(ten: Path) -> None:
    ten.with_name("link").symlink_to(ten)
    with pytest.raises(LedgerError, match="cannot be opened"), opened(ten.with_name("link")):
        pass


def test_a_folder_is_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is no regular file"), opened(tmp_path):
        pass


def test_a_replaced_file_has_the_new_bytes_and_nothing_lies_beside_it(ten: Path) -> None:
    replace(ten, b"new")
    assert ten.read_bytes() == b"new"
    assert [path.name for path in ten.parent.iterdir()] == ["ten"]


def test_a_write_that_fails_is_a_ledger_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(LedgerError, match="cannot be written"):
        replace(tmp_path / "folder", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_write_into_a_folder_that_is_gone_is_a_ledger_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be written: No such file"):
        replace(tmp_path / "gone/file", b"new")


def test_writing_and_reading_leave_no_file_open(ten: Path) -> None:
    replace(ten, TEN)
    sha256_bounded(ten, 10)
    with pytest.raises(LedgerError), opened(ten.parent):
        pass
    still_open = {path.resolve() for path in Path("/proc/self/fd").iterdir()}
    assert not {path for path in still_open if path.is_relative_to(ten.parent)}
