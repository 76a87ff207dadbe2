"""A drill of Cloud KMS in a process of its own, killed at point N: `python -m tests.support.googledrilling ...`."""

import sys
from pathlib import Path

from clauseproof.facts.google import GoogleKey
from clauseproof.probes.kms import google_drills
from tests.support.drilling import Countdown
from tests.support.keys import journal, look

DRILLS = {"revocation": google_drills.revocation, "rotation": google_drills.rotation_drill}


def main(drill: str, key: str, state: str, point: str) -> None:
    """Run one drill of the key given as JSON."""
    at = journal(Path(state), on_point=Countdown(int(point)))
    DRILLS[drill](GoogleKey.model_validate_json(key), look(), at)


if __name__ == "__main__":
    main(*sys.argv[1:])
