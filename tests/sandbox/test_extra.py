"""Without the extra, one sentence says how to get it."""

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from clauseproof.model.errors import ExtraMissing
from clauseproof.sandbox import require
from clauseproof.sandbox.vendor import ReferenceVendor


@pytest.fixture
def without_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Callable[[str], ModuleSpec | None] = importlib.util.find_spec
    monkeypatch.setattr("clauseproof.sandbox.find_spec", lambda name: None if name == "uvicorn" else found(name))


def test_with_the_extra_nothing_is_required() -> None:
    require()


@pytest.mark.usefixtures("without_uvicorn")
def test_without_it_the_reference_vendor_says_what_is_missing_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(ExtraMissing) as refused:
        ReferenceVendor.honest(tmp_path)
    assert "uvicorn" in refused.value.what
    assert refused.value.what_to_do == 'pip install "clauseproof[sandbox]"'
