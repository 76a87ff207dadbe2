"""A promise must stand in the contract, in the contract's own words; else the nearest passage is shown."""

import os
import zlib
from pathlib import Path

import pytest

from clauseproof.model.errors import EvidenceRejected
from clauseproof.profile.documents import MAX_BYTES, MAX_LINES, read_document
from clauseproof.sandbox.pdf import write_pdf
from tests.profile.support import CONTRACT, PROFILE, problems, read, told

FIRST = (
    "20:14: the promise 'Letters shall arrive within two days at every letterbox of the Customer.' does not occur in "
)


def test_a_promise_the_contract_does_not_make_is_refused_with_the_nearest_passage(tmp_path: Path) -> None:
    found = problems(tmp_path, PROFILE, CONTRACT.replace("two days", "nine days"))
    near = "'Letters shall arrive **within nine days** at every letterbox of the Customer'"
    assert told(found) == [f"{FIRST}DPA; the nearest passage is DPA, line 4: {near}"]
    assert found[0].value == "Letters shall arrive within two days at every letterbox of the Customer."


def test_a_promise_like_nothing_in_the_contract_is_refused_without_one(tmp_path: Path) -> None:
    contract = CONTRACT.replace("Letters shall arrive", "The weather is fine").replace("at every letter-\nbox", "")
    found = problems(tmp_path, PROFILE, contract.replace("of the Customer", "").replace("within two days", "today"))
    assert told(found) == [f"{FIRST}DPA; quote the contract word for word"]


def test_a_passage_cannot_reach_the_terminal_unescaped(tmp_path: Path) -> None:
    found = problems(tmp_path, PROFILE, CONTRACT.replace("two days", "\x1b[31mnine\u202e days"))
    assert "\\x1b[31mnine\\u202e days" in str(found[0])
    assert "\x1b" not in str(found[0])


def test_all_documents_are_named_where_none_has_the_promise(tmp_path: Path) -> None:
    (tmp_path / "msa.txt").write_text("Each bird shall be fed.")
    profile = PROFILE.replace("contract:\n", "contract:\n  - {id: MSA, file: msa.txt}\n")
    (message,) = told(problems(tmp_path, profile, CONTRACT.replace("two days", "nine days")))
    assert "does not occur in MSA, DPA; the nearest passage is DPA, line 4" in message


def test_a_promise_may_stand_in_the_document_that_cannot_be_read(tmp_path: Path) -> None:
    profile = PROFILE.replace("contract:\n", "contract:\n  - {id: MSA, file: msa.txt}\n")
    found = told(problems(tmp_path, profile, CONTRACT.replace("two days", "nine days")))
    assert found == ["4:21: there is no file 'msa.txt'; paths are relative to the profile"]


def test_only_the_first_few_nearest_passages_are_looked_for(tmp_path: Path) -> None:
    clauses = "".join(
        f"  - {{id: X {number}, tier: 3, promise: Letters shall arrive within {number} days}}\n" for number in range(30)
    )
    found = told(problems(tmp_path, PROFILE.replace("clauses:\n", f"clauses:\n{clauses}")))
    assert len(found) == 30
    assert sum("the nearest passage is" in message for message in found) == 10


def test_a_promise_in_a_pdf_is_found_by_its_page(tmp_path: Path) -> None:
    filler = ["Nothing of interest stands on this page."] * 40
    paragraphs = [*filler, CONTRACT.replace("*", "").replace("#", "").replace("letter-\nbox", "letterbox")]
    clauses = read(tmp_path, PROFILE, write_pdf(paragraphs, title="Agreement")).profile.clauses
    assert [clause.passage for clause in clauses] == ["page 2", "page 2"]


def test_a_pdf_without_the_promise_shows_its_nearest_page(tmp_path: Path) -> None:
    pdf = write_pdf(["Letters shall arrive within nine days at every letterbox of the Customer."], title="Agreement")
    (first, _) = told(problems(tmp_path, PROFILE, pdf))
    assert first.endswith("'Letters shall arrive within nine days at every letterbox of the Customer'")
    assert "the nearest passage is DPA, page 1: " in first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the document is empty; "),
        (b" \n\n# \n", "the document is empty; "),
        ("naïve".encode("latin-1"), "the document is neither PDF nor UTF-8 text (byte 2); "),
        (b"PK\x03\x04\xff\xfe", "the document is neither PDF nor UTF-8 text (byte 4); "),
        (write_pdf([], title="Scan"), "the document has no text layer; "),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, "the PDF "),
        (write_pdf(["text"], title="Cut")[:300], "the PDF "),
        (b"a\n" * (MAX_LINES + 1), f"the document has more than {MAX_LINES:,} lines; "),
    ],
)
def test_a_document_without_text_is_one_problem_at_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    (found,) = told(problems(tmp_path, PROFILE, content))
    assert found.startswith(f"4:48: {message}")


def test_a_document_over_twenty_mebibytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.md"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)
    (found,) = told(problems(tmp_path, PROFILE.replace("dpa.md", "big.md")))
    assert found == "4:48: 'big.md' is larger than 20,971,520 bytes; name a smaller file"


def pdf_of(content: bytes) -> bytes:
    """A PDF of one page whose content is compressed."""
    packed = zlib.compress(content, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</Font<</F 3 0 R>>>>/Contents 5 0 R>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed),
    ]
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%b\nendobj\n" % pair for pair in enumerate(objects, 1))
    return body + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n0\n%%EOF"


def test_a_pdf_that_unfolds_to_gigabytes_is_rejected() -> None:
    assert read_document(pdf_of(b"BT /F 9 Tf (some words) Tj ET")).find("some words") is not None
    with pytest.raises(EvidenceRejected, match="the PDF"):
        read_document(pdf_of(b" " * 600_000_000))
