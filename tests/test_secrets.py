"""References to secrets: opened, or refused in words of ours that name the reference alone."""

import sys
from pathlib import Path

import pytest

from clauseproof.model.errors import Denied
from clauseproof.model.secret import SecretRef
from clauseproof.secrets import reveal

KEYRING = """\
def get_password(service, user):
    if user == "locked":
        raise RuntimeError("hunter2 is behind a lock")
    return {"me": "hunter2"}.get(user)
"""


@pytest.fixture(autouse=True)
def _keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package as it is installed, with a keyring that is locked to some."""
    (tmp_path / "keyring.py").write_text(KEYRING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)


def test_a_secret_of_the_platforms_keyring_is_opened(tmp_path: Path) -> None:
    assert reveal(SecretRef.parse("${keyring:clauseproof/me}"), tmp_path) == "hunter2"


@pytest.mark.parametrize(
    ("user", "says"), [("locked", "did not open .*locked}: RuntimeError"), ("nobody", "is not in the platform")]
)
def test_a_keyring_that_does_not_open_it_is_a_typed_error(tmp_path: Path, user: str, says: str) -> None:
    with pytest.raises(Denied, match=says) as caught:
        reveal(SecretRef.parse(f"${{keyring:clauseproof/{user}}}"), tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfehunter2", b"hunter2" * 10_000])
def test_a_file_that_holds_no_secret_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(Denied, match=r"\$\{file:token\}") as caught:
        reveal(SecretRef.parse("${file:token}"), tmp_path)
    assert "hunter2" not in str(caught.value)
