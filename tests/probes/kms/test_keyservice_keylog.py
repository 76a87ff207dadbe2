"""The drill's own fetches in the log of a buyer's key service: what a log may have lost it is not said to lack."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clauseproof.facts.drills import Revocation
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.errors import Unknowable
from clauseproof.probes.kms.keyservice_drills import revocation
from clauseproof.probes.kms.keyservice_keylog import usage_log
from tests.support.keys import journal
from tests.support.keyservice import NAME, House, house, line, look, words


@pytest.fixture
def running(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "house") as made:
        yield made


def drilled(made: House, state: Path, **log: Any) -> tuple[FetchedKey, Revocation]:
    key = made.key(log={**words(made.service, NAME)["log"], **log})
    return key, revocation(key, look(), journal(state))


def test_our_fetches_are_found_each_with_its_own_line(running: House, tmp_path: Path) -> None:
    key, drill = drilled(running, tmp_path / "journal")
    seen = usage_log(key, drill, look())
    assert [(own.call, own.error) for own in seen.own] == [("switch.ask", None), ("switch.ask", "HTTP 403")]
    assert len({own.entry.id for own in seen.own if own.entry is not None}) == 2


def test_a_log_that_was_rotated_during_the_drill_does_not_lack_what_went_before(running: House, tmp_path: Path) -> None:
    key, drill = drilled(running, tmp_path / "journal")
    running.service.log.write_text(f"{line(datetime.now(UTC))}\n")
    with pytest.raises(Unknowable, match=r"was not found in .*, but the log begins at") as caught:
        usage_log(key, drill, look())
    assert caught.value.what_to_do == "a log that goes back to the drill"


def test_a_line_that_cannot_be_read_may_be_ours(running: House, tmp_path: Path) -> None:
    key, drill = drilled(running, tmp_path / "journal")
    running.service.log.write_text(f"{line('2026-01-01T00:00:00Z')}\n{{\n{line(datetime.now(UTC))}\n")
    with pytest.raises(Unknowable, match="but 1 of its lines could not be read"):
        usage_log(key, drill, look())


def test_a_fetch_of_ours_that_ended_in_a_word_of_the_logs_own_was_not_lost(running: House, tmp_path: Path) -> None:
    key, drill = drilled(running, tmp_path / "journal", served=["granted"])
    with pytest.raises(Unknowable, match="ended in 'served', which is neither served nor refused"):
        usage_log(key, drill, look())
