"""The text of a PDF, page by page, taken by a process of its own.

A PDF may come from the vendor, and a few hundred bytes of it can ask for hours and gigabytes. So pypdf runs in a child
with limits of memory, processor time and output, and whatever it does, the parent goes on.
"""

import json
import logging
import subprocess
import sys
from contextlib import suppress

from clauseproof.model.errors import EvidenceRejected

TIMEOUT_S = 60
MAX_PAGES = 2_000
MAX_CHARACTERS = 20_000_000
_MEMORY_BYTES = 1 << 30


def pdf_pages(data: bytes, timeout_s: float = TIMEOUT_S) -> list[str]:
    """The text of each page; EvidenceRejected with the reason if it cannot be had within the limits."""
    command = [sys.executable, "-P", "-m", __name__, str(int(timeout_s) + 1)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise EvidenceRejected(
            f"the PDF's text cannot be read within {timeout_s:g} s", "give the text as a text file"
        ) from None
    try:
        said = json.loads(done.stdout)
    except ValueError:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise EvidenceRejected(
            f"the PDF ended its reader ({how}): it is broken or asks for too much memory or time",
            "give the text as a text file",
        ) from None
    if isinstance(said, str):
        raise EvidenceRejected(said, "save the PDF anew, or give the text as a text file")
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
        if len(reader.pages) > MAX_PAGES:
            return f"the PDF has more than {MAX_PAGES} pages"
        pages: list[str] = []
        size = 0
        for page in reader.pages:
            pages.append(page.extract_text())
            size += len(pages[-1])
            if size > MAX_CHARACTERS:
                return f"the PDF has more than {MAX_CHARACTERS} characters"
    except RecursionError:
        return "the PDF is nested too deeply"
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
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
