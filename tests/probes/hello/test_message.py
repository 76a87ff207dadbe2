"""ClientHellos, read back field by field and by OpenSSL."""

import ssl
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.codepoints import Group
from clauseproof.facts.hello import SuiteList
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.message import Hello, Offer, group_offer, version_offer
from clauseproof.probes.hello.plan import VERSIONS
from tests.support.certificates import authority, leaf
from tests.support.flights import SESSION, X25519, from_openssl, hello

V = ssl.TLSVersion


class Fields(NamedTuple):
    """A ClientHello as it was sent."""

    record_version: int
    version: int
    random: bytes
    session: bytes
    suites: tuple[int, ...]
    extensions: dict[int, bytes]
    length: int


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        assert self.at + count <= len(self.data)
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        return self.take(self.number(width))

    def end(self) -> None:
        assert self.at == len(self.data)


def codes(data: bytes) -> tuple[int, ...]:
    assert len(data) % 2 == 0
    return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))


def read(data: bytes) -> Fields:
    """Every field, and nothing left over at any level."""
    outer = Reader(data)
    assert outer.number(1) == 22
    record_version = outer.number(2)
    inner = Reader(outer.vector(2))
    outer.end()
    assert inner.number(1) == 1
    body = Reader(inner.vector(3))
    inner.end()
    version, random, session = body.number(2), body.take(32), body.vector(1)
    suites = codes(body.vector(2))
    assert body.vector(1) == b"\x00"
    extensions: dict[int, bytes] = {}
    if body.at < len(body.data):
        inside = Reader(body.vector(2))
        while inside.at < len(inside.data):
            kind = inside.number(2)
            assert kind not in extensions
            extensions[kind] = inside.vector(2)
    body.end()
    return Fields(record_version, version, random, session, suites, extensions, len(inner.data))


def test_tls_1_3_is_offered_alone() -> None:
    fields = read(hello(TlsVersion.TLS1_3).encode())
    assert (fields.record_version, fields.version) == (0x0301, 0x0303)
    assert fields.extensions[43] == b"\x02\x03\x04"
    assert fields.session == SESSION


@pytest.mark.parametrize(
    ("newest", "code"), [(TlsVersion.TLS1_2, 0x0303), (TlsVersion.TLS1_1, 0x0302), (TlsVersion.TLS1_0, 0x0301)]
)
def test_an_older_version_is_offered_as_the_newest_without_supported_versions(newest: TlsVersion, code: int) -> None:
    fields = read(hello(newest).encode())
    assert (fields.record_version, fields.version) == (0x0301, code)
    assert 43 not in fields.extensions
    assert 51 not in fields.extensions
    assert fields.session == b""


def test_signature_schemes_are_sent_from_tls_1_2_on() -> None:
    sent = {newest: 13 in read(hello(newest).encode()).extensions for newest in VERSIONS}
    assert [newest for newest in VERSIONS if sent[newest]] == [TlsVersion.TLS1_3, TlsVersion.TLS1_2]


def test_a_hello_of_ssl_3_0_has_no_extensions() -> None:
    fields = read(hello(TlsVersion.SSL3_0).encode())
    assert (fields.record_version, fields.version, fields.extensions) == (0x0300, 0x0300, {})


def test_the_server_name_is_sent_where_there_is_one() -> None:
    name = b"api.crm.example"
    assert read(hello().encode()).extensions[0] == b"\x00\x12\x00\x00\x0f" + name
    assert 0 not in read(hello(name=None).encode()).extensions


def test_no_hello_pretends_to_fall_back_or_to_renegotiate() -> None:
    for newest in VERSIONS:
        suites = read(hello(newest).encode()).suites
        assert 0x5600 not in suites
        assert suites[-1] == 0x00FF


def test_a_question_about_groups_names_them_alone_and_shares_no_key() -> None:
    fields = read(Hello(group_offer((Group.X25519MLKEM768,), None), b"r" * 32, SESSION).encode())
    assert fields.extensions[10] == b"\x00\x02\x11\xec"
    assert fields.extensions[51] == b"\x00\x00"


def test_a_question_about_versions_shares_a_key_of_x25519() -> None:
    assert read(hello().encode()).extensions[51] == b"\x00\x24\x00\x1d\x00\x20" + X25519


def test_every_list_of_suites_is_of_its_era() -> None:
    for newest in VERSIONS[2:]:
        suites = set(version_offer(newest, SuiteList.WHOLE, None, X25519).suites)
        assert not suites & {0x009C, 0xC02F, 0xCCA8, 0x003C, 0x1301}
        assert suites >= {0x0005, 0x000A, 0x002F, 0xC013, 0x0001, 0x0018, 0x008C, 0xC01D}


def test_the_parts_together_are_the_whole() -> None:
    parts = (SuiteList.PART_1, SuiteList.PART_2, SuiteList.PART_3)
    for newest in VERSIONS:
        lists = [version_offer(newest, part, None, X25519).suites for part in parts]
        whole = version_offer(newest, SuiteList.WHOLE, None, X25519).suites
        assert sorted(code for codes in lists for code in codes) == sorted(whole)
        assert len(set(whole)) == len(whole)
        assert max(map(len, lists)) <= 128


def test_the_whole_era_comes_with_more_groups_and_schemes_than_the_usual_hello() -> None:
    usual, whole = (
        version_offer(TlsVersion.TLS1_2, which, None, X25519) for which in (SuiteList.USUAL, SuiteList.WHOLE)
    )
    assert set(usual.groups) < set(whole.groups)
    assert set(usual.schemes) < set(whole.schemes)
    assert set(usual.suites) < set(whole.suites)


def test_no_hello_has_a_length_that_load_balancers_choke_on() -> None:
    for length in range(1, 200):
        offer = Offer(TlsVersion.TLS1_2, tuple(range(1, length)), "a.example", (29,), (0x0403,))
        assert not 256 <= read(Hello(offer, b"r" * 32, SESSION).encode()).length < 512


def test_every_hello_fits_into_one_segment() -> None:
    for newest in VERSIONS:
        for which in SuiteList:
            assert len(Hello(version_offer(newest, which, "a" * 60, X25519), b"r" * 32, SESSION).encode()) < 1400


def test_random_parts_have_a_fixed_length() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Hello(version_offer(TlsVersion.TLS1_3, SuiteList.USUAL, None, X25519), b"short", SESSION)


@given(
    newest=st.sampled_from(VERSIONS),
    suites=st.lists(st.integers(0, 0xFFFF), max_size=400).map(tuple),
    groups=st.lists(st.integers(0, 0xFFFF), max_size=60).map(tuple),
    name=st.none() | st.text("abcdefghij-.", min_size=1, max_size=253),
)
def test_any_offer_can_be_read_back(
    newest: TlsVersion, suites: tuple[int, ...], groups: tuple[int, ...], name: str | None
) -> None:
    fields = read(Hello(Offer(newest, suites, name, groups, (0x0403,)), b"r" * 32, SESSION).encode())
    assert fields.suites[:-1] == suites
    assert fields.random == b"r" * 32
    if newest > TlsVersion.SSL3_0:
        assert codes(fields.extensions[10][2:]) == groups


@pytest.mark.parametrize("which", list(SuiteList))
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_openssl_understands_every_hello(tmp_path: Path, which: SuiteList) -> None:
    pem = leaf(authority(), "api.crm.example").write(tmp_path)
    for newest, theirs in zip(VERSIONS[:4], (V.TLSv1_3, V.TLSv1_2, V.TLSv1_1, V.TLSv1), strict=True):
        asked = Hello(version_offer(newest, which, "api.crm.example", X25519), b"r" * 32, SESSION)
        answer = from_openssl(pem, asked, V.TLSv1, theirs)
        handshake_or_no_shared_suite = answer[:1] == b"\x16" or answer[-2:] == b"\x02\x28"
        assert handshake_or_no_shared_suite, (newest, answer[:20])
