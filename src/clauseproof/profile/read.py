"""Reads a profile: the only door of this room that the rest of the program needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clauseproof.engine.registry import Registry
from clauseproof.model.errors import LookFailed
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.profile import ClaimUse, Clause, Place, Profile
from clauseproof.model.subject import Subject
from clauseproof.profile.atlas import load_atlas
from clauseproof.profile.claims import ClaimReader, Deployment
from clauseproof.profile.contract import Contract, Found
from clauseproof.profile.documents import MAX_BYTES as MAX_DOCUMENT_BYTES
from clauseproof.profile.draft import ClauseDraft, Draft
from clauseproof.profile.files import DiskFiles, Files, sha256
from clauseproof.profile.problem import Problems
from clauseproof.profile.rules import check_rules
from clauseproof.profile.subjects import read_subjects
from clauseproof.profile.tree import MAX_BYTES, Node, parse
from clauseproof.profile.validation import validate


@dataclass(frozen=True)
class Reading:
    """A profile, and the bytes of every file it was made from, by profile-relative name; the run keeps copies."""

    profile: Profile
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class _Promise:
    """What was found out about one clause."""

    node: Node
    claims: tuple[ClaimUse, ...]
    found: Found


def read_profile(path: Path, registry: Registry, files: Files | None = None, atlas: Atlas | None = None) -> Reading:
    """Read and validate a profile.

    `path` is as the user named it; its last part is the name asked of `files`, by default the folder it lies in.
    `atlas` defaults to the jurisdictions shipped. Raises ProfileErrors with all problems at once.
    """
    problems = Problems(str(path))
    kept = _Kept(files or DiskFiles(path.parent))
    atlas = atlas or load_atlas(None)[0]
    data = _read_itself(path.name, kept, problems)
    root = parse(data, problems)
    draft = validate(Draft, root, problems, atlas=atlas)
    check_rules(root, problems)
    subjects = read_subjects(root.get("subjects"), registry, root.get("datasets"), problems, atlas)
    promises = _promises(root, ClaimReader(registry, _deployment(root, subjects), atlas, problems), kept, problems)
    _read_named(root, kept, problems)
    if draft is None or problems:
        raise problems.errors()
    return Reading(_assemble(path, data, draft, subjects, promises, kept, problems), dict(kept.files))


class _Kept:
    """Files that remember what was read."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.files: dict[str, bytes] = {}

    def read(self, name: str, limit: int) -> bytes:
        data = self._files.read(name, limit)
        self.files[name] = data
        return data


def _read_itself(name: str, kept: _Kept, problems: Problems) -> bytes:
    try:
        return kept.read(name, MAX_BYTES)
    except LookFailed as error:
        raise problems.fatal((1, 1), error.what, error.what_to_do) from error


def _deployment(root: Node, subjects: Mapping[str, Subject]) -> Deployment:
    declared = root.get("subjects")
    return Deployment(frozenset(name for name, _ in declared.members()) if declared else frozenset(), subjects)


def _promises(root: Node, reader: ClaimReader, kept: _Kept, problems: Problems) -> list[_Promise]:
    contract = Contract.read(root.get("contract"), kept.read, problems)
    clauses = root.get("clauses")
    promises: list[_Promise] = []
    for node in clauses.entries() if clauses else ():
        promises.append(_Promise(node, reader.read(node), contract.locate(node)))
        contract.check_words(node)
    return promises


def _read_named(root: Node, kept: _Kept, problems: Problems) -> None:
    """Read what the profile names as its own evidence, so that the run keeps copies and a dead name shows early."""
    anchors = [root.at(["anchors"]).get(kind) for kind in ("hsm", "dnssec")]
    named = [
        root.at(["permission"]).get("file"),
        root.at(["network"]).get("ca_file"),
        root.at(["population"]).get("source"),
        *(entry for files in anchors if files for entry in files.entries()),
    ]
    for node in named:
        if node is None or node.text is None or node.text in kept.files:
            continue
        try:
            kept.read(node.text, MAX_DOCUMENT_BYTES)
        except LookFailed as error:
            problems.add(node.spot, error.what, value=node.text, advice=error.what_to_do)


def _assemble(
    path: Path,
    data: bytes,
    draft: Draft,
    subjects: Mapping[str, Subject],
    promises: list[_Promise],
    kept: _Kept,
    problems: Problems,
) -> Profile:
    clauses = (_clause(part, promise, problems.file) for part, promise in zip(draft.clauses, promises, strict=True))
    return Profile(
        path=str(path),
        sha256=sha256(data).removeprefix("sha256:"),
        buyer=draft.buyer,
        vendor=draft.vendor,
        operator=draft.operator,
        contract=draft.contract,
        permission=draft.permission,
        network=draft.network,
        sources=draft.sources,
        anchors=draft.anchors,
        population=draft.population,
        datasets=draft.datasets,
        subjects=subjects,
        clauses=tuple(clauses),
        waivers=draft.waivers,
        files={name: sha256(content) for name, content in kept.files.items()},
    )


def _clause(draft: ClauseDraft, promise: _Promise, file: str) -> Clause:
    return Clause(
        id=draft.id,
        title=draft.title,
        promise=draft.promise,
        tier=draft.tier,
        claims=promise.claims,
        place=Place(file, *promise.node.spot),
        contract=promise.found.document,
        passage=promise.found.passage,
        assurance=draft.assurance,
        remedy=draft.remedy,
        untested=draft.untested,
    )
