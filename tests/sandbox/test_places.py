"""What the reference vendor's sources say of its addresses, read by the libraries that read real ones."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import maxminddb

from clauseproof.sandbox.places import FRANKFURT, VIRGINIA, Standing, geofeed, ip_ranges, write_countries

NOW = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)
STANDINGS = (Standing("127.0.10.1", FRANKFURT), Standing("127.0.10.2", VIRGINIA))


def test_the_ranges_name_the_region_of_every_address() -> None:
    written = json.loads(ip_ranges(STANDINGS, published=NOW))
    assert {(p["ip_prefix"], p["region"]) for p in written["prefixes"]} == {
        ("127.0.10.1/32", "eu-central-1"),
        ("127.0.10.2/32", "us-east-1"),
    }


def test_the_ranges_say_when_they_were_published_in_both_of_amazon_s_ways() -> None:
    written = json.loads(ip_ranges(STANDINGS, published=NOW))
    assert (written["syncToken"], written["createDate"]) == ("1795510805", "2026-11-24-09-00-05")


def test_the_feed_has_five_fields_and_the_country() -> None:
    rows = [row for row in csv.reader(geofeed(STANDINGS).splitlines()) if not row[0].startswith("#")]
    assert rows == [
        ["127.0.10.1/32", "DE", "DE-HE", "Frankfurt am Main", ""],
        ["127.0.10.2/32", "US", "US-VA", "Ashburn", ""],
    ]


def test_the_database_knows_the_country_of_every_address_and_of_no_other(tmp_path: Path) -> None:
    write_countries(STANDINGS, tmp_path / "countries.mmdb")
    with maxminddb.open_database(tmp_path / "countries.mmdb") as database:
        assert database.get("127.0.10.1") == {"country": {"iso_code": "DE"}}
        assert database.get("127.0.10.2") == {"country": {"iso_code": "US"}}
        assert database.get("127.0.10.3") is None
