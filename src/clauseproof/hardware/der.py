"""Single primitive DER values, read strictly (ITU-T X.690, clauses 8 and 10).

Vendors put their facts into private X.509 extensions, whose content `cryptography` hands over as raw bytes. Each holds
one primitive value of a known type, so this is all the ASN.1 that is needed: tag, definite length in its shortest form,
content, and nothing behind it. Everything else is an `EvidenceRejected` that names the extension.
"""

from clauseproof.hardware.rejection import rejected

_NAMES = {0x02: "INTEGER", 0x03: "BIT STRING", 0x04: "OCTET STRING", 0x0C: "UTF8String"}


def integer(data: bytes, where: str, *, most: int) -> int:
    """A non-negative INTEGER up to `most`, in its shortest form."""
    content = _content(data, 0x02, where)
    if not content or (len(content) > 1 and content[0] == 0 and content[1] < 0x80):
        raise rejected(where, "the INTEGER is not in its shortest form")
    value = int.from_bytes(content, "big", signed=True)
    if not 0 <= value <= most:
        raise rejected(where, f"the INTEGER lies outside 0 to {most}")
    return value


def octets(data: bytes, where: str, *, length: int) -> bytes:
    """An OCTET STRING of exactly `length` bytes."""
    return _exactly(_content(data, 0x04, where), length, where)


def bits(data: bytes, where: str, *, length: int) -> int:
    """A BIT STRING of exactly `length` whole bytes, as the number they spell, most significant byte first."""
    content = _content(data, 0x03, where)
    if content[:1] != b"\0":
        raise rejected(where, "the BIT STRING does not consist of whole bytes")
    return int.from_bytes(_exactly(content[1:], length, where), "big")


def utf8(data: bytes, where: str, *, most: int) -> str:
    """A UTF8String of at most `most` bytes."""
    content = _content(data, 0x0C, where)
    if len(content) > most:
        raise rejected(where, f"the UTF8String has {len(content)} bytes, more than {most}")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise rejected(where, f"the UTF8String is not UTF-8 at byte {error.start}") from error


def _exactly(content: bytes, length: int, where: str) -> bytes:
    if len(content) != length:
        raise rejected(where, f"{len(content)} bytes of content where {length} are due")
    return content


def _content(data: bytes, tag: int, where: str) -> bytes:
    if data[:1] != bytes([tag]):
        raise rejected(where, f"no {_NAMES[tag]}, which has tag {tag:#04x}, but {data[:1].hex() or 'nothing'}")
    start, length = _length(data, where)
    if len(data) != start + length:
        raise rejected(where, f"the length says {length} bytes of content, and {len(data) - start} follow")
    return data[start:]


def _length(data: bytes, where: str) -> tuple[int, int]:
    """Offset and length of the content: short form below 128, else the shortest long form (X.690 10.1)."""
    first = data[1] if len(data) > 1 else 0x80
    if first < 0x80:
        return 2, first
    octet_count = first & 0x7F
    spelled = data[2 : 2 + octet_count]
    length = int.from_bytes(spelled, "big")
    if not 1 <= octet_count <= 2 or len(spelled) != octet_count or spelled[0] == 0 or length < 0x80:
        raise rejected(where, "the length is not in its shortest definite form")
    return 2 + octet_count, length
