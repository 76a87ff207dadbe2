"""Operators' feeds of where their networks are: RFC 8805, well and badly kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.model.errors import EvidenceRejected
from clauseproof.probes.geofeed import Feed, read_feed
from tests.support.vectors import vectors


def country(data: bytes, address: str) -> str | None:
    statement = read_feed(data, "feed.csv").statement("feed.csv", address)
    return statement.country if statement else None


def test_a_line_says_country_subdivision_and_city() -> None:
    statement = read_feed(b"192.0.2.0/24,DE,DE-HE,Frankfurt am Main,\n", "feed.csv").statement("feed.csv", "192.0.2.7")
    assert statement is not None
    assert [(s.field, s.value, s.prefix) for s in statement.said] == [
        ("country", "DE", "192.0.2.0/24"),
        ("subdivision", "DE-HE", "192.0.2.0/24"),
        ("city", "Frankfurt am Main", "192.0.2.0/24"),
    ]


def test_the_longest_prefix_decides() -> None:
    data = b"10.0.0.0/8,DE,,,\n10.1.0.0/16,TR,,,\n2001:db8::/32,FR,,,\n"
    assert (country(data, "10.0.0.1"), country(data, "10.1.0.1"), country(data, "2001:db8::1")) == ("DE", "TR", "FR")


def test_a_longer_prefix_without_a_country_asks_not_to_be_placed() -> None:
    assert country(b"10.0.0.0/8,DE,,,\n10.1.0.0/16,,,,\n", "10.1.0.1") is None


def test_an_address_outside_the_feed_is_not_known() -> None:
    assert read_feed(b"10.0.0.0/8,DE,,,\n", "feed.csv").statement("feed.csv", "9.9.9.9") is None


@pytest.mark.parametrize("code", ["EU", "ZZ", "Germany", "D"])
def test_what_is_no_country_is_none(code: str) -> None:
    assert country(f"10.0.0.0/8,{code},,,\n".encode(), "10.0.0.1") is None


def test_comments_spaces_quotes_and_a_byte_order_mark_are_understood() -> None:
    data = b'\xef\xbb\xbf# made by hand\n 192.0.2.0/24 , de ,,"Frankfurt, Main" # here\n'
    statement = read_feed(data, "feed.csv").statement("feed.csv", "192.0.2.7")
    assert statement is not None
    assert (statement.country, statement.value("city")) == ("DE", "Frankfurt, Main")


def test_lines_that_name_no_network_are_counted() -> None:
    feed = read_feed(b"2a02:/29,DE,,,\n,,,,\n10.0.0.1/8,DE,,,\n192.0.2.0/24,DE,,,\n", "feed.csv")
    assert (len(feed.table), feed.unread) == (1, 3)


@pytest.mark.parametrize("data", [b"\xff\xfe1\x000\x00", b"10.0.0.0/8,DE,,K\x83ln,\n"])
def test_another_encoding_than_utf_8_is_rejected(data: bytes) -> None:
    with pytest.raises(EvidenceRejected, match="not UTF-8 at byte"):
        read_feed(data, "feed.csv")


def test_a_file_that_is_no_feed_is_rejected() -> None:
    with pytest.raises(EvidenceRejected, match="no line that can be read"):
        read_feed(b'{"prefixes": []}\n', "feed.csv")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    try:
        assert isinstance(read_feed(data, "feed.csv"), Feed)
    except EvidenceRejected:
        return


# Against feeds as they are.


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ("aws-official-2026-03-30.csv", 7482),
        ("aws-by-border-group-2026-08-22.csv", 10661),
        ("google-cloud-2026-03-30.csv", 1001),
    ],
)
def test_real_feeds_are_read_whole(file: str, entries: int) -> None:
    feed = read_feed(vectors("data", "geofeeds", file).read_bytes(), file)
    assert (len(feed.table), feed.unread) == (entries, 0)


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("file", "read", "unread"),
    [
        ("empty.csv", 0, 0),
        ("geofeed-valid.csv", 3, 0),
        ("geofeed-valid-lax.csv", 3, 0),
        ("geofeed-valid-optional-fields.csv", 3, 0),
        ("geofeed-valid-utf8-bom.csv", 3, 0),
        ("geofeed-invalid-missing-fields.csv", 2, 0),
        ("geofeed-invalid-network.csv", 1, 1),
        ("geofeed-invalid-empty-network.csv", 1, 1),
    ],
)
def test_malformed_feeds_lose_only_the_lines_that_are(file: str, read: int, unread: int) -> None:
    feed = read_feed(vectors("data", "geofeeds", "malformed", file).read_bytes(), file)
    assert (len(feed.table), feed.unread) == (read, unread)


@pytest.mark.conformance
@pytest.mark.parametrize("file", ["geofeed-valid-utf16le.csv", "geofeed-valid-shiftjis.csv"])
def test_feeds_in_other_encodings_are_rejected(file: str) -> None:
    with pytest.raises(EvidenceRejected, match="UTF-8"):
        read_feed(vectors("data", "geofeeds", "malformed", file).read_bytes(), file)
