"""Builds ClientHello messages. No I/O and no dice: whatever is random is a parameter.

A hello for TLS 1.3 names it alone in `supported_versions`; one for an older version has no such extension, so that its
legacy version asks for the newest one up to there (RFC 8446, section 4.2.1; RFC 5246, appendix E.1). One for SSL 3.0
has no extensions at all (RFC 6101).
"""

import functools
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from clauseproof.facts.codepoints import Group
from clauseproof.facts.hello import SuiteList
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.suites import suites_for

CODES: dict[TlsVersion, int] = {
    TlsVersion.SSL3_0: 0x0300,
    TlsVersion.TLS1_0: 0x0301,
    TlsVersion.TLS1_1: 0x0302,
    TlsVersion.TLS1_2: 0x0303,
    TlsVersion.TLS1_3: 0x0304,
}
"""Versions on the wire."""
VERSIONS = {code: version for version, code in CODES.items()}

RANDOM_BYTES = 32
"""Length of the random and of the session identifier."""

X25519_BYTES = 32
"""Length of a public key, which any such bytes are (RFC 7748, section 5)."""
_RENEGOTIATION_SCSV = 0x00FF
_USUAL_GROUPS = tuple(Group)
_WHOLE_GROUPS = (
    *Group, 0x0200, 0x0102, 0x0103, 0x0104, *range(0x0001, 0x0017), *range(0x001A, 0x001D),
    *range(0x001F, 0x002A),
)  # fmt: skip
_USUAL_SCHEMES = (
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601,
    0x0203, 0x0201,
)  # fmt: skip
_WHOLE_SCHEMES = (
    *_USUAL_SCHEMES, 0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602, 0x0202, 0x0101, 0x0708, *range(0x0709, 0x0710),
    0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906,
)  # fmt: skip
_PAD_FROM, _PAD_TO = 256, 512


@dataclass(frozen=True)
class Offer:
    """What a hello offers.

    Attributes:
        newest: the newest version; TLS 1.3 stands alone, an older one for everything up to it.
        server_name: the name to send (SNI); ignored for SSL 3.0.
        groups: named groups, by preference.
        key_shares: group and public key; may be empty (RFC 8446, section 4.2.8), so that any group is asked for anew.
    """

    newest: TlsVersion
    suites: tuple[int, ...]
    server_name: str | None
    groups: tuple[int, ...]
    schemes: tuple[int, ...]
    key_shares: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True)
class Hello:
    """An offer with its random parts: 32 bytes each."""

    offer: Offer
    random: bytes
    session_id: bytes

    def __post_init__(self) -> None:
        if len(self.random) != RANDOM_BYTES or len(self.session_id) != RANDOM_BYTES:
            raise ValueError(f"random and session identifier of a hello have {RANDOM_BYTES} bytes")

    def encode(self) -> bytes:
        """The record that a client sends first."""
        body = self._body()
        message = b"\x01" + len(body).to_bytes(3, "big") + body
        # RFC 8446, section 5.1: some servers want 0x0301 here whatever the hello offers.
        record_version = min(CODES[self.offer.newest], CODES[TlsVersion.TLS1_0])
        return b"\x16" + _u16(record_version) + _vector(message, 2)

    def _body(self) -> bytes:
        newest = self.offer.newest
        modern = newest is TlsVersion.TLS1_3
        start = _u16(min(CODES[newest], CODES[TlsVersion.TLS1_2])) + self.random
        # A session identifier in an older hello would ask to resume a session that never was.
        start += _vector(self.session_id if modern else b"", 1)
        start += _suites(self.offer.suites) + b"\x01\x00"
        if newest is TlsVersion.SSL3_0:
            return start
        offer = self.offer
        extensions = _extensions(newest, offer.server_name, offer.groups, offer.schemes) + _key_shares(offer)
        return start + _vector(extensions + _padding(len(start) + len(extensions)), 2)


@functools.lru_cache(maxsize=256)
def _extensions(
    newest: TlsVersion, server_name: str | None, groups: tuple[int, ...], schemes: tuple[int, ...]
) -> bytes:
    """All but key shares and padding: the same in many hellos."""
    return b"".join(_extension(number, data) for number, data in _steady(newest, server_name, groups, schemes))


def _steady(
    newest: TlsVersion, server_name: str | None, groups: tuple[int, ...], schemes: tuple[int, ...]
) -> Iterable[tuple[int, bytes]]:
    if server_name is not None:
        yield 0, _vector(b"\x00" + _vector(server_name.encode("ascii"), 2), 2)
    yield 23, b""  # extended_master_secret
    yield 10, _vector(_codes(groups), 2)
    yield 11, b"\x01\x00"  # uncompressed points
    if newest >= TlsVersion.TLS1_2:
        yield 13, _vector(_codes(schemes), 2)
    if newest is TlsVersion.TLS1_3:
        yield 43, _vector(_codes((CODES[TlsVersion.TLS1_3],)), 1)
        yield 45, b"\x01\x01"  # psk_dhe_ke


def _key_shares(offer: Offer) -> bytes:
    if offer.newest is not TlsVersion.TLS1_3:
        return b""
    return _extension(51, _vector(b"".join(_u16(group) + _vector(key, 2) for group, key in offer.key_shares), 2))


@functools.lru_cache(maxsize=64)
def _suites(codes: tuple[int, ...]) -> bytes:
    return _vector(_codes((*codes, _RENEGOTIATION_SCSV)), 2)


def _padding(so_far: int) -> bytes:
    """The extension that keeps a hello out of the lengths that some load balancers choke on (RFC 7685)."""
    length = so_far + 6  # message header and length of the extensions
    if not _PAD_FROM <= length < _PAD_TO:
        return b""
    return _extension(21, bytes(max(0, _PAD_TO - length - 4)))


def _extension(number: int, data: bytes) -> bytes:
    return _u16(number) + _vector(data, 2)


def _codes(codes: tuple[int, ...]) -> bytes:
    return struct.pack(f">{len(codes)}H", *codes)


def _u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _vector(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


def version_offer(newest: TlsVersion, which: SuiteList, server_name: str | None, x25519: bytes) -> Offer:
    """The offer that asks about versions; `x25519` is a public key of 32 bytes."""
    usual = which is SuiteList.USUAL
    return Offer(
        newest=newest,
        suites=suites_for(newest, which),
        server_name=server_name,
        groups=_USUAL_GROUPS if usual else _WHOLE_GROUPS,
        schemes=_USUAL_SCHEMES if usual else _WHOLE_SCHEMES,
        key_shares=((Group.X25519, x25519),) if newest is TlsVersion.TLS1_3 else (),
    )


def group_offer(groups: tuple[int, ...], server_name: str | None) -> Offer:
    """The offer that asks about groups of TLS 1.3: these alone, and no key share, so that the server must name one."""
    return Offer(
        newest=TlsVersion.TLS1_3,
        suites=suites_for(TlsVersion.TLS1_3, SuiteList.USUAL),
        server_name=server_name,
        groups=groups,
        schemes=_USUAL_SCHEMES,
    )
