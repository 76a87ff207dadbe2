"""Puts the rooms together, the same for every door: checks, the user's own ones, profiles, recorded runs."""

import importlib
import os
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import clauseproof
from clauseproof.engine.loading import CheckFile, check_paths, load_check_file
from clauseproof.engine.registry import Registry
from clauseproof.engine.run import Setting
from clauseproof.hardware.dnsanchors import IANA
from clauseproof.ledger.read import LedgerReader
from clauseproof.model.case import TrustAnchors
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.run import RunRecord
from clauseproof.profile.atlas import load_atlas, read_atlas
from clauseproof.profile.files import DiskFiles, Files, RecordedFiles
from clauseproof.profile.read import Reading, read_profile

_ROOMS = ("clauseproof.facts", "clauseproof.probes")


def home() -> Path:
    """The folder of signing key and drill journals: `CLAUSEPROOF_HOME`, else the platform's place for user data."""
    import platformdirs

    folder = Path(os.environ.get("CLAUSEPROOF_HOME") or platformdirs.user_data_dir("clauseproof"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def built_in_checks() -> Path:
    """The folder of the checks that come with clauseproof: inside the package, or the repository's."""
    package = Path(clauseproof.__file__).parent
    inside = package / "checks"
    return inside if inside.is_dir() else package.parents[1] / "checks"


def own_checks(profile: Path) -> tuple[Path, ...]:
    """The user's folder of checks beside the profile, or beside the `profiles/` folder it lies in, if there is one."""
    folder = profile.resolve().parent
    beside = [folder / "checks", *([folder.parent / "checks"] if folder.name == "profiles" else [])]
    return tuple(path for path in beside if path.is_dir() and path.resolve() != built_in_checks().resolve())[:1]


def load(folders: Iterable[Path] = ()) -> tuple[Registry, tuple[CheckFile, ...]]:
    """Everything that comes with clauseproof, and the check files of further folders."""
    registry = Registry()
    registry.scan_names(_modules())
    paths = [path for folder in (built_in_checks(), *folders) for path in check_paths(folder)]
    return registry, tuple(load_check_file(path, registry) for path in paths)


def _modules() -> list[str]:
    names: list[str] = []
    for room in _ROOMS:
        package = importlib.import_module(room)
        names += sorted(found.name for found in pkgutil.walk_packages(package.__path__, f"{room}."))
    return names


def prepare(path: Path, jurisdictions: Path | None = None) -> Setting:
    """Read a profile with everything it needs; ProfileError names file, line and column."""
    return _setting(path, load(own_checks(path)), DiskFiles(path.parent), load_atlas(jurisdictions), None)


def _setting(
    path: Path,
    loaded: tuple[Registry, tuple[CheckFile, ...]],
    files: Files,
    law: tuple[Atlas, bytes],
    anchors: TrustAnchors | None,
) -> Setting:
    registry, check_files = loaded
    atlas, atlas_source = law
    reading = read_profile(path, registry, files=files, atlas=atlas)
    return Setting(
        profile=reading.profile,
        registry=registry,
        check_files=check_files,
        files=files,
        base=path.parent,
        copies=reading.files,
        atlas=atlas,
        atlas_source=atlas_source,
        anchors=anchors or _anchors(reading),
        state=home() / "journal",
        version=clauseproof.__version__,
    )


def _anchors(reading: Reading) -> TrustAnchors:
    import certifi

    profile, files = reading.profile, reading.files
    named = [profile.network.ca_file] if profile.network.ca_file else []
    tls = [files[name] for name in named]
    return TrustAnchors(
        tls=(*tls, Path(certifi.where()).read_bytes()),
        hsm=tuple(files[name] for name in profile.anchors.hsm),
        dnssec=tuple(files[name] for name in profile.anchors.dnssec) or (IANA,),
    )


@dataclass(frozen=True)
class Again:
    """What to change when a recorded run is judged again; None keeps what the run had.

    `checks` is the user's own folder of checks; a run names the digests of its check files and never brings them.
    """

    profile: Path | None = None
    jurisdictions: Path | None = None
    checks: Path | None = None


def recorded(reader: LedgerReader, again: Again) -> Setting:
    """The setting of a recorded run, from its own copies: no file outside the run is read unless `again` names one."""
    record = reader.record
    loaded = load(_folders(record, again))
    if again.profile is not None:
        return _setting(again.profile, loaded, DiskFiles(again.profile.parent), _atlas(reader, again), None)
    copies = RecordedFiles(record.files, reader.artifact)
    anchors = TrustAnchors(
        tls=tuple(reader.artifact(digest) for digest in record.tls_anchors),
        hsm=tuple(reader.artifact(digest) for digest in record.hsm_anchors),
        dnssec=tuple(reader.artifact(digest) for digest in record.dnssec_anchors),
    )
    return _setting(Path(record.profile.path), loaded, copies, _atlas(reader, again), anchors)


def _folders(record: RunRecord, again: Again) -> tuple[Path, ...]:
    if again.checks is not None:
        return (again.checks,)
    return own_checks(again.profile or Path(record.profile.path))


def _atlas(reader: LedgerReader, again: Again) -> tuple[Atlas, bytes]:
    if again.jurisdictions is not None or reader.record.atlas is None:
        return load_atlas(again.jurisdictions)
    source = reader.artifact(reader.record.atlas)
    return read_atlas(source, "the run's jurisdictions"), source
