"""A run is read whole, the worst first, and no larger than memory allows."""

import hashlib
from pathlib import Path

import pytest

from clauseproof.ledger.read import LedgerReader
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Outcome
from clauseproof.model.verdict import Ruling
from clauseproof.reporting import dossier as room
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.scope import kinds, unseen
from tests.reporting.example import example
from tests.reporting.support import Script, denied, finding, simple


def test_clauses_come_worst_first_then_by_tier_then_as_the_profile_has_them(tmp_path: Path) -> None:
    dossier = example().dossier(tmp_path / "run")
    assert [one.clause.id for one in dossier.entries] == [
        "DPA 3.1", "DPA 4.2", "DPA 5.1", "DPA 8.2",
        "DPA 3.4", "DPA 5.3",
        "DPA 7.1", "DPA 9.1",
        "DPA 9.4",
        "DPA 4.3", "DPA 5.2", "DPA 5.4", "DPA 6.2",
    ]  # fmt: skip


def test_every_clause_of_the_profile_is_counted_once(tmp_path: Path) -> None:
    dossier = example().dossier(tmp_path / "run")
    assert list(dossier.counts.items()) == [
        (Ruling.NOT_SATISFIED, 4),
        (Ruling.INCONCLUSIVE, 2),
        (Ruling.NOT_TESTED, 2),
        (Ruling.WAIVED, 1),
        (Ruling.SATISFIED, 4),
    ]


def test_a_verdict_on_a_clause_that_the_profile_lacks_is_not_lost(tmp_path: Path) -> None:
    script = simple()
    script.verdict("SLA 1", "test_uptime", (), None, finding(Outcome.HOLDS, "up", Assurance.OBSERVED))
    dossier = script.dossier(tmp_path / "run")
    assert [one.clause.id for one in dossier.in_order] == ["DPA 4.2", "SLA 1"]


def test_the_files_it_was_read_from_are_named_by_their_digests(tmp_path: Path) -> None:
    dossier = example().dossier(tmp_path / "run")
    for name in ("observations.jsonl", "verdicts.jsonl"):
        assert dossier.files[name] == hashlib.sha256((tmp_path / "run" / name).read_bytes()).hexdigest()


def test_a_line_cut_off_by_a_kill_is_left_out_and_reported(tmp_path: Path) -> None:
    example().write(tmp_path / "run")
    path = tmp_path / "run" / "observations.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    dossier = Dossier.read(LedgerReader.open(tmp_path / "run"))
    assert dossier.truncated
    assert len(dossier.exhibits) == len(example().looks) - 1


def test_facts_are_kept_of_cited_observations_only(tmp_path: Path) -> None:
    script = simple()
    beside = script.look("dns.resolution", "api", {"addresses": ["192.0.2.7"]})
    dossier = script.dossier(tmp_path / "run")
    cited = dossier.entries[0].evidence[0]
    assert dossier.exhibits[cited].data == {"accepted": ["TLS 1.2", "TLS 1.3"]}
    assert dossier.exhibits[beside].data is None


def test_beyond_a_number_of_observations_the_facts_stay_in_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WHOLE_EXHIBITS", 3)
    dossier = example().dossier(tmp_path / "run")
    kept = [digest for digest, exhibit in dossier.exhibits.items() if exhibit.data is not None]
    assert sorted(kept) == sorted(dossier.entries[0].evidence[:3])


def test_beyond_a_size_the_facts_stay_in_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "WHOLE_SIZE", 10)
    dossier = simple().dossier(tmp_path / "run")
    assert [exhibit.data for exhibit in dossier.exhibits.values()] == [None]


def test_subjects_are_counted_by_kind_and_those_nobody_saw_are_named(tmp_path: Path) -> None:
    script = Script()
    for name in ("api", "app"):
        script.subject(name, "endpoint", f"https://{name}.example")
    script.subject("data-key", "key", "arn:aws:kms:eu-central-1:111122223333:key/1")
    script.look("tls.offers", "api", {"accepted": []})
    script.look("tls.offers", "app", denied("refused", "ask"))
    found = [(kind.word, kind.seen, kind.unseen) for kind in kinds(script.dossier(tmp_path / "run"))]
    assert found == [("endpoint", ("api",), ("app",)), ("key", (), ("data-key",))]


def test_looks_that_gave_nothing_are_listed_with_their_reason(tmp_path: Path) -> None:
    told = [(one.kind, one.unseen) for one in unseen(example().dossier(tmp_path / "run"))]
    assert told == [("keys.principals", "AWS refused kms:GetKeyPolicy")]
