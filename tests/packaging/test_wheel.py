"""The wheel: what it carries, what it leaves out, and that it works away from the repository."""

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from configparser import ConfigParser
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """The standard output of a command that must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def carried(wheel: Path) -> Iterator[ZipFile]:
    with ZipFile(wheel) as archive:
        yield archive


def dist_info(carried: ZipFile, name: str) -> bytes:
    (member,) = (one for one in carried.namelist() if one.endswith(f".dist-info/{name}"))
    return carried.read(member)


def metadata(carried: ZipFile) -> Message:
    return message_from_bytes(dist_info(carried, "METADATA"))


def test_nothing_generic_lands_at_the_top_of_site_packages(carried: ZipFile) -> None:
    tops = {name.split("/")[0] for name in carried.namelist()}
    assert tops == {"clauseproof", f"clauseproof-{metadata(carried)['Version']}.dist-info"}


def test_every_check_of_the_repository_is_carried(carried: ZipFile) -> None:
    checks = {f"clauseproof/checks/{one.name}" for one in (ROOT / "checks").glob("*.py")}
    assert "clauseproof/checks/__init__.py" in checks
    assert checks - set(carried.namelist()) == set()


def test_the_profile_schema_is_carried_as_it_stands(carried: ZipFile) -> None:
    assert carried.read("clauseproof/profiles/schema.json") == (ROOT / "profiles/schema.json").read_bytes()


def test_every_file_of_the_package_is_carried(carried: ZipFile) -> None:
    """Templates, the reference vendor's documents and the mark of a typed package lie beside the modules."""
    source = ROOT / "src"
    files = {one.relative_to(source).as_posix() for one in source.rglob("*") if one.is_file() and one.suffix != ".pyc"}
    assert "clauseproof/py.typed" in files
    assert files - set(carried.namelist()) == set()


def test_no_cache_is_carried(carried: ZipFile) -> None:
    assert [name for name in carried.namelist() if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_licence_is_carried(carried: ZipFile) -> None:
    assert metadata(carried)["License-Expression"] == "Apache-2.0"
    assert dist_info(carried, "licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_offers_both_doors(carried: ZipFile) -> None:
    doors = ConfigParser(delimiters="=")
    doors.read_string(dist_info(carried, "entry_points.txt").decode())
    assert dict(doors["console_scripts"]) == {"clauseproof": "clauseproof.cli:main"}
    # pytest takes a plugin for already registered only under the name of its module.
    assert dict(doors["pytest11"]) == {"clauseproof.plugin": "clauseproof.plugin"}


def test_the_reference_vendor_is_an_extra(carried: ZipFile) -> None:
    wanted = metadata(carried).get_all("Requires-Dist") or []
    assert [one for one in wanted if one.startswith("uvicorn")] == ["uvicorn; extra == 'sandbox'"]
    assert [one for one in wanted if one.startswith("sslyze")] == ["sslyze>=6.3"]


def test_an_editable_build_carries_no_copy_of_the_checks(tmp_path: Path) -> None:
    build = "from hatchling.build import build_editable; import sys; build_editable(sys.argv[1])"
    run(sys.executable, "-c", build, tmp_path)
    (built,) = tmp_path.glob("*.whl")
    with ZipFile(built) as archive:
        assert [name for name in archive.namelist() if "checks" in name or "schema" in name] == []


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of scripts of a fresh environment: the wheel, and the packages that the tests run with."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False)
    run(sys.executable, "-m", "pip", "--python", home, "install", "--quiet", "--no-index", "--no-deps", wheel)
    # A path in a .pth file is searched, but its own .pth files are not read: the editable install stays out.
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


@pytest.mark.slow
def test_the_command_line_runs_away_from_the_repository(installed: Path, tmp_path: Path) -> None:
    assert "judge" in run(installed / "clauseproof", "--help", cwd=tmp_path)


@pytest.mark.slow
def test_the_installed_package_brings_its_own_checks(installed: Path, tmp_path: Path) -> None:
    assert "tls-floor" in run(installed / "clauseproof", "checks", cwd=tmp_path)
    where = run(installed / "python", "-c", "import clauseproof.checks as c; print(c.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


@pytest.mark.slow
def test_a_conftest_may_name_the_plugin_that_the_entry_point_brings(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["clauseproof.plugin"]\n')
    (tmp_path / "test_one.py").write_text("def test_one() -> None: ...\n")
    assert "1 passed" in run(installed / "python", "-m", "pytest", "-q", cwd=tmp_path)


@pytest.mark.slow
def test_the_reference_vendor_runs_away_from_the_repository(installed: Path, tmp_path: Path) -> None:
    *_, last = run(installed / "clauseproof", "demo", cwd=tmp_path).splitlines()
    assert (tmp_path / last).name == "report.html"
    assert (tmp_path / last).is_file()
