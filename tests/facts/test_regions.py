"""In which country a provider's region lies, and that no guess is made of one that is not known."""

import csv
import json
from pathlib import Path

import pytest

from clauseproof.facts.countries import COUNTRIES, country_name, country_or_none
from clauseproof.facts.regions import UNANNOUNCED, country_of
from tests.support.vectors import vectors


@pytest.mark.parametrize(
    ("group", "country"),
    [
        ("eu-central-1", "DE"),
        ("eu-central-1-ist-1", "TR"),
        ("eu-central-1-waw-1", "PL"),
        ("eu-central-1-wl1-ber-wlz-1", "DE"),
        ("us-east-1-lim-1", "PE"),
        ("af-south-1-los-1", "NG"),
        ("ap-southeast-1-sggov-sin-1a", "SG"),
        ("us-west-2-las-1b", "US"),
        ("us-gov-west-1", "US"),
    ],
)
def test_a_border_group_lies_where_its_city_lies(group: str, country: str) -> None:
    assert country_of("aws", None, group) == country


def test_a_border_group_says_more_than_its_region() -> None:
    assert country_of("aws", "eu-central-1", "eu-central-1-ist-1") == "TR"
    assert country_of("aws", "eu-central-1") == "DE"


def test_an_unknown_city_is_no_place_although_its_region_is_known() -> None:
    assert country_of("aws", "eu-central-1", "eu-central-1-xyz-1") is None


def test_a_border_group_of_another_region_is_no_place() -> None:
    assert country_of("aws", "eu-central-1", "us-east-1") is None


@pytest.mark.parametrize(
    ("provider", "region", "country"),
    [
        ("google", "africa-south1", "ZA"),
        ("google", "europe-west6", "CH"),
        ("azure", "germanywc", "DE"),
        ("azure", "germanywestcentral", "DE"),
        ("azure", "westeurope", "NL"),
        ("azure", "northeurope", "IE"),
        ("azure", "eastasia", "HK"),
        ("aws", "mars-north-1", None),
        ("google", None, None),
        ("oracle", "eu-frankfurt-1", None),
    ],
)
def test_regions_of_each_provider(provider: str, region: str | None, country: str | None) -> None:
    assert country_of(provider, region) == country


@pytest.mark.parametrize(
    ("text", "code"), [("de", "DE"), (" FR ", "FR"), ("EU", None), ("ZZ", None), ("", None), (7, None)]
)
def test_only_countries_are_countries(text: object, code: str | None) -> None:
    assert country_or_none(text) == code


def test_the_countries_are_those_of_iso_3166() -> None:
    table = Path("/usr/share/zoneinfo/iso3166.tab")
    if not table.exists():
        pytest.skip("this machine has no /usr/share/zoneinfo/iso3166.tab")
    lines = table.read_text(encoding="utf-8").splitlines()
    assert {line.split("\t")[0] for line in lines if line and line[0] != "#"} | {"XK"} == COUNTRIES


def test_a_country_is_called_as_in_a_sentence() -> None:
    assert [country_name(code) for code in ("DE", "US", "NL", "CI", "ZW")] == [
        "Germany",
        "the United States",
        "the Netherlands",
        "Côte d'Ivoire",
        "Zimbabwe",
    ]
    assert all(len(country_name(code)) > 3 for code in COUNTRIES)
    assert country_name("QQ") == "QQ"


# Against what providers publish.


def known(provider: str, region: str | None, group: str | None = None) -> bool:
    return country_of(provider, region, group) is not None or (provider, region) in UNANNOUNCED


@pytest.mark.conformance
def test_every_region_and_border_group_of_awss_list_has_a_country() -> None:
    whole = json.loads(vectors("data", "provider-ranges", "aws-ip-ranges.json").read_bytes())
    rows = {(row["region"], row["network_border_group"]) for row in whole["prefixes"] + whole["ipv6_prefixes"]}
    assert len(rows) > 100
    assert [row for row in rows if "GLOBAL" not in row and not known("aws", *row)] == []


@pytest.mark.conformance
def test_border_groups_lie_where_others_have_found_them() -> None:
    text = vectors("data", "cloud-regions", "aws-border-group-locations.txt").read_text(encoding="utf-8")
    rows = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    assert len(rows) > 140
    wrong = {group: told for group, told in rows if country_of("aws", None, group) != told[:2]}
    assert wrong == {}


@pytest.mark.conformance
def test_every_region_of_botocores_partitions_has_a_country() -> None:
    path = vectors("data", "cloud-regions", "aws-partitions-botocore-1.44.5.json")
    regions = [
        r for p in json.loads(path.read_bytes())["partitions"] for r in p["regions"] if not r.endswith("-global")
    ]
    assert [region for region in regions if not known("aws", region)] == []


@pytest.mark.conformance
def test_every_region_of_googles_list_has_a_country() -> None:
    whole = json.loads(vectors("data", "provider-ranges", "google-cloud-ip-ranges.json").read_bytes())
    regions = {row["scope"] for row in whole["prefixes"]} - {"global"}
    assert [region for region in regions if not known("google", region)] == []


@pytest.mark.conformance
def test_every_region_of_azures_service_tags_has_a_country() -> None:
    whole = json.loads(vectors("data", "provider-ranges", "microsoft-azure-ip-ranges.json").read_bytes())
    regions = {tag["properties"]["region"] for tag in whole["values"]} - {""}
    assert len(regions) == 69
    assert [region for region in regions if not known("azure", region)] == []


_GEOGRAPHIES = {
    "Australia": "AU", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Canary (US)": "US",
    "Chile": "CL", "Denmark": "DK", "France": "FR", "Germany": "DE", "India": "IN", "Indonesia": "ID", "Israel": "IL",
    "Italy": "IT", "Japan": "JP", "Korea": "KR", "Malaysia": "MY", "Mexico": "MX", "New Zealand": "NZ", "Norway": "NO",
    "Poland": "PL", "Qatar": "QA", "South Africa": "ZA", "Spain": "ES", "Stage (US)": "US", "Sweden": "SE",
    "Switzerland": "CH", "UAE": "AE", "United Kingdom": "GB", "United States": "US",
    "Europe": {"northeurope": "IE", "westeurope": "NL"},
    "Asia Pacific": {"eastasia": "HK", "southeastasia": "SG"},
}  # fmt: skip


@pytest.mark.conformance
def test_azures_physical_regions_lie_where_azure_says() -> None:
    locations = json.loads(vectors("data", "cloud-regions", "azure-locations-2026-03.json").read_bytes())
    physical = [place for place in locations if place["metadata"]["regionType"] == "Physical"]
    assert len(physical) == 62
    for place in physical:
        told = _GEOGRAPHIES[place["metadata"]["geography"]]
        assert country_of("azure", place["name"]) == (told[place["name"]] if isinstance(told, dict) else told), place


@pytest.mark.conformance
def test_regions_lie_where_an_independent_table_of_2022_puts_them() -> None:
    for provider, file in (("aws", "aws-2022-07.csv"), ("azure", "azure-2022-07.csv")):
        rows = csv.DictReader(vectors("data", "cloud-regions", file).read_text(encoding="utf-8").splitlines())
        told = {r["region"]: {"uk": "GB"}.get(tld := r["country_tld"], tld.upper()) for r in rows if r["country_tld"]}
        assert len(told) > 20
        assert {r: c for r, c in told.items() if country_of(provider, r) not in (c, None)} == {}
