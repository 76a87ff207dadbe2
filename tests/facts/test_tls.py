"""Versions by age, and looks that agree or do not."""

from itertools import pairwise

from clauseproof.facts.tls import Answer, Attempt, TlsVersion, VersionLooks


def looks(*answers: Answer) -> VersionLooks:
    attempts = tuple(Attempt(answer=answer, suites=(), replies=(), engine="test") for answer in answers)
    return VersionLooks(version=TlsVersion.TLS1_2, looks=attempts)


def test_versions_sort_by_age() -> None:
    ages = ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    assert [TlsVersion(text) for text in ages] == list(TlsVersion)
    assert all(older < newer for older, newer in pairwise(TlsVersion))


def test_looks_agree_only_where_all_say_the_same() -> None:
    assert looks(Answer.ACCEPTED, Answer.ACCEPTED).agreed is Answer.ACCEPTED
    assert looks(Answer.REFUSED).agreed is Answer.REFUSED
    assert looks(Answer.ACCEPTED, Answer.REFUSED).agreed is None
    assert looks().agreed is None
