"""An endpoint's addresses looked up in the buyer's files."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clauseproof.facts.dns import Resolution
from clauseproof.facts.place import Countries, Feeds, Placed, Ranges
from clauseproof.model.errors import EvidenceRejected, LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.profile import Sources
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import ranges as rangelist
from clauseproof.probes.place import countries, feeds, ranges
from tests.support.looks import resolved, vendor
from tests.support.places import aws, azure, google, look, mmdb

ENDPOINT = vendor(443, "3.120.0.1", "9.9.9.9")
NAMES = resolved(ENDPOINT)
LIST = aws(("3.120.0.0/14", "eu-central-1", "EC2", "eu-central-1"))
FEED = b"3.120.0.0/14,DE,DE-HE,Frankfurt am Main,\nbroken,DE,,,\n"


def test_each_address_gets_what_each_list_says_of_it() -> None:
    files = {"aws.json": LIST, "google.json": google(("34.0.0.0/8", "us-central1"))}
    facts = ranges(ENDPOINT, NAMES, look(files, Sources(ranges=("aws.json", "google.json"))))
    first, second = facts.per_address
    assert (first.address, [s.source for s in first.statements]) == ("3.120.0.1", ["aws.json"])
    assert (second.address, second.statements) == ("9.9.9.9", ())


def test_a_source_is_recorded_with_digest_serial_date_and_age() -> None:
    made = datetime.now(UTC) - timedelta(days=9, hours=1)
    data = aws(("3.120.0.0/14", "eu-central-1", "EC2", "eu-central-1"), dated=made)
    (source,) = ranges(ENDPOINT, NAMES, look({"aws.json": data}, Sources(ranges=("aws.json",)))).sources
    assert source.sha256 == hashlib.sha256(data).hexdigest()
    assert (source.publisher, source.serial, source.entries) == ("aws", str(int(made.timestamp())), 1)
    assert source.days_old == 9


def test_a_list_without_a_date_has_no_age() -> None:
    data = azure(("AzureCloud", "", "", ["20.0.0.0/8"]))
    (source,) = ranges(ENDPOINT, NAMES, look({"tags.json": data}, Sources(ranges=("tags.json",)))).sources
    assert (source.dated, source.days_old) == (None, None)


def test_a_feed_is_recorded_with_the_lines_that_could_not_be_read() -> None:
    facts = feeds(ENDPOINT, NAMES, look({"feed.csv": FEED}, Sources(geofeeds=("feed.csv",))))
    assert (facts.sources[0].entries, facts.sources[0].unread) == (1, 1)
    assert facts.per_address[0].statements[0].country == "DE"


def test_a_database_is_recorded_with_its_own_name_and_build_date(tmp_path: Path) -> None:
    data = mmdb({"3.120.0.0/14": "DE"}, tmp_path / "db.mmdb")
    facts = countries(ENDPOINT, NAMES, look({"db.mmdb": data}, Sources(countries="db.mmdb")))
    assert facts.sources[0].publisher == "Test-Country"
    assert facts.sources[0].days_old == 0
    assert facts.per_address[0].statements[0].country == "DE"


@pytest.mark.parametrize("probe", [ranges, feeds, countries])
def test_a_source_that_the_profile_does_not_name_can_never_tell(probe: Callable[..., Placed]) -> None:
    with pytest.raises(Unknowable) as caught:
        probe(ENDPOINT, NAMES, Look())
    assert "sources." in caught.value.what_to_do


@pytest.mark.parametrize(
    ("probe", "sources"),
    [
        (ranges, Sources(ranges=("bad",))),
        (feeds, Sources(geofeeds=("bad",))),
        (countries, Sources(countries="bad")),
    ],
)
def test_one_damaged_file_is_named(probe: Callable[..., Placed], sources: Sources) -> None:
    with pytest.raises(EvidenceRejected, match="bad"):
        probe(ENDPOINT, NAMES, look({"bad": b"\xff\xff"}, sources))


def test_a_file_that_cannot_be_read_is_a_failed_look() -> None:
    with pytest.raises(LookFailed):
        ranges(ENDPOINT, NAMES, Look(sources=Sources(ranges=("absent.json",))))


def test_a_file_is_parsed_once_however_many_subjects_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    real = rangelist.read_ranges

    def read_ranges(data: bytes, name: str) -> object:
        parsed.append(name)
        return real(data, name)

    monkeypatch.setattr(rangelist, "read_ranges", read_ranges)
    data = aws(("3.120.0.0/14", "eu-central-1", "EC2", "eu-central-1"), dated=datetime(2026, 1, 2, tzinfo=UTC))
    for _ in range(3):
        ranges(ENDPOINT, NAMES, look({"once.json": data}, Sources(ranges=("once.json",))))
    assert parsed == ["once.json"]


def test_addresses_that_must_not_be_looked_at_are_carried_over() -> None:
    gap = Unseen(reason=Reason.NOT_PERMITTED, text="private", remedy="")
    withheld = tuple(a.model_copy(update={"withheld": gap}) for a in NAMES.addresses)
    names: Resolution = NAMES.model_copy(update={"addresses": withheld})
    facts = ranges(ENDPOINT, names, look({"aws.json": LIST}, Sources(ranges=("aws.json",))))
    assert (facts.per_address, facts.missing) == ((), (gap, gap))


@pytest.mark.parametrize("kind", [Ranges, Feeds, Countries])
def test_facts_survive_being_written_and_read(kind: type[Placed]) -> None:
    facts = ranges(ENDPOINT, NAMES, look({"aws.json": LIST}, Sources(ranges=("aws.json",))))
    written = facts.model_dump(mode="json", by_alias=True)
    assert kind.load(kind.version, written).model_dump() == facts.model_dump()
