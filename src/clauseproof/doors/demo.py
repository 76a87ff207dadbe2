"""`clauseproof demo`: the whole job against the reference vendor on this machine, once kept and once not."""

from datetime import UTC, datetime
from pathlib import Path

from clauseproof.doors.commands import run_profile, say
from clauseproof.doors.session import Wishes, fresh
from clauseproof.engine.outcome import UNRESTORED


def run_demo(out: Path | None) -> int:
    """Run both profiles with drills; 0 where the demo itself worked, since one vendor is meant to fail.

    The last line on standard output is the path of the overclaiming vendor's report.
    """
    from clauseproof import sandbox

    sandbox.require()
    from clauseproof.sandbox.vendor import ReferenceVendor

    folder = out or fresh(Path("reports"), f"demo-{datetime.now(UTC):%Y-%m-%dT%H%MZ}")
    codes = []
    for name, make in (("keeps its word", ReferenceVendor.honest), ("overclaims", ReferenceVendor.overclaiming)):
        say(f"\nThe reference vendor that {name}:")
        place = folder / name.replace(" ", "-")
        with make(place / "deployment") as vendor, vendor.surroundings():
            wishes = Wishes(out=place / "run", drills=True)
            codes.append(run_profile(vendor.profile, wishes))
    return UNRESTORED if UNRESTORED in codes else 0
