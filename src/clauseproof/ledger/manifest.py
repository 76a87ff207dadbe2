"""The signed statement of a run: which files it has, what it was made from, and what came out.

An in-toto Statement v1 with a test-result predicate v0.1
(https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md). The subjects are all files of the
run but the manifest. `configuration` describes, as resource descriptors, the run itself, every file of the profile's
side, every check file that judged, and the signer's public key: its `content` is the SubjectPublicKeyInfo and its
digest the key id, so that a run directory can be checked for integrity without any further file. What in-toto has no
field for stands in the descriptors' annotations, under the one name `clauseproof`.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clauseproof.ledger.keys import PublicKey
from clauseproof.ledger.verdicts import instant, names
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.strictjson import decode

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
_ROLE = {Ruling.SATISFIED: "passedTests", Ruling.NOT_SATISFIED: "failedTests"}
_LISTS = ("passedTests", "warnedTests", "failedTests")


def statement(
    record: RunRecord, verdicts: Iterable[Verdict], files: Mapping[str, str], signer: PublicKey | None
) -> dict[str, Any]:
    """The statement over a run's files (hex SHA-256 by name)."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": files[name]}} for name in sorted(files)],
        "predicateType": TEST_RESULT,
        "predicate": {**outcome(record, verdicts), "configuration": _configuration(record, files, signer)},
    }


def outcome(record: RunRecord, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """The predicate's result, and every verdict by name in one of its lists.

    FAILED if anything is contradicted. PASSED only for a whole run in which something was tested and everything
    tested is satisfied, with no clause left without claims; else WARNED.
    """
    given = list(verdicts)
    lists: dict[str, list[str]] = {each: [] for each in _LISTS}
    for name, verdict in zip(names(given), given, strict=True):
        lists[_ROLE.get(verdict.ruling, "warnedTests")].append(name)
    spoken_of = {verdict.clause for verdict in given}
    whole = record.complete and spoken_of.issuperset(clause.id for clause in record.profile.clauses)
    if lists["failedTests"]:
        return {"result": "FAILED", **lists}
    return {"result": "PASSED" if whole and given and not lists["warnedTests"] else "WARNED", **lists}


def circumstances(record: RunRecord) -> dict[str, Any]:
    """What the manifest says of the run itself."""
    return {
        "role": "run",
        "id": record.id,
        "started": instant(record.started),
        "finished": None if record.finished is None else instant(record.finished),
        "complete": record.complete,
        "clauseproof": record.clauseproof,
        "operator": record.operator,
        "vantages": list(record.vantages),
        "permission": [str(permission) for permission in record.permission],
        "drills": record.drills,
        "profile": profile_identity(record.profile.buyer, record.profile.vendor, record.profile.path),
        "previous": record.previous,
        "judged_from": None if record.judged_from is None else record.judged_from.model_dump(mode="json"),
    }


def profile_identity(buyer: str, vendor: str, path: str) -> list[str]:
    """What makes two runs runs of the same profile, whatever folder it was read from and however it was amended."""
    return [buyer, vendor, path.replace("\\", "/").rpartition("/")[2]]


@dataclass(frozen=True)
class Statement:
    """A statement as read.

    Attributes:
        files: hex SHA-256 by name.
        outcome: the predicate without its configuration.
        run: the run's circumstances.
        signer: the public key that it names, None where it names none.
    """

    files: dict[str, str]
    outcome: dict[str, Any]
    run: dict[str, Any]
    signer: PublicKey | None


def read_statement(payload: bytes) -> Statement:
    """Read a statement; ValueError that says why it is none of ours."""
    data = decode(payload)
    try:
        if (data["_type"], data["predicateType"]) != (STATEMENT, TEST_RESULT):
            raise ValueError("the payload is no in-toto test-result statement")
        predicate, configuration = data["predicate"], data["predicate"]["configuration"]
        roles = {note["role"]: each for each in configuration if (note := each["annotations"]["clauseproof"])}
        return Statement(
            files=_files(data["subject"]),
            outcome={key: predicate[key] for key in ("result", *_LISTS)},
            run=dict(roles["run"]["annotations"]["clauseproof"]),
            signer=_read_key(roles["signer"]) if "signer" in roles else None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the statement lacks {error!s:.100} or has it in another shape") from error


def _configuration(record: RunRecord, files: Mapping[str, str], signer: PublicKey | None) -> list[dict[str, Any]]:
    contract = {document.file: document.status for document in record.profile.contract}
    found = [_descriptor("run.json", files["run.json"], circumstances(record))]
    found.append(_descriptor(record.profile.path, record.profile.sha256, {"role": "profile"}))
    for name, digest in sorted(record.files.items()):
        if digest != f"sha256:{record.profile.sha256}":
            note = {"role": "contract", "status": contract[name]} if name in contract else {"role": "file"}
            found.append(_descriptor(name, digest.removeprefix("sha256:"), note))
    found += [_descriptor(name, digest, {"role": "check"}) for name, digest in sorted(record.checks.items())]
    if signer is not None:
        key = _descriptor("signer", signer.keyid, {"role": "signer"})
        found.append(key | {"content": base64.b64encode(signer.der).decode(), "mediaType": "application/x.spki"})
    return found


def _descriptor(name: str, sha256: str, note: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": sha256}, "annotations": {"clauseproof": note}}


def _files(subjects: list[dict[str, Any]]) -> dict[str, str]:
    files = {str(each["name"]): str(each["digest"]["sha256"]) for each in subjects}
    if len(files) != len(subjects):
        raise ValueError("the statement names a file twice")
    return files


def _read_key(descriptor: dict[str, Any]) -> PublicKey:
    key = PublicKey(base64.b64decode(descriptor["content"], validate=True))
    if descriptor["digest"]["sha256"] != key.keyid:
        raise ValueError("the signer's key is not the one that its digest names")
    return key
