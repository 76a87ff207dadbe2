"""The text of a PDF, page by page, taken by a process of its own.

A PDF may come from the vendor, and a few hundred bytes of it can ask for hours and gigabytes. pypdf therefore runs in a
child whose memory, processor time and output are limited; whatever the file does to it, the parent goes on.
"""

import json
import logging
import subprocess
import sys
from contextlib import suppress

from clauseproof.model.errors import EvidenceRejected

TIMEOUT_S = 60
"""Seconds of wall clock and of processor time for one file."""
MOST_PAGES = 2_000
MOST_CHARACTERS = 20_000_000
_MEMORY_BYTES = 1 << 30
_REMEDY = "save the PDF anew, or give its text as a text file"


def pdf_pages(data: bytes, timeout_s: float = TIMEOUT_S) -> list[str]:
    """The text of each page, an empty string for a page without a text layer.

    Raises:
        EvidenceRejected: encrypted, broken, or beyond the limits.
    """
    command = [sys.executable, "-P", "-m", __name__, str(int(timeout_s) + 1)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise EvidenceRejected(f"the PDF cannot be read within {timeout_s:g} s", _REMEDY) from None
    try:
        said = json.loads(done.stdout)
    except ValueError:
        text = "the PDF ended its reader: it is broken, or asks for more memory or time than a document needs"
        raise EvidenceRejected(text, _REMEDY) from None
    if isinstance(said, str):
        raise EvidenceRejected(said, _REMEDY)
    return [str(page) for page in said]


def _pages(data: bytes) -> list[str] | str:
    """The pages, or why there are none; runs in the child only."""
    from io import BytesIO

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return "the PDF is encrypted"
        if len(reader.pages) > MOST_PAGES:
            return f"the PDF has more than {MOST_PAGES} pages"
        pages: list[str] = []
        left = MOST_CHARACTERS
        for page in reader.pages:
            pages.append(page.extract_text())
            left -= len(pages[-1])
            if left < 0:
                return f"the PDF has more than {MOST_CHARACTERS} characters"
    except RecursionError:
        return "the PDF is nested too deeply"
    except (
        PyPdfError,
        ArithmeticError,
        AttributeError,
        LookupError,
        NotImplementedError,
        TypeError,
        ValueError,
    ) as error:
        # pypdf meets broken structures with whatever error they happen to cause.
        return f"the PDF is broken ({type(error).__name__})"
    return pages


def _limit(processor_s: int) -> None:
    import resource

    for what, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CPU, processor_s)):
        with suppress(ValueError, OSError):  # a lower limit is already set, or the system has none
            resource.setrlimit(what, (most, most))


def _main() -> None:
    _limit(int(sys.argv[1]))
    logging.disable()
    json.dump(_pages(sys.stdin.buffer.read()), sys.stdout)


if __name__ == "__main__":
    _main()
