"""Bytes kept as evidence lie under their own digest."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clauseproof.ledger import artifacts
from clauseproof.ledger.layout import MAX_ARTIFACT
from clauseproof.model.errors import LedgerError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "artifacts/sha256").mkdir(parents=True)
    return tmp_path


def test_an_artifact_is_named_by_its_digest_and_read_back(folder: Path) -> None:
    digest = artifacts.store(folder, b"handshake")
    assert digest == "sha256:" + hashlib.sha256(b"handshake").hexdigest()
    assert artifacts.load(folder, digest, 9) == b"handshake"


def test_the_same_bytes_are_kept_once_however_many_threads_bring_them(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: artifacts.store(folder, b"x" * 100_000), range(40)))
    assert len(digests) == 1
    assert len(list((folder / "artifacts/sha256").iterdir())) == 1


def test_an_artifact_beyond_the_bound_is_refused(folder: Path) -> None:
    with pytest.raises(LedgerError, match="too large"):
        artifacts.store(folder, bytes(MAX_ARTIFACT + 1))
    assert list((folder / "artifacts/sha256").iterdir()) == []


def test_an_artifact_larger_than_the_reader_allows_is_refused(folder: Path) -> None:
    with pytest.raises(LedgerError, match="more than 8 bytes"):
        artifacts.load(folder, artifacts.store(folder, b"handshake"), 8)


def test_an_artifact_that_was_changed_is_refused(folder: Path) -> None:
    digest = artifacts.store(folder, b"handshake")
    (folder / "artifacts/sha256" / digest.removeprefix("sha256:")).write_bytes(b"handshakf")
    with pytest.raises(LedgerError, match="is not what its name says"):
        artifacts.load(folder, digest)


def test_an_artifact_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    digest = hashlib.sha256(b"secret").hexdigest()
    (folder / "artifacts/sha256" / digest).symlink_to(tmp_path / "secret")
    with pytest.raises(LedgerError, match="cannot be opened"):
        artifacts.load(folder, f"sha256:{digest}")


def test_an_artifact_that_was_never_kept_is_named(folder: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        artifacts.load(folder, "sha256:" + "0" * 64)


def test_an_artifact_that_cannot_be_written_is_a_ledger_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be written"):
        artifacts.store(tmp_path, b"handshake")
