"""Reads a document that a profile names: its digest, and its text where there is any."""

import hashlib
import unicodedata
from collections.abc import Iterable

from clauseproof.facts.documents import Document, Report
from clauseproof.model.errors import EvidenceRejected
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Unseen
from clauseproof.probes.pdftext import TIMEOUT_S, pdf_pages

MOST_BYTES = 20 * 1024 * 1024
"""The largest file, in bytes."""
MOST_CHARACTERS = 2_000_000
"""The most text that is recorded: some 700 pages."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=90)
def report(document: Document, look: Look) -> Report:
    """Digest, size and text of the file; text that cannot be had is a gap in the facts, with its reason.

    Raises:
        Unreachable: there is no such file.
        EvidenceRejected: it is larger than 20 MiB.
    """
    data = look.read_file(document.document, MOST_BYTES)
    pages, cut = _pages(data, min(TIMEOUT_S, look.remaining_s()))
    return Report(
        name=document.document,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        pages=pages,
        cut=cut,
        stated=document.stated(),
    )


def _pages(data: bytes, timeout_s: float) -> tuple[tuple[str, ...] | Unseen, bool]:
    try:
        raw = pdf_pages(data, timeout_s) if b"%PDF-" in data[:1024] else [_text(data)]
        pages, cut = _even(raw)
        if not any(pages):
            raise EvidenceRejected("the document has no text that a program can read", _REMEDY)
    except EvidenceRejected as error:
        return error.unseen(), False
    return pages, cut


_REMEDY = "hand in a version with a text layer, such as one made by OCR"


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvidenceRejected(f"the document is neither PDF nor UTF-8 text (byte {error.start})", _REMEDY) from None
    return text


def _even(raw: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """Compatibility characters and white space made even, up to the limit; and whether something was left out."""
    pages: list[str] = []
    left, cut = MOST_CHARACTERS, False
    for page in raw:
        whole = " ".join(unicodedata.normalize("NFKC", page[:left]).split())
        pages.append(whole[:left])
        cut = cut or len(page) > left or len(whole) > left
        left -= len(pages[-1])
    return tuple(pages), cut
