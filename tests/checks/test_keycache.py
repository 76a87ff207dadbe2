"""How long a vendor goes without asking for a key: over the wire through the engine, and judged rule by rule."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.keycache import KeyCache, key_cache
from clauseproof.facts.drills import Answer
from clauseproof.facts.keyfetches import Cache, around
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.probes.kms.keyservice_log import parse
from clauseproof.sandbox.fetching import Habit
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.case import outcomes, texts
from tests.support.keyruns import judged, said
from tests.support.keys import NOW
from tests.support.keyservice import NAME, OURS, VENDOR, House, house, line, token_beside

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN
HOUR = timedelta(hours=1)
EIGHT = KeyCache(at_most=8 * HOUR)


# over the wire


def ran(made: House, tmp_path: Path, at_most: timedelta, **more: Any) -> Verdict:
    return judged(made.key(**more), "key-cache", KeyCache(at_most=at_most), tmp_path)


def test_a_vendor_that_asks_for_each_read_is_satisfied_as_reported(tmp_path: Path) -> None:
    with house(tmp_path / "house") as made:
        verdict = ran(made, tmp_path, HOUR)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED), said(verdict)
    assert "and last fetched the key at" in said(verdict)


def test_a_vendor_that_caches_for_longer_is_contradicted(tmp_path: Path) -> None:
    with house(tmp_path / "house", Habit(keep_s=600)) as made:
        made.service.log.write_text(f"{line(datetime.now(UTC) - 9 * HOUR)}\n")
        verdict = ran(made, tmp_path, 8 * HOUR)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.REPORTED), said(verdict)
    assert "9 h before; the limit is 8 h" in said(verdict)


def test_a_log_that_lags_decides_nothing_until_it_has_come_to_the_read(tmp_path: Path) -> None:
    with house(tmp_path / "house", Habit(keep_s=600)) as made:
        made.service.log.write_text(f"{line(datetime.now(UTC) - 9 * HOUR)}\n")
        made.service.faults = Faults(log_lag_s=30)
        verdict = ran(made, tmp_path, 8 * HOUR)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "the log has no line later than" in said(verdict)
    assert "To settle it: a log that is written at once" in said(verdict)


def test_a_record_that_is_not_served_decides_nothing(tmp_path: Path) -> None:
    with house(tmp_path / "house") as made:
        made.service.faults = Faults(server_error_calls=EVERY)
        verdict = ran(made, tmp_path, HOUR)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "does not give the record: HTTP 503" in said(verdict)


def test_a_key_without_a_data_path_decides_nothing(tmp_path: Path) -> None:
    with house(tmp_path / "house") as made:
        verdict = ran(made, tmp_path, HOUR, data_path=None)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "give the key a data_path in the profile" in said(verdict)


def test_without_the_secret_of_the_switch_the_log_must_come_to_the_read_by_itself(tmp_path: Path) -> None:
    with house(tmp_path / "house", Habit(keep_s=600)) as made:
        made.service.log.write_text(f"{line(datetime.now(UTC) - 9 * HOUR)}\n")
        token_beside(made.service.log).unlink()
        verdict = ran(made, tmp_path, 8 * HOUR)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "a switch.ask by which we write a line of our own" in said(verdict)


def test_a_log_that_is_not_there_decides_nothing(tmp_path: Path) -> None:
    with house(tmp_path / "house") as made:
        verdict = ran(made, tmp_path, HOUR, log={"file": "none.jsonl"})
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "the file none.jsonl cannot be read: No such file or directory" in said(verdict)


# rule by rule


def seen(*lines: str, clocks_s: float = 5.0, read: datetime = NOW) -> Cache:
    words = {"key_service": NAME, "owner": "acme-keys", "vendor": [VENDOR], "log": {"file": "k.jsonl"}}
    log, told = parse("".join(f"{one}\n" for one in lines).encode(), FetchedKey.model_validate(words), NOW + HOUR)
    before, after = around(read, (one for one in told if one.caller == VENDOR and one.outcome is Answer.SERVED))
    return Cache(
        target=NAME,
        asked_at=read - timedelta(seconds=1),
        answered_at=read,
        before=before,
        after=after,
        addresses=("127.0.0.1",),
        skipped=(),
        clocks_within_s=clocks_s,
        marked=True,
        ours=OURS,
        log=log,
    )


def judge(*lines: str, claim: KeyCache = EIGHT, **more: Any) -> list[Finding]:
    return list(key_cache(claim, seen(*lines, **more)))


MARK = line(NOW + timedelta(seconds=6), caller=OURS)
OLD = line(NOW - 9 * HOUR)


def test_a_fetch_within_the_limit_holds_however_far_the_log_goes() -> None:
    assert outcomes(judge(line(NOW - 7 * HOUR))) == [HOLDS]


def test_a_fetch_beyond_it_contradicts_where_the_log_goes_beyond_the_read() -> None:
    assert outcomes(judge(OLD, MARK)) == [BROKEN]
    assert "9 h before; the limit is 8 h" in texts(judge(OLD, MARK))


def test_a_log_that_ends_before_the_read_may_lack_a_fetch() -> None:
    assert outcomes(judge(OLD)) == [UNKNOWN]
    assert outcomes(judge(OLD, line(NOW + timedelta(seconds=4), caller=OURS))) == [UNKNOWN], "within the clocks' doubt"


@pytest.mark.parametrize(("hours", "outcome"), [(-0.003, HOLDS), (0.0, UNKNOWN), (0.003, BROKEN)])
def test_the_doubt_of_the_clocks_counts_against_the_proof(hours: float, outcome: Outcome) -> None:
    assert outcomes(judge(line(NOW - (8 + hours) * HOUR), MARK)) == [outcome]


def test_a_fetch_after_the_record_was_served_is_too_late_for_it() -> None:
    """A vendor that serves from a stale copy and renews it afterwards."""
    findings = judge(OLD, line(NOW + timedelta(seconds=30)), MARK)
    assert outcomes(findings) == [BROKEN]
    assert "as well, once it had served the record" in texts(findings)
    assert outcomes(judge(line(NOW - 9 * HOUR, key="other"), line(NOW + timedelta(seconds=30)))) == [BROKEN]
    assert outcomes(judge(line(NOW - 7 * HOUR), line(NOW + timedelta(seconds=30)))) == [HOLDS]


def test_a_fetch_just_after_may_have_been_before_by_our_clock() -> None:
    findings = judge(OLD, line(NOW + timedelta(seconds=4)), MARK)
    assert outcomes(findings) == [UNKNOWN]
    assert "since the clocks may differ by 5 s. To settle it: set both clocks" in texts(findings)


def as_version_1(made: Cache) -> dict[str, Any]:
    return {name: value for name, value in made.model_dump(mode="json").items() if name not in ("before", "after")}


@pytest.mark.parametrize("late", [(), (line(NOW + HOUR),)])
def test_a_record_that_did_not_tell_before_from_after_is_still_read(late: tuple[str, ...]) -> None:
    made = seen(OLD, line(NOW - 7 * HOUR), *late)
    assert Cache.load(1, as_version_1(made)) == made


def test_a_record_that_lost_what_was_before_is_not_guessed_at() -> None:
    many = [line(NOW + timedelta(seconds=one)) for one in range(10, 70)]
    with pytest.raises(ValueError, match="version 1 cannot be read"):
        Cache.load(1, as_version_1(seen(line(NOW - 7 * HOUR), *many)))


def test_a_fetch_by_somebody_else_or_of_another_key_is_none() -> None:
    findings = judge(OLD, line(NOW, caller="mallory"), line(NOW, key="another"), MARK)
    assert outcomes(findings) == [BROKEN]
    assert "does not call the vendor's have fetched the key since: mallory\n" in f"{texts(findings)}\n"


def test_a_fetch_that_was_refused_renews_nothing_and_is_told() -> None:
    findings = judge(OLD, line(NOW - HOUR, outcome="refused"), MARK)
    assert outcomes(findings) == [BROKEN]
    assert "was refused, and it served the record all the same" in texts(findings)


def test_a_later_line_that_cannot_be_read_may_be_a_fetch() -> None:
    findings = judge(OLD, "{", MARK)
    assert outcomes(findings) == [UNKNOWN]
    assert "1 of 3 lines of the log could not be read: no JSON" in texts(findings)
    assert outcomes(judge("{", OLD, MARK)) == [BROKEN], "an older one cannot be a later fetch"


def test_a_later_fetch_with_a_word_of_its_own_may_have_been_served() -> None:
    findings = judge(OLD, line(NOW - HOUR, outcome="cached"), MARK)
    assert outcomes(findings) == [UNKNOWN]
    assert "ended in 'cached', which is neither served nor refused" in texts(findings)


def test_no_fetch_at_all_contradicts_only_where_the_log_goes_back_beyond_the_limit() -> None:
    assert outcomes(judge(line(NOW - 9 * HOUR, caller="other"), MARK)) == [BROKEN]
    assert outcomes(judge(line(NOW - 7 * HOUR, caller="other"), MARK)) == [UNKNOWN]
    assert outcomes(judge(line(NOW - 9 * HOUR, caller="other"))) == [UNKNOWN]
    assert outcomes(judge("{", line(NOW - 9 * HOUR, caller="other"), MARK)) == [UNKNOWN]


def test_an_empty_log_shows_nothing() -> None:
    assert outcomes(judge()) == [UNKNOWN]
    assert outcomes(judge("{", "{")) == [UNKNOWN]
