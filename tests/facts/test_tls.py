"""Versions by age, and looks that agree or do not."""

from itertools import pairwise

import pytest

from clauseproof.facts.hello import Offers
from clauseproof.facts.manner import Way
from clauseproof.facts.tls import Answer, Attempt, Chain, Reply, Scan, TlsVersion, VersionLooks


def looks(*answers: Answer) -> VersionLooks:
    return VersionLooks(version=TlsVersion.TLS1_2, looks=tuple(attempt(answer, None) for answer in answers))


def attempt(answer: Answer, rest: Answer | None, *replies: Reply) -> Attempt:
    return Attempt(answer=answer, suites=(), rest=rest, replies=replies, engine="test")


def test_versions_sort_by_age() -> None:
    ages = ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    assert [TlsVersion(text) for text in ages] == list(TlsVersion)
    assert all(older < newer for older, newer in pairwise(TlsVersion))


def test_looks_agree_only_where_all_say_the_same() -> None:
    assert looks(Answer.ACCEPTED, Answer.ACCEPTED).agreed is Answer.ACCEPTED
    assert looks(Answer.REFUSED).agreed is Answer.REFUSED
    assert looks(Answer.ACCEPTED, Answer.REFUSED).agreed is None
    assert looks().agreed is None


@pytest.mark.parametrize(
    ("rest", "replies", "complete"),
    [
        (Answer.REFUSED, 1, True),
        (Answer.CLOSED, 1, True),
        (Answer.SILENT, 1, False),
        (Answer.UNCLEAR, 1, False),
        (None, 0, True),
        (None, 1, False),
    ],
)
def test_all_suites_are_known_where_the_others_were_refused_or_there_are_none(
    rest: Answer | None, replies: int, complete: bool
) -> None:
    said = [Reply(said="TLS alert: handshake failure", times=9)] * replies
    assert attempt(Answer.ACCEPTED, rest, *said).complete is complete


def test_a_scan_of_the_first_version_is_read_and_does_not_say_how_the_other_suites_were_answered() -> None:
    look = {
        "answer": "accepted",
        "suites": ["TLS_X"],
        "replies": [{"said": "odd", "times": 3}],
        "engine": "sslyze 6.3.1",
    }
    seen = {"address": "192.0.2.1", "versions": [{"version": "TLS 1.2", "looks": [look]}]}
    unseen = {"address": "192.0.2.2", "versions": {"reason": "deadline", "text": "too late", "remedy": ""}}
    written = {"host": "h", "port": 443, "server_name": "h", "per_address": [seen, unseen], "missing": []}
    scan = Scan.load(1, written)
    versions = scan.per_address[0].versions
    assert isinstance(versions, tuple)
    assert (versions[0].looks[0].rest, versions[0].looks[0].complete) == (None, False)
    with pytest.raises(ValueError, match="version 3"):
        Scan.load(3, written)


def test_chains_and_offers_of_the_first_version_came_by_the_only_way_there_was() -> None:
    chain = {"name": "h", "port": 443, "server_name": "h", "looks": 2, "per_address": [], "missing": []}
    assert Chain.load(1, chain).way is Way.DIRECT
    offers = {"host": "h", "port": 443, "server_name": "h", "starttls": None, "way": "direct", "depth": "fast"}
    offers |= {"engine": "clauseproof 0.1.0", "per_address": [], "missing": []}
    assert Offers.load(1, offers).behind is None
    for facts, written in ((Chain, chain), (Offers, offers)):
        with pytest.raises(ValueError, match="version 3"):
            facts.load(3, written)
