"""The lock files: every version with its hashes, and no word about where it is fetched."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"([a-z0-9][a-z0-9.-]*)==([^ ;]+)(?: ;[^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n")


def pins(lock: str) -> dict[str, str]:
    """The version of each package that a lock file pins."""
    return dict(PIN.findall((ROOT / "requirements" / lock).read_text()))


def direct(pyproject: dict[str, Any]) -> list[Requirement]:
    """The requirements that pyproject.toml names for running, building and testing."""
    extras, groups = pyproject["project"]["optional-dependencies"], pyproject["dependency-groups"]
    names = [*pyproject["project"]["dependencies"], *extras["sandbox"], *groups["build"], *groups["dev"]]
    return [Requirement(name) for name in names if isinstance(name, str)]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_nothing_but_pinned_and_hashed_packages(lock: Path) -> None:
    assert pins(lock.name)
    assert PIN.sub("", lock.read_text()) == ""


def test_the_lock_satisfies_every_direct_requirement() -> None:
    pinned = pins("dev.txt")
    wanted = direct(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    absent = [one.name for one in wanted if canonicalize_name(one.name) not in pinned]
    assert absent == []
    unmet = [str(one) for one in wanted if pinned[canonicalize_name(one.name)] not in one.specifier]
    assert unmet == []


def test_the_build_tools_are_the_same_in_both_locks() -> None:
    build, everything = pins("build.txt"), pins("dev.txt")
    assert {name: everything.get(name) for name in build} == build


def test_the_locked_sslyze_knows_tls_1_3() -> None:
    """A resolver without our floor takes 1.3.4 of 2018 in order to have the newest cryptography."""
    assert Version(pins("dev.txt")["sslyze"]) >= Version("6.3")
