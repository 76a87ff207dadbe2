"""Server flights: what each is worth, whatever its lengths claim and however it arrives."""

import itertools
import ssl
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clauseproof.facts.codepoints import Alert, Group
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.answer import (
    MOST_BYTES,
    Ambiguous,
    Answer,
    Closed,
    Flight,
    Garbage,
    Refused,
    Silent,
)
from clauseproof.probes.hello.message import Hello, group_offer
from clauseproof.probes.hello.serverhello import Accepted
from tests.support.certificates import authority, leaf
from tests.support.flights import (
    RETRY_RANDOM,
    SESSION,
    VERSION_1_3,
    alert,
    from_openssl,
    hello,
    key_share,
    message,
    record,
    server_hello,
)

V = ssl.TLSVersion
T = TlsVersion
MODERN = server_hello(0x0303, 0x1301, VERSION_1_3, key_share(Group.X25519))
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")


def answer(data: bytes, newest: TlsVersion = T.TLS1_3, *, certificate: bool = False) -> Answer:
    """The answer to a flight after which the server closes."""
    flight = Flight(hello(newest), certificate)
    return flight.feed(data) or flight.ended()


def garbage(data: bytes, newest: TlsVersion = T.TLS1_3) -> str:
    found = answer(data, newest)
    assert isinstance(found, Garbage), found
    return found.reason


# acceptance


def test_a_server_hello_with_supported_versions_accepts_tls_1_3() -> None:
    assert answer(record(MODERN)) == Accepted(T.TLS1_3, 0x1301, Group.X25519, retry=False)


@pytest.mark.parametrize(
    ("legacy", "version"), [(0x0300, T.SSL3_0), (0x0301, T.TLS1_0), (0x0302, T.TLS1_1), (0x0303, T.TLS1_2)]
)
def test_the_version_field_counts_where_no_extension_overrules_it(legacy: int, version: TlsVersion) -> None:
    data = record(server_hello(legacy, 0x002F), version=legacy)
    assert answer(data, T.TLS1_2) == Accepted(version, 0x002F, None, retry=False)


def test_an_old_server_that_ignores_supported_versions_accepts_its_own_version() -> None:
    assert answer(record(server_hello(0x0303, 0xC02F, session=b""))) == Accepted(T.TLS1_2, 0xC02F, None, retry=False)


def test_a_hello_retry_request_accepts_version_and_group() -> None:
    asked = Hello(group_offer((Group.X25519MLKEM768,), None), b"r" * 32, SESSION)
    retry = server_hello(0x0303, 0x1302, VERSION_1_3, key_share(0x11EC, None), random=RETRY_RANDOM)
    assert Flight(asked).feed(record(retry)) == Accepted(T.TLS1_3, 0x1302, 0x11EC, retry=True)


def test_a_hello_retry_request_may_want_a_cookie_only() -> None:
    retry = server_hello(0x0303, 0x1302, VERSION_1_3, (44, b"\x00\x01c"), random=RETRY_RANDOM)
    assert answer(record(retry)) == Accepted(T.TLS1_3, 0x1302, None, retry=True)


def test_a_message_may_span_many_records() -> None:
    pieces = b"".join(record(MODERN[i : i + 3]) for i in range(0, len(MODERN), 3))
    assert isinstance(answer(pieces), Accepted)


def test_a_request_for_a_hello_before_the_answer_means_nothing() -> None:
    assert isinstance(answer(record(message(0, b"")) + record(server_hello(0x0303, 0x002F)), T.TLS1_2), Accepted)


def test_a_warning_before_the_answer_means_nothing() -> None:
    data = alert(Alert.UNRECOGNIZED_NAME, level=1) + record(server_hello(0x0303, 0x002F))
    assert isinstance(answer(data, T.TLS1_2), Accepted)


# refusal and what is none


def test_a_protocol_version_alert_refuses() -> None:
    assert answer(alert(70)) == Refused()


def test_a_protocol_version_alert_refuses_as_a_warning_too_if_nothing_follows() -> None:
    assert answer(alert(70, level=1)) == Refused()
    assert isinstance(answer(alert(70, level=1) + record(MODERN)), Accepted)


@pytest.mark.parametrize("code", [0, 10, 40, 47, 71, 80, 86, 112, 255])
def test_any_other_alert_is_ambiguous(code: int) -> None:
    assert answer(alert(code)) == Ambiguous(code)


def test_an_end_without_an_alert_is_neither() -> None:
    assert answer(b"") == Closed(reset=False)
    assert Flight(hello()).ended(reset=True) == Closed(reset=True)


def test_silence_is_neither() -> None:
    assert Flight(hello()).timed_out() == Silent()


def test_half_an_answer_is_garbage_whether_the_server_ends_or_waits() -> None:
    for data in (record(MODERN)[:-1], record(MODERN[:20]), b"\x16", alert(70)[:-1]):
        for end in (Flight.ended, Flight.timed_out):
            flight = Flight(hello())
            assert flight.feed(data) is None
            assert isinstance(end(flight), Garbage)


# what a client could not go on with


@pytest.mark.parametrize("newest", [T.SSL3_0, T.TLS1_0, T.TLS1_1])
def test_a_version_above_the_offer_is_no_acceptance(newest: TlsVersion) -> None:
    assert "0x0303, which was not offered" in garbage(record(server_hello(0x0303, 0x002F)), newest)


def test_tls_1_3_is_no_answer_to_an_older_offer() -> None:
    assert "which was not offered" in garbage(record(MODERN), T.TLS1_2)


def test_a_legacy_version_of_tls_1_3_is_no_acceptance() -> None:
    assert "0x0304, which was not offered" in garbage(record(server_hello(0x0304, 0x1301)))


@pytest.mark.parametrize("chosen", [b"", b"\x03", b"\x03\x03", b"\x7f\x1c", b"\x03\x04\x00"])
def test_supported_versions_can_only_choose_tls_1_3(chosen: bytes) -> None:
    assert "supported_versions" in garbage(record(server_hello(0x0303, 0x1301, (43, chosen), key_share(29))))


@pytest.mark.parametrize("suite", [0x0A0A, 0x1301, 0xC0B4])
def test_a_suite_that_was_not_offered_is_no_acceptance(suite: int) -> None:
    assert f"suite 0x{suite:04x}, which was not offered" in garbage(record(server_hello(0x0303, suite)), T.TLS1_2)


@pytest.mark.parametrize(("legacy", "suite"), [(0x0303, 0x1301), (0x0302, 0xC02F), (0x0300, 0x009C)])
def test_a_suite_of_a_newer_era_is_no_acceptance(legacy: int, suite: int) -> None:
    assert "which it cannot use" in garbage(record(server_hello(legacy, suite)))


def test_tls_1_3_cannot_use_an_older_suite() -> None:
    assert "which it cannot use" in garbage(record(server_hello(0x0303, 0xC02F, VERSION_1_3, key_share(29))))


def test_compression_was_not_offered() -> None:
    assert "compression 1" in garbage(record(server_hello(0x0303, 0x002F, compression=1)), T.TLS1_2)


def test_a_session_identifier_of_tls_1_3_must_come_back() -> None:
    data = server_hello(0x0303, 0x1301, VERSION_1_3, key_share(29), session=b"other")
    assert "session identifier" in garbage(record(data))


@pytest.mark.parametrize(
    "extension",
    [key_share(0x17), key_share(29, b""), key_share(29, None), (51, b"\x00"), (51, b"\x00\x1d\x00\x01kk")],
)
def test_a_key_share_of_tls_1_3_must_answer_ours(extension: tuple[int, bytes]) -> None:
    assert "key share" in garbage(record(server_hello(0x0303, 0x1301, VERSION_1_3, extension)))


def test_tls_1_3_needs_a_key_share() -> None:
    assert "without a key share" in garbage(record(server_hello(0x0303, 0x1301, VERSION_1_3)))


@pytest.mark.parametrize("group", [29, 0x0A0A])
def test_a_retry_for_a_group_that_was_shared_or_not_offered_is_none(group: int) -> None:
    data = server_hello(0x0303, 0x1301, VERSION_1_3, key_share(group, None), random=RETRY_RANDOM)
    assert "key share" in garbage(record(data))


def test_an_extension_comes_once() -> None:
    assert "two extensions of type 23" in garbage(record(server_hello(0x0303, 0x002F, (23, b""), (23, b""))), T.TLS1_2)


def test_bytes_after_the_extensions_are_garbage() -> None:
    body = server_hello(0x0303, 0x002F, (23, b""))[4:] + b"\x00"
    assert "after its extensions" in garbage(record(message(2, body)), T.TLS1_2)


def test_a_hello_that_ends_within_a_field_is_garbage() -> None:
    whole = server_hello(0x0303, 0x1301, VERSION_1_3, key_share(29))[4:]
    for length in range(len(whole)):
        if length != 70:  # the end of a ServerHello without extensions
            assert "ends within a field" in garbage(record(message(2, whole[:length])))


# hostile lengths and noise


def test_a_record_may_not_claim_more_than_the_largest() -> None:
    assert "claims 65535 bytes" in garbage(b"\x16\x03\x03\xff\xff")


def test_a_message_of_a_megabyte_is_not_waited_for() -> None:
    claimed = (1 << 20).to_bytes(3, "big")
    assert "claims 1048576 bytes" in garbage(record(b"\x02" + claimed))


def test_a_flight_without_an_end_is_cut_off() -> None:
    flight = Flight(hello())
    empty = record(b"")
    answers = [flight.feed(empty * 100) for _ in range(MOST_BYTES // (len(empty) * 100) + 1)]
    assert isinstance(answers[-1], Garbage)
    assert len(flight.raw) == MOST_BYTES


def test_a_flood_of_warnings_ends() -> None:
    assert "9 warnings" in garbage(alert(112, level=1) * 1000)


@pytest.mark.parametrize("payload", [b"", b"\x02", b"\x02\x46\x00", b"\x03\x46"])
def test_an_alert_has_two_bytes_and_one_of_two_levels(payload: bytes) -> None:
    assert "that is no alert" in garbage(record(payload, 21))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "first byte of 0x53"),
        (record(b"\x01", 20), "first byte of 0x14"),
        (record(b"data", 23), "first byte of 0x17"),
        (b"\x80\x2e\x04\x00\x01", "first byte of 0x80"),
        (b"\x16\x02\x00\x00\x01", "version 2.x"),
        (record(message(11, b"")), "type 11"),
        (record(message(0, b"x")), "type 0"),
    ],
)
def test_what_is_no_tls_is_named(data: bytes, reason: str) -> None:
    assert reason in garbage(data)


# the certificate of an older version


def test_the_certificate_is_read_where_it_is_waited_for(tmp_path: Path) -> None:
    holder = leaf(authority(), "api.crm.example")
    data = from_openssl(holder.write(tmp_path), hello(T.TLS1_2, None), V.TLSv1, V.TLSv1_2)
    found = answer(data, T.TLS1_2, certificate=True)
    assert isinstance(found, Accepted)
    assert found.certificate == holder.chain[0]
    unasked = answer(data, T.TLS1_2)
    assert isinstance(unasked, Accepted)
    assert unasked.certificate is None


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        alert(80),
        b"HTTP/1.1",
        record(message(11, b"")),
        record(message(11, b"\x00\x00\x04\x00\x00\x09")),
        record(message(11, b"\x00\x00\x03\x00\x00\x00")),
        record(message(12, b"ServerKeyExchange")),
        record(b"\x0b\xff\xff\xff"),
    ],
)
def test_an_acceptance_stands_whatever_follows_instead_of_the_certificate(rest: bytes) -> None:
    found = answer(record(server_hello(0x0301, 0x002F)) + rest, T.TLS1_2, certificate=True)
    assert found == Accepted(T.TLS1_0, 0x002F, None, retry=False, certificate=None)


def test_an_acceptance_stands_where_the_certificate_never_comes() -> None:
    flight = Flight(hello(T.TLS1_2), certificate=True)
    assert flight.feed(record(server_hello(0x0303, 0x002F))) is None
    assert isinstance(flight.timed_out(), Accepted)


# real flights, whole and damaged


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return leaf(authority(), "api.crm.example").write(tmp_path_factory.mktemp("pem"))


@pytest.mark.parametrize(
    ("theirs", "version"),
    [(V.TLSv1, T.TLS1_0), (V.TLSv1_1, T.TLS1_1), (V.TLSv1_2, T.TLS1_2), (V.TLSv1_3, T.TLS1_3)],
)
def test_openssl_accepts_what_it_speaks(pem: Path, theirs: ssl.TLSVersion, version: TlsVersion) -> None:
    found = answer(from_openssl(pem, hello(version), theirs, theirs), version)
    assert isinstance(found, Accepted)
    assert found.version is version


def test_openssl_refuses_what_it_does_not_speak(pem: Path) -> None:
    assert answer(from_openssl(pem, hello(T.TLS1_2), V.TLSv1_3, V.TLSv1_3), T.TLS1_2) == Refused()
    assert answer(from_openssl(pem, hello(T.TLS1_3), V.TLSv1_2, V.TLSv1_2)) == Refused()


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    return [data[a:b] for a, b in itertools.pairwise(at)]


def in_pieces(data: bytes, cuts: list[int], newest: TlsVersion, *, certificate: bool) -> Answer:
    flight = Flight(hello(newest), certificate)
    for piece in pieces(data, cuts):
        found = flight.feed(piece)
        if found is not None:
            return found
    return flight.ended()


EXTENSIONS = [VERSION_1_3, key_share(29), key_share(29, None), key_share(23, None), (51, b""), (0, b"")]
FLIGHTS = st.one_of(
    st.binary(max_size=400),
    st.binary(max_size=100).map(record),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 255)), max_size=12).map(
        lambda alerts: b"".join(alert(code, level) for level, code in alerts)
    ),
    st.builds(
        lambda legacy, suite, session, extensions: record(server_hello(legacy, suite, *extensions, session=session)),
        st.sampled_from([0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304]),
        st.sampled_from([0x002F, 0x1301, 0x0A0A]),
        st.sampled_from([b"", SESSION]),
        st.lists(
            st.sampled_from(
                [VERSION_1_3, key_share(29), key_share(29, None), key_share(23, None), (51, b""), (0, b"")]
            ),
            max_size=4,
        ),
    ),
)
VERSIONS = st.sampled_from([v for v in T if v > T.SSL2_0])


def sound(found: Answer, newest: TlsVersion) -> None:
    """No acceptance but of something offered."""
    assert isinstance(found, Accepted | Refused | Ambiguous | Closed | Garbage)
    if isinstance(found, Accepted):
        assert found.version <= newest
        assert found.suite in hello(newest).offer.suites


@example(data=b"H\x00", cuts=[1], newest=T.SSL3_0, certificate=False)
@given(data=FLIGHTS, cuts=st.lists(st.integers(0, 10_000), max_size=8), newest=VERSIONS, certificate=st.booleans())
def test_any_bytes_have_one_answer_however_they_arrive(
    data: bytes, cuts: list[int], newest: TlsVersion, certificate: bool
) -> None:
    whole = answer(data, newest, certificate=certificate)
    sound(whole, newest)
    assert in_pieces(data, cuts, newest, certificate=certificate) == whole


@given(
    first=st.sampled_from([(V.TLSv1, T.TLS1_0), (V.TLSv1_2, T.TLS1_2), (V.TLSv1_3, T.TLS1_3)]),
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 3000),
    cuts=st.lists(st.integers(0, 10_000), max_size=5),
)
def test_a_damaged_flight_of_openssl_has_an_answer(
    pem: Path,
    first: tuple[ssl.TLSVersion, TlsVersion],
    changes: list[tuple[int, int]],
    cut: int,
    cuts: list[int],
) -> None:
    theirs, newest = first
    data = bytearray(from_openssl(pem, hello(newest), theirs, theirs))
    for at, byte in changes:
        data[at % len(data)] = byte
    damaged = bytes(data[:cut]) if cut < len(data) else bytes(data)
    for certificate in (False, True):
        found = in_pieces(damaged, cuts, newest, certificate=certificate)
        sound(found, newest)
        assert found == answer(damaged, newest, certificate=certificate)
