"""Verifying what the signature covers: the directory, the envelope, the statement, the digest of every file."""

from collections.abc import Iterator

from clauseproof.ledger import layout
from clauseproof.ledger.audit import Audit, NotDone
from clauseproof.ledger.envelope import PAYLOAD_TYPE, unseal
from clauseproof.ledger.files import digest_of, read_bounded, sha256_bounded
from clauseproof.ledger.keys import PublicKey
from clauseproof.ledger.layout import EntryKind
from clauseproof.ledger.manifest import Statement, read_statement
from clauseproof.ledger.verification import Problem, ProblemKind, Trust
from clauseproof.model.errors import LedgerError


def contents(audit: Audit) -> Iterator[Problem]:
    """Only regular files that a run has, under their own names, of bounded size, and none of them missing."""
    for entry in layout.walk(audit.directory):
        limit = layout.limit_of(entry.name)
        if entry.kind is EntryKind.OTHER:
            yield Problem(ProblemKind.UNSAFE, entry.name, "a run has regular files only; this is a link or a device")
        elif entry.kind is EntryKind.DIRECTORY or limit is None:
            yield Problem(ProblemKind.ADDED, entry.name, "a run has no file or folder of this name")
        elif entry.size > limit:
            yield Problem(ProblemKind.TOO_LARGE, entry.name, f"{entry.size} bytes; a run has at most {limit} here")
        else:
            audit.files.add(entry.name)
    for name in layout.REQUIRED:
        if name not in audit.files:
            yield Problem(ProblemKind.MISSING, name, "every run has this file")


def envelope(audit: Audit) -> Iterator[Problem]:
    """The manifest is a DSSE envelope around an in-toto payload."""
    if layout.MANIFEST not in audit.files:
        yield Problem(
            ProblemKind.UNSIGNED,
            layout.MANIFEST,
            "without a manifest nothing ties these files to a run: it was removed, or the run was killed",
        )
        return
    raw = read_bounded(audit.directory / layout.MANIFEST, layout.limit_of(layout.MANIFEST) or 0)
    audit.manifest = digest_of(raw)
    try:
        found = unseal(raw)
    except ValueError as error:
        yield Problem(ProblemKind.BAD_ENVELOPE, layout.MANIFEST, str(error))
        return
    if found.payload_type != PAYLOAD_TYPE:
        yield Problem(
            ProblemKind.BAD_ENVELOPE, layout.MANIFEST, f"payload type {found.payload_type}, not {PAYLOAD_TYPE}"
        )
        return
    audit.envelope = found


def signature(audit: Audit) -> Iterator[Problem]:
    """The envelope is signed: by the pinned key, or at least by the key that its statement names."""
    if audit.envelope is None:
        raise NotDone("there is no envelope")
    if not audit.envelope.keyids:
        yield Problem(ProblemKind.UNSIGNED, layout.MANIFEST, "the signature was stripped, or the run was never signed")
        return
    pinned, named = audit.trusted, _named_signer(audit)
    if pinned is not None and audit.envelope.signed_by(pinned):
        audit.trust, audit.keyid = Trust.PINNED, pinned.keyid
        return
    if named is not None and audit.envelope.signed_by(named):
        audit.trust, audit.keyid = Trust.EMBEDDED, named.keyid
        audit.note = "this proves integrity, not origin: compare the key id with the one the operator gave you"
        if pinned is not None:
            yield Problem(ProblemKind.WRONG_KEY, named.keyid, f"signed by this key, not by the pinned {pinned.keyid}")
        return
    yield Problem(ProblemKind.BAD_SIGNATURE, layout.MANIFEST, "no signature verifies: what was signed was changed")


def statement(audit: Audit) -> Iterator[Problem]:
    """The payload is the statement of a run, and names nothing outside of it."""
    if audit.envelope is None:
        raise NotDone("there is no envelope")
    try:
        found = read_statement(audit.envelope.payload)
    except ValueError as error:
        yield Problem(ProblemKind.BAD_STATEMENT, layout.MANIFEST, str(error))
        return
    audit.statement = found
    for name, digest in found.files.items():
        yield from _subject(name, digest)
    for name in layout.REQUIRED:
        if name not in found.files:
            yield Problem(ProblemKind.BAD_STATEMENT, name, "the statement does not name this file")


def files(audit: Audit) -> Iterator[Problem]:
    """The directory has exactly the files that the statement names, byte for byte."""
    said = audit.must_have_statement()
    present = audit.files - {layout.MANIFEST}
    for name in sorted(said.files.keys() - present):
        yield Problem(ProblemKind.MISSING, name, "named by the statement, and not here as a file of a run")
    for name in sorted(present - said.files.keys()):
        yield Problem(ProblemKind.ADDED, name, "not named by the statement")
    for name in sorted(present & said.files.keys()):
        yield from _file(audit, said, name)
    audit.note = f"{len(said.files)} files"


def _named_signer(audit: Audit) -> PublicKey | None:
    if audit.envelope is None:
        return None
    try:
        return read_statement(audit.envelope.payload).signer
    except ValueError:
        return None  # the next step says what is wrong with the statement


def _subject(name: str, digest: str) -> Iterator[Problem]:
    if layout.limit_of(name) is None or name == layout.MANIFEST:
        yield Problem(ProblemKind.UNSAFE, name, "the statement names a file that a run does not have")
    elif name.startswith(layout.ARTIFACTS) and name != f"{layout.ARTIFACTS}/{digest}":
        yield Problem(ProblemKind.BAD_STATEMENT, name, "the statement gives this artifact another digest than its name")


def _file(audit: Audit, said: Statement, name: str) -> Iterator[Problem]:
    try:
        digest = sha256_bounded(audit.directory / name, layout.limit_of(name) or 0)
    except LedgerError as error:
        yield Problem(ProblemKind.UNREADABLE, name, error.what)
        return
    if digest != said.files[name]:
        yield Problem(ProblemKind.CHANGED, name, f"its SHA-256 is {digest}, not {said.files[name]} as signed")
