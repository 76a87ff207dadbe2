"""The revocation drill at a buyer's own key service, and its way back, over the wire."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clauseproof.engine.journal import open_entries
from clauseproof.facts.drills import Answer, Lane, Revocation
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.drill import Undo
from clauseproof.model.errors import LookFailed, RestoreFailed, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.profile import Network
from clauseproof.probes.datapath import DataPathReader
from clauseproof.probes.kms.keyservice_drills import revocation
from clauseproof.probes.kms.keyservice_switch import send, switch_of
from clauseproof.probes.kms.keyservice_undo import Given, restore_switch, way_back
from clauseproof.sandbox.fetching import Habit
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import TOKEN, journal, restore_all
from tests.support.keyservice import NAME, House, house, look, token_beside

SHORT = {
    "poll_every": "20 ms",
    "give_up_after": "800 ms",
    "recover_within": "500 ms",
    "confirmations": 2,
    "log_within": "100 ms",
}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "house") as made:
        yield made


def drilled(made: House, state: Path, at: Look | None = None, **more: Any) -> Revocation:
    return revocation(made.key(**more), at or look(), journal(state))


def logged(drill: Revocation, outcome: Answer) -> int:
    return sum(sample.outcome is outcome for sample in drill.while_disabled(Lane.LOG))


def test_a_vendor_that_asks_each_time_goes_dark_and_its_refused_fetches_stand_beside(
    running: House, tmp_path: Path
) -> None:
    drill = drilled(running, tmp_path / "journal")
    vendor, kms = drill.lane(Lane.VENDOR), drill.lane(Lane.KMS)
    assert vendor is not None
    assert kms is not None
    assert vendor.dark.new_after_s is not None
    assert kms.dark.new_after_s is not None
    assert (drill.state_before, drill.state_after) == ("on", "on")
    assert logged(drill, Answer.REFUSED) >= 2
    assert running.service.is_on(NAME)
    assert open_entries(tmp_path / "journal") == ()


def test_a_vendor_that_kept_a_copy_serves_on_while_its_fetches_are_refused(tmp_path: Path) -> None:
    with house(tmp_path / "house", Habit(copies=True)) as made:
        drill = drilled(made, tmp_path / "journal", drill=SHORT)
    vendor = drill.lane(Lane.VENDOR)
    assert vendor is not None
    assert vendor.dark.new_after_s is None
    assert {sample.outcome for sample in drill.while_disabled(Lane.VENDOR)} == {Answer.SERVED}
    assert logged(drill, Answer.REFUSED) >= 2
    served = [sample.t_s for sample in drill.while_disabled(Lane.LOG) if sample.outcome is Answer.SERVED]
    assert [t_s for t_s in served if t_s > 0] == [], "once the order had been answered"


def test_a_vendor_that_never_asks_again_leaves_no_fetch_beside(tmp_path: Path) -> None:
    with house(tmp_path / "house", Habit(asks=False)) as made:
        drill = drilled(made, tmp_path / "journal", drill=SHORT)
    assert {sample.outcome for sample in drill.while_disabled(Lane.VENDOR)} == {Answer.SERVED}
    assert [sample for sample in drill.samples if sample.lane is Lane.LOG] == []


def test_a_drill_that_was_left_goes_on_in_another_run(tmp_path: Path) -> None:
    with house(tmp_path / "house", Habit(copies=True)) as made:
        shape = {**SHORT, "per_run": "500 ms", "give_up_after": "1200 ms"}
        left = drilled(made, tmp_path / "journal", drill=shape)
        assert (left.enable, left.state_after, made.service.is_on(NAME)) == (None, "off", False)
        drill = drilled(made, tmp_path / "journal", drill={**SHORT, "give_up_after": "1200 ms"})
        assert made.service.is_on(NAME)
    assert len(drill.watched) == 2
    assert (drill.state_before, drill.state_after) == ("on", "on")
    assert logged(drill, Answer.REFUSED) > logged(left, Answer.REFUSED) > 0


def test_the_key_itself_is_written_nowhere(running: House, tmp_path: Path) -> None:
    material = base64.b64encode(running.service.seed(NAME)).decode()
    switch_alone = running.key(data_path=None, drill=SHORT)
    running.service.faults = Faults(denies=frozenset({"on"}))
    with pytest.raises(RestoreFailed):
        revocation(switch_alone, look(keep=lambda data: kept(data, tmp_path)), journal(tmp_path / "journal"))
    running.service.faults = Faults()
    restore_all(tmp_path / "journal")
    drill = revocation(switch_alone, look(), journal(tmp_path / "journal"))
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 1
    assert not any(material in text for text in [*written, drill.model_dump_json()])


def kept(data: bytes, folder: Path) -> str:
    (folder / f"{len(data)}.artifact").write_bytes(data)
    return "sha256:0"


def test_without_a_data_path_the_key_service_alone_is_drilled(running: House, tmp_path: Path) -> None:
    drill = drilled(running, tmp_path / "journal", data_path=None, drill=SHORT)
    assert [times.lane for times in drill.lanes] == [Lane.KMS]


def test_a_log_that_cannot_be_read_is_no_reason_to_lose_the_drill(running: House, tmp_path: Path) -> None:
    told: list[str] = []

    def no_file(name: str, limit: int) -> bytes:
        raise Unreachable(f"there is no file {name}")

    drill = drilled(running, tmp_path / "journal", look(read_file=no_file, tell=told.append), drill=SHORT)
    assert drill.lane(Lane.VENDOR) is not None
    assert "has no log beside it: there is no file" in told[-1]


@pytest.mark.parametrize(
    ("faults", "error", "says"),
    [
        (Faults(reset_calls=EVERY), Unreachable, "gives no clear answer: RemoteProtocolError|ReadError"),
        (Faults(expired_credentials=True), Unreachable, "gives no clear answer: HTTP 401"),
        (Faults(server_error_calls=EVERY), Unreachable, "gives no clear answer: HTTP 503"),
        (Faults(denies=frozenset({"off"})), Unreachable, r"did not do switch\.off: HTTP 403"),
        (
            Faults(server_error_calls=EVERY, affects=frozenset({"off"})),
            Unreachable,
            r"did not do switch\.off: HTTP 503",
        ),
    ],
)
def test_a_key_service_that_cannot_be_told_is_left_as_it_was(
    running: House, tmp_path: Path, faults: Faults, error: type[LookFailed], says: str
) -> None:
    running.service.faults = faults
    with pytest.raises(error, match=says):
        drilled(running, tmp_path / "journal", drill=SHORT)
    assert running.service.is_on(NAME)
    assert open_entries(tmp_path / "journal") == ()


def test_an_order_whose_answer_was_lost_is_taken_back(running: House, tmp_path: Path) -> None:
    running.service.faults = Faults(lost_answers=1, affects=frozenset({"off"}))
    with pytest.raises(Unreachable, match=r"did not do switch\.off"):
        drilled(running, tmp_path / "journal", drill=SHORT)
    assert running.service.is_on(NAME)
    assert open_entries(tmp_path / "journal") == ()


def test_a_key_that_is_off_already_is_not_drilled(running: House, tmp_path: Path) -> None:
    send(switch_of(running.key()).off, "off", look())
    with pytest.raises(Unknowable, match="gives a key back as it found it"):
        drilled(running, tmp_path / "journal")


def test_a_key_without_a_switch_cannot_be_drilled(running: House, tmp_path: Path) -> None:
    with pytest.raises(Unknowable, match="how crm-key is turned off at its key service is not said"):
        drilled(running, tmp_path / "journal", switch=None)


def test_a_key_service_that_will_not_turn_it_on_again_keeps_the_way_back_open(running: House, tmp_path: Path) -> None:
    running.service.faults = Faults(denies=frozenset({"on"}))
    with pytest.raises(RestoreFailed, match=r"was on before the drill and could not be brought back.*HTTP 403"):
        drilled(running, tmp_path / "journal", drill=SHORT)
    assert len(open_entries(tmp_path / "journal")) == 1
    running.service.faults = Faults()
    assert restore_all(tmp_path / "journal") == 1
    assert running.service.is_on(NAME)


def test_a_key_that_was_replaced_meanwhile_is_another_one(running: House, tmp_path: Path) -> None:
    """What the first fetch gave at the pointer, every later one must give."""
    reader = DataPathReader(switch_of(running.key()).ask, look())
    assert reader.open().outcome is Answer.SERVED
    running.service.seed(NAME)
    assert reader.read().code == "HTTP 200 without the record"


def test_a_key_service_that_fails_has_refused_nothing(running: House, tmp_path: Path) -> None:
    """Its switch does nothing, and nobody gets the key for another reason."""
    running.service.faults = Faults(ignores_disable=True)

    def spoil(name: str) -> None:
        if name == "key disabled":
            running.service.faults = Faults(server_error_calls=EVERY, affects=frozenset({"fetch"}))
        elif name == "dark":
            running.service.faults = Faults()

    drill = revocation(running.key(drill=SHORT), look(), journal(tmp_path / "journal", on_point=spoil))
    kms = drill.lane(Lane.KMS)
    assert kms is not None
    assert kms.dark.new_after_s is None
    failed = [sample for sample in drill.samples if sample.lane is Lane.KMS and sample.code == "HTTP 503"]
    assert {sample.outcome for sample in failed} == {Answer.UNCLEAR}


# the way back


def undo(key: FetchedKey, **more: str) -> Undo:
    assert key.switch is not None
    settings = {
        "on": key.switch.on.model_dump_json(),
        "ask": key.switch.ask.model_dump_json(),
        "given": '{"addresses": [], "skipped": [], "first": null}',
        "resolvers": "[]",
        "patience_s": "0.1",
    }
    return Undo(kind="key-service-switch", target=NAME, prior="on", settings={**settings, **more})


def test_the_way_back_is_harmless_when_taken_twice(running: House) -> None:
    restore_switch(undo(running.key()))
    restore_switch(undo(running.key()))
    assert running.service.is_on(NAME)


def test_a_secret_that_is_gone_is_named_by_the_way_back(running: House) -> None:
    token_beside(running.service.log).unlink()
    with pytest.raises(RestoreFailed, match=r"token\} cannot be read: FileNotFoundError \(make .*token readable\)"):
        restore_switch(undo(running.key()))


def test_a_key_that_is_turned_on_and_still_refused_is_not_back(running: House) -> None:
    running.service.faults = Faults(enable_lag_s=60)
    send(switch_of(running.key()).off, "off", look())
    with pytest.raises(RestoreFailed, match=r"turned on and still refused \(HTTP 403\)"):
        restore_switch(undo(running.key()))


def test_the_way_back_names_secrets_and_holds_none(running: House, tmp_path: Path) -> None:
    running.service.faults = Faults(denies=frozenset({"on"}))
    with pytest.raises(RestoreFailed):
        drilled(running, tmp_path / "journal", drill=SHORT)
    (entry,) = open_entries(tmp_path / "journal")
    assert "${file:" in entry.read_text()
    assert TOKEN not in entry.read_text()


def test_a_private_authority_goes_with_the_way_back(running: House) -> None:
    given = Given(addresses=(), skipped=(), first=None)
    at = look(network=Network(ca_file="ca.pem"), read_file=lambda name, limit: b"PEM of the authority")
    key = running.key()
    assert key.switch is not None
    made = way_back(NAME, "on", key.switch, given, timedelta(seconds=1), at)
    assert made.settings["ca"] == "PEM of the authority"
