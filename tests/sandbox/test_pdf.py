"""The PDF writer, read back by pypdf in strict mode."""

import io

from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from clauseproof.sandbox.pdf import write_pdf


def read(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data), strict=True)


def text(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(data).pages).split())


def test_text_comes_back_as_it_was_written() -> None:
    assert text(write_pdf(["Scope (of the report):", "C:\\region – “eu”"], title="t")) == (
        "Scope (of the report): C:\\region – “eu”"
    )


def test_the_title_is_kept() -> None:
    metadata = read(write_pdf([], title="SOC 2 Type II report")).metadata
    assert metadata is not None
    assert metadata.title == "SOC 2 Type II report"


def test_a_long_text_fills_several_pages() -> None:
    written = write_pdf(["line"] * 100, title="t")
    assert len(read(written).pages) == 4
    assert text(written).split() == ["line"] * 100


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=60), max_size=5))
def test_every_printable_paragraph_survives(paragraphs: list[str]) -> None:
    assert text(write_pdf(paragraphs, title="t")) == " ".join(paragraphs)
