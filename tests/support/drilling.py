"""A drill in a process of its own, killed at point N: `python -m tests.support.drilling DRILL KEY STATE N`."""

import os
import signal
import sys
from pathlib import Path

from clauseproof.facts.keys import AwsKey
from clauseproof.probes.kms import aws_drills
from tests.support.keys import journal, look

DRILLS = {"revocation": aws_drills.revocation, "rotation": aws_drills.rotation_drill}


class Countdown:
    """Kills the process at the n-th point, as kill -9 would: nothing is cleaned up."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, point: str) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(drill: str, key: str, state: str, point: str) -> None:
    """Run one drill of the key given as JSON."""
    at = journal(Path(state), on_point=Countdown(int(point)))
    DRILLS[drill](AwsKey.model_validate_json(key), look(), at)


if __name__ == "__main__":
    main(*sys.argv[1:])
