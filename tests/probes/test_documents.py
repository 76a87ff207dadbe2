"""Reading documents: digest and text, and what a hostile file can do."""

import hashlib
import zlib
from datetime import date

import pytest

from clauseproof import EvidenceRejected, Look, Reason, Unreachable, Unseen
from clauseproof.facts.documents import Document, Report, ReportType, Stated
from clauseproof.probes.documents import MOST_BYTES, MOST_CHARACTERS, report
from clauseproof.probes.pdftext import pdf_pages
from clauseproof.sandbox.pdf import write_pdf

SOC2 = Document(document="soc2.pdf", type=ReportType.SOC2_TYPE_II, period_end=date(2026, 6, 30), scope=("CRM",))


def read(data: bytes, name: str = "soc2.pdf") -> Report:
    def read_file(asked: str, limit: int) -> bytes:
        if asked != name:
            raise Unreachable(f"there is no file {asked}")
        if len(data) > limit:
            raise EvidenceRejected(f"{asked} is larger than {limit:,} bytes")
        return data

    return report(SOC2.model_copy(update={"document": name}), Look(read_file=read_file))


def unreadable(data: bytes) -> str:
    seen = read(data)
    assert isinstance(seen.pages, Unseen)
    assert seen.pages.reason is Reason.UNREADABLE
    assert seen.sha256 == hashlib.sha256(data).hexdigest()
    return seen.pages.text


def pdf(*objects: bytes) -> bytes:
    """A PDF of raw objects 1, 2, ...; object 1 is the catalogue."""
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + head + table + trailer


def one_page(content: bytes, *, filters: bytes = b"") -> bytes:
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), filters, content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )


def test_a_pdf_is_recorded_with_digest_size_and_the_text_of_each_page() -> None:
    data = write_pdf(["SOC 2 Type II Report", *["Filler of many words. " * 40] * 20], title="Report")
    seen = read(data)
    assert isinstance(seen.pages, tuple)
    assert seen.pages[0].startswith("SOC 2 Type II Report Filler of many")
    assert len(seen.pages) > 1
    assert (seen.sha256, seen.size, seen.cut) == (hashlib.sha256(data).hexdigest(), len(data), False)


def test_what_the_profile_says_is_kept_apart() -> None:
    seen = read(b"Report", "soc2.md")
    assert seen.stated == Stated(type=ReportType.SOC2_TYPE_II, period_end=date(2026, 6, 30), scope=("CRM",))


def test_the_facts_read_back_from_json_as_they_were() -> None:
    seen = read(b"# Report\n\nValid until 30 June 2026.\n", "iso.md")
    assert Report.load(1, seen.model_dump(mode="json")) == seen


def test_text_is_made_even() -> None:
    assert read("\ufeffType\u00a0\u2161\r\n  o\ufb00ice\t".encode(), "a.txt").pages == ("Type II office",)


def test_a_page_without_text_stays_an_empty_page() -> None:
    scanned = one_page(b"")
    assert unreadable(scanned) == "the document has no text that a program can read"


def test_a_missing_file_gives_nothing() -> None:
    def read_file(name: str, limit: int) -> bytes:
        raise Unreachable(f"there is no file {name}")

    with pytest.raises(Unreachable, match=r"there is no file soc2\.pdf"):
        report(SOC2, Look(read_file=read_file))


def test_a_file_beyond_the_limit_gives_nothing() -> None:
    with pytest.raises(EvidenceRejected, match="larger than 20,971,520 bytes"):
        read(bytes(MOST_BYTES + 1))


def test_text_beyond_the_limit_is_cut_and_said_to_be() -> None:
    seen = read(b"word " * 500_000, "long.txt")
    assert seen.cut
    assert seen.pages == (("word " * 500_000)[:MOST_CHARACTERS].rstrip(),)


def test_characters_that_grow_when_made_even_stay_within_the_limit() -> None:
    [page] = read("\ufdfa".encode() * 200_000, "long.txt").pages
    assert isinstance(page, str)
    assert len(page) <= MOST_CHARACTERS


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n", b"PK\x03\x04\x14\x00\xff", b"\xd0\xcf\x11\xe0"])
def test_other_formats_are_unreadable(data: bytes) -> None:
    assert "neither PDF nor UTF-8 text" in unreadable(data)


@pytest.mark.parametrize("data", [b"", b"   \n"])
def test_an_empty_file_is_unreadable(data: bytes) -> None:
    assert unreadable(data) == "the document has no text that a program can read"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-",
        b"%PDF-1.7\n" + bytes(range(256)) * 40,
        write_pdf(["SOC 2"], title="t")[:300],
        pdf(b"<< /Type /Catalog /Pages 1 0 R >>"),
        pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>"),
        pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"[" * 20_000),
        one_page(b"(\\" * 1000 + b" Tj"),
    ],
    ids=["header only", "noise", "truncated", "own child", "own kid", "nested", "unclosed string"],
)
def test_a_broken_pdf_is_unreadable(data: bytes) -> None:
    assert unreadable(data)


def test_a_pdf_that_unfolds_to_gigabytes_is_unreadable() -> None:
    bomb = zlib.compress(zlib.compress(bytes(1 << 29)))
    assert unreadable(one_page(bomb, filters=b"/Filter [/FlateDecode /FlateDecode]"))


def test_a_pdf_that_takes_longer_than_the_look_may_last_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match=r"the PDF cannot be read within 0\.001 s"):
        pdf_pages(write_pdf(["SOC 2"], title="t"), timeout_s=0.001)


def test_an_encrypted_pdf_is_unreadable_and_says_why() -> None:
    from io import BytesIO

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(write_pdf(["SOC 2"], title="t"))))
    writer.encrypt("secret")
    locked = BytesIO()
    writer.write(locked)
    assert unreadable(locked.getvalue()) == "the PDF is encrypted"
