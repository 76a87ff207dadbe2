"""A tiny family of its own: counters are looked at, by probes that do as their subject says."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

from clauseproof.model.assurance import Assurance
from clauseproof.model.case import Case
from clauseproof.model.claim import Claim
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import Denied, RestoreFailed
from clauseproof.model.facts import All, Facts, Past
from clauseproof.model.finding import Finding, broken, holds, note, unknown
from clauseproof.model.look import Look
from clauseproof.model.marks import check, probe, undoes
from clauseproof.model.permission import Permission
from clauseproof.model.subject import Subject
from clauseproof.model.unseen import Unseen

looked: list[str] = []
"""Names of subjects in the order in which `count` looked at them; a test clears it first."""


class Counter(Subject):
    """A counter: its value, or a word for what goes wrong when it is looked at."""

    key: ClassVar[str] = "counter"
    counter: str
    host: str | None = None
    file: str | None = None

    def hosts(self) -> tuple[str, ...]:
        """The host that must be permitted."""
        return (self.host,) if self.host else ()


class Count(Facts):
    """What a counter shows."""

    kind = "house.count"
    ceiling = Assurance.OBSERVED
    value: int


class Double(Facts):
    """Twice a count, worked out from it."""

    kind = "house.double"
    ceiling = Assurance.REPORTED
    value: int


class Weight(Facts):
    """What weighing a counter showed."""

    kind = "house.weight"
    ceiling = Assurance.OBSERVED
    weighing: int


class Scan(Facts):
    """A count that needs leave."""

    kind = "house.scan"
    ceiling = Assurance.OBSERVED
    value: int


class Shake(Facts):
    """What shaking a counter showed."""

    kind = "house.shake"
    ceiling = Assurance.OBSERVED
    state_during: str


@probe(permission=Permission.CONNECT, deadline_s=0.3)
async def count(counter: Counter, look: Look) -> Count:
    """Reads the counter; some hang, some refuse, some break."""
    looked.append(look.subject)
    if counter.counter == "slow":
        await asyncio.sleep(30)
    if counter.counter == "denied":
        raise Denied("reading was denied", "grant house:Read")
    if counter.counter == "file":
        return Count(value=len(look.read_file(counter.file or "", 10)))
    return Count(value=int(counter.counter))


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=0.3)
def double(counter: Counter, count: Count, look: Look) -> Double:
    """A plain probe, fed by another; hangs for the unlucky number."""
    look.called("house:Double")
    if count.value == 13:
        time.sleep(20)
    return Double(value=count.value * 2)


weighing: list[str] = []
"""The counters that are being weighed."""


@probe(permission=Permission.CONNECT, deadline_s=0.5, at_once=1)
def weigh(counter: Counter, look: Look) -> Weight:
    """A heavy probe: it takes a fifth of its deadline, and there is one scale."""
    weighing.append(look.subject)
    time.sleep(0.1)
    seen = len(weighing)
    weighing.remove(look.subject)
    return Weight(weighing=seen)


@probe(permission=Permission.SCAN)
def scan(counter: Counter, look: Look) -> Scan:
    """Needs leave."""
    return Scan(value=int(counter.counter))


state: dict[str, str] = {}
"""The state that `shake` changes, by counter."""
shaking = threading.Event()


@undoes("house-settle")
def settle(undo: Undo) -> None:
    """Brings the state back; jammed counters cannot be."""
    if undo.target == "jammed":
        raise RestoreFailed("the counter is jammed", "turn it by hand")
    state[undo.target] = undo.prior


@probe(permission=Permission.DRILL, deadline_s=5)
def shake(counter: Counter, look: Look, journal: Journal) -> Shake:
    """Changes the state and waits for the end of the world where the counter says so."""
    name = counter.counter
    undo = Undo(kind="house-settle", target=name, prior=state.get(name, "still"), settings={})
    with journal.change(undo):
        state[name] = "shaken"
        journal.point("shaken")
        shaking.set()
        while name == "endless" and not look.stopping():
            time.sleep(0.01)
        seen = state[name]
    return Shake(state_during=seen)


class AtLeast(Claim):
    """The counter shows at least so much."""

    least: int


@check("at-least")
def at_least(claim: AtLeast, count: Count) -> Iterator[Finding]:
    """Looks at one counter."""
    if count.value >= claim.least:
        yield holds(f"shows {count.value}")
    else:
        yield broken(f"shows {count.value}, less than {claim.least}")


class Proven(Claim):
    """Overstates."""


@check("proven")
def proven(claim: Proven, double: Double) -> Iterator[Finding]:
    """Claims more than its facts can carry."""
    yield holds("it is proven", Assurance.PROVEN)


class Scanned(Claim):
    """Was scanned."""


@check("scanned")
def scanned(claim: Scanned, scan: Scan) -> Iterator[Finding]:
    """Cannot do without leave."""
    yield holds(f"scanned {scan.value}")


class Weighed(Claim):
    """Was weighed."""


@check("weighed")
def weighed(claim: Weighed, weight: Weight) -> Iterator[Finding]:
    """Looks at one counter."""
    yield holds(f"one of {weight.weighing}")


class Either(Claim):
    """May do without."""


@check("either")
def either(claim: Either, count: Count, scan: Scan | Unseen) -> Iterator[Finding]:
    """Decides without the scan."""
    yield holds("counted" if isinstance(scan, Unseen) else "scanned and counted")


class Sum(Claim):
    """All counters together show at least so much."""

    least: int


@check("sum")
def total(claim: Sum, counts: All[Count], before: Past[Count], case: Case) -> Iterator[Finding]:
    """Looks at all counters at once."""
    yield note(f"{len(before)} earlier, {case.clause.id}, {','.join(case.subjects)}")
    if sum(seen.facts.value for seen in counts) >= claim.least:
        yield holds("enough")


class Nothing(Claim):
    """Finds nothing."""


@check("nothing")
def nothing(claim: Nothing, count: Count) -> Iterator[Finding]:
    """Yields no finding at all."""
    yield from ()


class Buggy(Claim):
    """Breaks."""


@check("buggy")
def buggy(claim: Buggy, count: Count) -> Iterator[Finding]:
    """A defect of the check itself."""
    yield unknown("so far so good")
    raise ZeroDivisionError("oops")


class Shaken(Claim):
    """Survives a drill."""


@check("shaken")
def shaken(claim: Shaken, shake: Shake) -> Iterator[Finding]:
    """Looks at a drill."""
    yield holds(f"was {shake.state_during}")
