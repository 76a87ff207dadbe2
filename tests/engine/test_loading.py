"""Check files are found by place, loaded by path, and named by line when they are wrong."""

from pathlib import Path

import pytest

from clauseproof.engine.loading import check_paths, load_check_file
from clauseproof.engine.registry import Registry
from clauseproof.model.errors import ClauseproofError, WiringError

FILE = """
from collections.abc import Iterator
from clauseproof import Claim, Finding, check

class Odd(Claim):
    pass

@check("odd")
def odd(claim: Odd) -> Iterator[Finding]:
    yield from ()
"""


def test_tests_and_private_files_are_no_check_files(tmp_path: Path) -> None:
    for name in ("odd.py", "test_odd.py", "odd_test.py", "_help.py", "__init__.py", "conftest.py", "notes.txt"):
        (tmp_path / name).write_text("")
    assert [path.name for path in check_paths(tmp_path)] == ["odd.py"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClauseproofError, match="no folder of checks"):
        list(check_paths(tmp_path / "gone"))


def test_a_file_says_which_kinds_it_declares(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(FILE)
    loaded = load_check_file(tmp_path / "odd.py", Registry())
    assert loaded.kinds == ("odd",)
    assert loaded.name == f"{tmp_path.name}/odd.py"


def test_two_files_of_the_same_name_do_not_meet(tmp_path: Path) -> None:
    for folder, kind in (("a", "odd"), ("b", "even")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text(FILE.replace('"odd"', f'"{kind}"'))
    registry = Registry()
    for folder in ("a", "b"):
        load_check_file(tmp_path / folder / "same.py", registry)
    assert set(registry.checks) == {"odd", "even"}


@pytest.mark.parametrize(("text", "line"), [("x = 1\ny = = 2\n", 2), ("x = 1\n\nimport nowhere_to_be_found\n", 3)])
def test_a_file_that_does_not_load_is_named_by_line(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(WiringError) as caught:
        load_check_file(path, Registry())
    assert caught.value.what.startswith(f"{path}:{line}: ")
