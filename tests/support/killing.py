"""Drills that are killed, each in a process of its own: `python -m tests.support.killing SERVICE DRILL`.

Standard input has a line of JSON for each: the subject, the folder of the journal, and the number of the point at which
the process kills itself. All that drills need is imported once, and each process is a fork of that, made before there
is any thread. Printed is how each ended: an exit code, or a signal's number with a minus.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from clauseproof.engine.journal import FileJournal
from tests.support.keys import journal
from tests.support.services import SERVICES, Service, Subject, looking

_AT_ONCE = 6
_REPOSITORY = Path(__file__).parents[2]
_LONGEST_S = 120


class Killed(NamedTuple):
    """A drill, and where it ends."""

    subject: Subject
    state: Path
    point: int


def kill_all(service: str, drill: str, killed: Iterable[Killed]) -> list[int]:
    """Run drills of one kind in processes of their own; returns how each ended, in order."""
    lines = "\n".join(
        json.dumps([one.subject.model_dump_json(by_alias=True), str(one.state), one.point]) for one in killed
    )
    words = [sys.executable, "-m", "tests.support.killing", service, drill]
    done = subprocess.run(
        words, cwd=_REPOSITORY, input=lines, stdout=subprocess.PIPE, text=True, timeout=_LONGEST_S, check=True
    )
    return [int(line) for line in done.stdout.split()]


class _Countdown:
    """Kills the process at the n-th point, as kill -9 would: nothing is cleaned up."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, point: str) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _fork(service: Service, drill: str, subject: str, at: FileJournal) -> int:
    """The id of a process that runs one drill and ends."""
    child = os.fork()
    if child:
        return child
    try:
        service.drills[drill](service.kind.model_validate_json(subject), looking(), at)
    except BaseException:  # noqa: BLE001 (told by the exit code, like any error that ends a process)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _main(name: str, drill: str) -> None:
    jobs = [json.loads(line) for line in sys.stdin]
    for first in range(0, len(jobs), _AT_ONCE):
        begun = [
            _fork(SERVICES[name], drill, subject, journal(Path(state), on_point=_Countdown(point)))
            for subject, state, point in jobs[first : first + _AT_ONCE]
        ]
        for child in begun:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
