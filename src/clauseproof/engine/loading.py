"""Finds and loads check files by path. What a file declares is read from its marks; nothing is registered by import."""

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from clauseproof.engine.registry import Registry
from clauseproof.model.errors import ClauseproofError, WiringError

_PREFIX = "clauseproof_checks_"


@dataclass(frozen=True)
class CheckFile:
    """One loaded check file: the kinds of claims it declares, its name for people, and its SHA-256 (hex)."""

    path: Path
    name: str
    sha256: str
    kinds: tuple[str, ...]


def check_paths(folder: Path) -> Iterator[Path]:
    """The check files of a folder: Python files, except tests, conftest and names that begin with an underscore."""
    if not folder.is_dir():
        raise ClauseproofError(
            f"there is no folder of checks at {folder}", "name the folder that holds your check files"
        )
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith(("_", "test_")) and not path.stem.endswith("_test") and path.name != "conftest.py":
            yield path


def load_check_file(path: Path, registry: Registry) -> CheckFile:
    """Load one file and take its checks, probes, facts and subjects into the registry; WiringError if it fails."""
    before = set(registry.checks)
    registry.scan(_module(path))
    kinds = tuple(kind for kind in registry.checks if kind not in before)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return CheckFile(path, f"{path.parent.name}/{path.name}", digest, kinds)


def _module(path: Path) -> ModuleType:
    name = f"{_PREFIX}{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise WiringError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = _line(error, path)
        raise WiringError(f"{path}:{line}: {type(error).__name__}: {error}", "mend the check file") from error
    return module


def _line(error: Exception, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
