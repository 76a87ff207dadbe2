"""Providers' lists of address ranges: every format, the covering prefixes, and what is no list."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.place import Statement
from clauseproof.model.errors import EvidenceRejected
from clauseproof.probes.ranges import RangeList, read_ranges
from tests.support.places import aws, azure, google
from tests.support.vectors import vectors


def told(data: bytes, address: str, name: str = "list.json") -> Statement:
    statement = read_ranges(data, name).statement(name, address)
    assert statement is not None
    return statement


def test_an_aws_prefix_says_provider_service_region_and_group() -> None:
    said = told(aws(("3.120.0.0/14", "eu-central-1", "EC2", "eu-central-1")), "3.120.0.1")
    assert [(s.field, s.value) for s in said.said] == [
        ("provider", "aws"),
        ("service", "EC2"),
        ("region", "eu-central-1"),
        ("group", "eu-central-1"),
    ]
    assert (said.country, said.prefix()) == ("DE", "3.120.0.0/14")


def test_the_service_that_everything_belongs_to_is_left_out_beside_another() -> None:
    rows = [("3.120.0.0/14", "eu-central-1", service, "eu-central-1") for service in ("AMAZON", "S3", "EC2")]
    assert told(aws(*rows), "3.120.0.1").value("service") == "EC2, S3"
    assert told(aws(rows[0]), "3.120.0.1").value("service") == "AMAZON"


def test_a_longer_prefix_without_a_region_does_not_hide_the_region_around_it() -> None:
    data = azure(
        ("AzureCloud.germanywc", "germanywc", "", ["20.113.0.0/17"]),
        ("AzureFrontDoor", "", "AzureFrontDoor", ["20.113.1.0/24"]),
    )
    said = told(data, "20.113.1.7")
    assert {s.field: s.prefix for s in said.said} == {
        "provider": "20.113.1.0/24",
        "service": "20.113.1.0/24",
        "region": "20.113.0.0/17",
    }
    assert (said.value("service"), said.country) == ("AzureFrontDoor", "DE")


def test_a_longer_prefix_with_a_region_outweighs_a_shorter_one() -> None:
    data = google(("34.0.0.0/8", "us-central1"), ("34.159.0.0/16", "europe-west3"))
    assert told(data, "34.159.1.1").country == "DE"
    assert told(data, "34.1.1.1").country == "US"


@pytest.mark.parametrize(
    "data",
    [
        aws(("13.32.0.0/15", "GLOBAL", "CLOUDFRONT", "GLOBAL")),
        google(("13.32.0.0/15", "global")),
        azure(("AzureFrontDoor", "", "AzureFrontDoor", ["13.32.0.0/15"])),
    ],
)
def test_global_means_that_no_place_is_stated(data: bytes) -> None:
    said = told(data, "13.32.0.1")
    assert (said.country, said.value("region"), said.value("group")) == (None, None, None)


def test_a_local_zone_lies_in_its_own_country() -> None:
    assert told(aws(("15.220.0.0/24", "eu-central-1", "EC2", "eu-central-1-ist-1")), "15.220.0.1").country == "TR"


def test_both_families_are_read() -> None:
    data = aws(
        ("2a05:d014::/35", "eu-central-1", "EC2", "eu-central-1"), ("3.120.0.0/14", "eu-west-1", "EC2", "eu-west-1")
    )
    assert (told(data, "2a05:d014::1").country, told(data, "3.120.0.1").country) == ("DE", "IE")
    assert told(google(("2600:1900:4260::/44", "europe-west4")), "2600:1900:4260::1").country == "NL"


def test_an_address_that_no_prefix_covers_is_not_known() -> None:
    assert (
        read_ranges(aws(("3.120.0.0/14", "eu-central-1", "EC2", "eu-central-1")), "x").statement("x", "9.9.9.9") is None
    )


def test_the_list_says_when_it_was_made() -> None:
    moment = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    row = ("3.120.0.0/14", "eu-central-1", "EC2", "eu-central-1")
    assert read_ranges(aws(row, dated=moment), "x").dated == moment
    assert read_ranges(google(("34.0.0.0/8", "us-central1"), dated=moment), "x").dated == moment
    service_tags = azure(("AzureCloud", "", "", ["20.0.0.0/8"]), change=363)
    assert read_ranges(service_tags, "ServiceTags_Public_20261120.json").dated == datetime(2026, 11, 20, tzinfo=UTC)
    assert (read_ranges(service_tags, "x.json").dated, read_ranges(service_tags, "x.json").serial) == (None, "363")


def test_a_region_in_no_table_is_kept_and_placed_nowhere() -> None:
    said = told(aws(("3.120.0.0/14", "mars-north-1", "EC2", "mars-north-1")), "3.120.0.1")
    assert (said.value("region"), said.country) == ("mars-north-1", None)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "no list of address ranges"),
        (b'{"prefixes": []}', "no known list"),
        (b'{"regions": []}', "no known list"),
        (aws(("3.120.0.0/14", "eu-central-1", "EC2", "eu-central-1")).replace(b"/14", b"/99"), "damaged"),
        (b'{"prefixes": [{"ip_prefix": 7}], "ipv6_prefixes": []}', "prefix 0 is no text"),
        (b'{"prefixes": ["x"], "ipv6_prefixes": []}', "damaged"),
        (b'{"changeNumber": 1, "values": [{"name": "x"}]}', "damaged"),
        (aws(("3.0.0.0/8", "eu-west-1", "A", "eu-west-1"), ("3.0.0.0/8", "us-east-1", "B", "us-east-1")), "lies in"),
    ],
)
def test_what_is_no_list_is_rejected_by_name(data: bytes, says: str) -> None:
    with pytest.raises(EvidenceRejected, match=says) as caught:
        read_ranges(data, "data/list.json")
    assert "data/list.json" in caught.value.what


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["prefixes", "ipv6_prefixes", "values", "properties", "addressPrefixes", "changeNumber", "creationTime",
         "ip_prefix", "ipv4Prefix", "region", "syncToken"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
def test_any_json_is_read_or_rejected(value: object) -> None:
    try:
        made = read_ranges(json.dumps(value).encode(), "x")
    except EvidenceRejected:
        return
    assert isinstance(made, RangeList)


# Against what providers publish.


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("file", "provider", "prefixes"),
    [
        ("aws-ip-ranges.json", "aws", 9066),
        ("google-cloud-ip-ranges.json", "google", 782),
        ("microsoft-azure-ip-ranges.json", "azure", 50887),
    ],
)
def test_real_lists_are_read_whole(file: str, provider: str, prefixes: int) -> None:
    made = read_ranges(vectors("data", "provider-ranges", file).read_bytes(), file)
    assert (made.provider, len(made.table)) == (provider, prefixes)


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("address", "country"),
    [("3.120.0.1", "DE"), ("2a05:d014::1", "DE"), ("34.240.0.1", "IE"), ("9.9.9.9", None), ("13.32.1.1", None)],
)
def test_real_addresses_of_aws(address: str, country: str | None) -> None:
    made = read_ranges(vectors("data", "provider-ranges", "aws-ip-ranges.json").read_bytes(), "aws")
    statement = made.statement("aws", address)
    assert (statement.country if statement else None) == country


@pytest.mark.conformance
def test_covering_prefixes_give_azure_a_region_where_the_longest_has_none() -> None:
    whole = json.loads(vectors("data", "provider-ranges", "microsoft-azure-ip-ranges.json").read_bytes())
    made = read_ranges(json.dumps(whole).encode(), "azure")
    by_prefix: dict[str, set[str]] = {}
    for tag in whole["values"]:
        for prefix in tag["properties"]["addressPrefixes"]:
            by_prefix.setdefault(prefix, set()).add(tag["properties"]["region"])
    bare = [prefix for prefix, regions in by_prefix.items() if regions == {""}]
    placed = [s for p in bare if (s := made.statement("azure", p.split("/")[0])) and s.value("region")]
    assert len(placed) > 10_000
    assert len(placed) / len(bare) > 0.8


@pytest.mark.conformance
def test_an_earlier_change_of_azures_list_is_older_by_its_number() -> None:
    import gzip

    path = vectors("data", "provider-ranges-earlier", "azure-servicetags-public-360.json.gz")
    assert read_ranges(gzip.decompress(path.read_bytes()), "azure").serial == "360"
