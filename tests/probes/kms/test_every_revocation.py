"""What the revocation drill does at every key service: real SDKs, real vendors that envelope-encrypt, real journals."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from clauseproof.engine.journal import JournalOpen, open_entries
from clauseproof.facts.drills import Answer, End, Lane, LaneTimes, Revocation
from clauseproof.model.errors import ClauseproofError, LookFailed, RestoreFailed, Unreachable
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import FAST, SENTINEL, journal, restore_all
from tests.support.services import SERVICES, Service, looking

SHORT = {**FAST, "give_up_after": "1 s"}


class Drilled(NamedTuple):
    """A key in a double, and where the journal lies."""

    service: Service
    double: Any
    key: str
    state: Path

    @property
    def as_before(self) -> bool:
        return self.service.as_before(self.double, self.key)

    def drill(self, on_point: Callable[[str], None] = lambda point: None, **more: Any) -> Revocation:
        """One revocation; `stopping` and `keep` are for the look, the rest for the subject."""
        ours = {name: more.pop(name) for name in ("stopping", "keep") if name in more}
        subject = self.service.subject(self.double, self.key, **{"drill": FAST, **more})
        facts = self.service.drills["revocation"](subject, looking(**ours), journal(self.state, on_point=on_point))
        return cast(Revocation, facts)


@pytest.fixture(params=SERVICES)
def drilled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drilled]:
    service = SERVICES[request.param]
    with service.double() as double:
        yield Drilled(service, double, service.seed(double), tmp_path)


def times(drill: Revocation, lane: Lane) -> LaneTimes:
    found = drill.lane(lane)
    assert found is not None
    return found


def at(wanted: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Do something at one of the journal's points."""

    def on_point(point: str) -> None:
        if point == wanted:
            act()

    return on_point


def test_the_timeline_begins_with_a_baseline_and_holds_none_of_the_record(drilled: Drilled) -> None:
    with drilled.service.vendor(drilled.double, drilled.key) as path:
        drill = drilled.drill(data_path=path)
    for lane in (Lane.KMS, Lane.VENDOR):
        before = [s for s in drill.samples if s.lane is lane and s.answered_s < drill.disable.t_s]
        assert len(before) >= drill.confirmations
        assert {s.outcome for s in before} == {Answer.SERVED}
    assert (Lane.VENDOR, "HTTP 503") in {(s.lane, s.code) for s in drill.samples if s.outcome is Answer.REFUSED}
    assert [s.t_s for s in drill.samples] == sorted(s.t_s for s in drill.samples)
    assert SENTINEL not in drill.model_dump_json()
    assert Revocation.load(Revocation.version, drill.model_dump(mode="json")) == drill


def test_a_vendor_that_keeps_the_data_key_serves_until_the_drill_gives_up(drilled: Drilled) -> None:
    with drilled.service.vendor(drilled.double, drilled.key, keep_s=600) as path:
        drill = drilled.drill(data_path=path, drill=SHORT)
    assert drill.dark_end is End.GAVE_UP
    assert times(drill, Lane.KMS).dark.new_after_s is not None
    assert times(drill, Lane.VENDOR).dark.new_after_s is None
    assert times(drill, Lane.VENDOR).light is None
    assert drilled.as_before


def test_a_provider_that_ignores_the_disabling_is_caught(drilled: Drilled) -> None:
    drilled.double.faults = Faults(ignores_disable=True)
    drill = drilled.drill(drill=SHORT)
    assert times(drill, Lane.KMS).dark.new_after_s is None
    assert drill.lane(Lane.VENDOR) is None
    assert drilled.as_before


def test_a_data_path_that_does_not_serve_stops_the_drill_before_it_touches_the_key(drilled: Drilled) -> None:
    passed: list[str] = []
    with drilled.service.vendor(drilled.double, drilled.key) as path:
        wrong = {**path, "expect_sentinel": "another sentence than ours"}
        with pytest.raises(Unreachable, match="does not give the record: HTTP 200 without the record"):
            drilled.drill(passed.append, data_path=wrong)
    assert "journal written" not in passed
    assert drilled.as_before


@pytest.mark.parametrize(("point", "refusal"), [("key disabled", LookFailed), ("light", JournalOpen)])
def test_two_drills_of_one_key_at_once_the_second_refuses(
    drilled: Drilled, point: str, refusal: type[ClauseproofError]
) -> None:
    refused: list[BaseException] = []

    def second() -> None:
        with pytest.raises(refusal) as caught:
            drilled.drill()
        refused.append(caught.value)

    drilled.drill(at(point, second))
    assert refused
    assert drilled.as_before


def test_a_run_that_is_told_to_stop_enables_the_key_and_reports_what_it_saw(drilled: Drilled) -> None:
    told = threading.Event()
    with drilled.service.vendor(drilled.double, drilled.key, keep_s=600) as path:
        long = {**FAST, "give_up_after": "5 min"}
        drill = drilled.drill(at("key disabled", told.set), data_path=path, drill=long, stopping=told.is_set)
    assert drill.dark_end is End.INTERRUPTED
    assert drill.state_after == drill.state_before
    assert drilled.as_before


def test_network_lost_while_dark_leaves_the_way_back_to_restore(drilled: Drilled) -> None:
    kept: list[bytes] = []

    def keep(data: bytes) -> str:
        kept.append(data)
        return "sha256:x"

    cut = at("key disabled", lambda: drilled.double.bend(reset_calls=EVERY))
    with pytest.raises(RestoreFailed, match=r"could not be brought back: .*(could not be reached|did not do)"):
        drilled.drill(cut, drill={**FAST, "recover_within": "1 s"}, keep=keep)
    assert b'"outcome":"served"' in kept[0], "what was seen is kept"
    drilled.double.faults = Faults()
    assert drilled.service.dark(drilled.double, drilled.key)
    assert restore_all(drilled.state) == 1
    assert drilled.as_before


def test_credentials_that_expire_while_dark_can_be_renewed_for_the_way_back(drilled: Drilled) -> None:
    def expire() -> None:
        drilled.double.bend(expired_credentials=True)
        threading.Timer(1.0, lambda: drilled.double.bend(expired_credentials=False)).start()

    drill = drilled.drill(at("key disabled", expire), drill={**FAST, "recover_within": "15 s"})
    assert drill.dark_end is End.BLIND
    assert drill.state_after == drill.state_before
    assert drilled.as_before
    assert open_entries(drilled.state) == ()
