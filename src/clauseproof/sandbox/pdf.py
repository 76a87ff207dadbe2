"""A small PDF of plain text, as a word processor would print it (ISO 32000-1, section 7.5)."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

_LINES, _COLUMNS = 56, 88
_FONT: Final = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def write_pdf(paragraphs: Sequence[str], *, title: str) -> bytes:
    """A4 pages of Helvetica, 10 points. Text must fit into Windows-1252."""
    pages = _pages(paragraphs)
    # Objects 1 to 4: catalogue, page tree, font, information; then a page and its content in turn.
    kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        _FONT,
        b"<< /Title " + _string(title) + b" >>",
    ]
    for i, lines in enumerate(pages):
        objects += [_page(6 + 2 * i), _content(lines)]
    return _file(objects)


def _pages(paragraphs: Sequence[str]) -> list[list[str]]:
    lines = [line for paragraph in paragraphs for line in [*wrap(paragraph, _COLUMNS), ""]]
    return [lines[start : start + _LINES] for start in range(0, len(lines), _LINES)] or [[]]


def _page(content: int) -> bytes:
    return (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
        f"/Resources << /Font << /F1 3 0 R >> >> /Contents {content} 0 R >>"
    ).encode()


def _content(lines: Sequence[str]) -> bytes:
    shown = b"".join(_string(line) + b" Tj T*\n" for line in lines)
    stream = b"BT /F1 10 Tf 13 TL 56 780 Td\n" + shown + b"ET"
    return f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream"


def _string(text: str) -> bytes:
    encoded = text.encode("cp1252")
    for special in (b"\\", b"(", b")"):
        encoded = encoded.replace(special, b"\\" + special)
    return b"(" + encoded + b")"


def _file(objects: Sequence[bytes]) -> bytes:
    out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    entries = b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    size = len(objects) + 1
    table = f"xref\n0 {size}\n".encode() + b"0000000000 65535 f \n" + entries
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{len(out)}\n%%EOF\n".encode()
    return out + table + trailer
