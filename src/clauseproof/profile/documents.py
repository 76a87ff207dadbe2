"""The contract's documents as prose: PDF by page, Markdown and text by line."""

from clauseproof.model.errors import EvidenceRejected
from clauseproof.probes.pdftext import pdf_pages
from clauseproof.profile.prose import Passage, Prose

MAX_BYTES = 20 << 20
MAX_LINES = 500_000


def read_document(data: bytes) -> Prose:
    """The prose of a document; EvidenceRejected if it is no PDF with text and no UTF-8 text."""
    is_pdf = b"%PDF-" in data[:1024]
    prose = Prose(_pages(data) if is_pdf else _lines(data))
    if not prose:
        missing = "has no text layer" if is_pdf else "is empty"
        raise EvidenceRejected(f"the document {missing}", "give a version with text, such as one made by OCR")
    return prose


def _pages(data: bytes) -> list[Passage]:
    return [Passage(f"page {number}", text) for number, text in enumerate(pdf_pages(data), 1)]


def _lines(data: bytes) -> list[Passage]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvidenceRejected(
            f"the document is neither PDF nor UTF-8 text (byte {error.start})", "save it as PDF, Markdown or UTF-8 text"
        ) from None
    if text.count("\n") > MAX_LINES:
        raise EvidenceRejected(f"the document has more than {MAX_LINES:,} lines", "give the contract's text only")
    return [Passage(f"line {number}", line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
