"""A drill as a picture: what was served and what was refused, second by second."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from clauseproof.model.run import ClaimRecord
from clauseproof.model.units import parse_duration
from clauseproof.reporting.exhibit import Exhibit

REVOCATION = "keys.revocation"
_VERSIONS = (1, 2, 3)
_LIMIT = "dark_within"
_BOUND = "vendor"
_NAMES = {"kms": "Key service", "vendor": "Vendor’s data path", "log": "Vendor’s fetches in the log"}
_ANSWERS = {"served": True, "refused": False, "unclear": None}


@dataclass(frozen=True, slots=True)
class Sample:
    """One poll: seconds since the change, and whether it was served (True), refused (False) or neither (None)."""

    at_s: float
    served: bool | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which every poll had the same outcome."""

    start_s: float
    end_s: float
    served: bool | None


@dataclass(frozen=True, slots=True)
class Track:
    """One thing that was polled; `bound` where the timeline's limit is meant for it."""

    name: str
    stretches: tuple[Stretch, ...]
    bound: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """Something we did: `disabled`, `enabled`."""

    at_s: float
    label: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time between two runs, in which nobody watched."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drill from its first poll to its last; second 0 is the first moment.

    Attributes:
        enabled_s: when what was done at second 0 was undone; None where it was not yet.
        limit_s: what the contract allows after second 0; None where no claim says.
    """

    start_s: float
    end_s: float
    moments: tuple[Moment, ...]
    tracks: tuple[Track, ...]
    gaps: tuple[Gap, ...]
    enabled_s: float | None
    limit_s: float | None


def stretches(samples: Iterable[Sample], gaps: Sequence[Gap] = ()) -> tuple[Stretch, ...]:
    """Join polls of the same outcome, from the first to the last of them: what lies between two outcomes nobody saw.

    Nor did anybody see what lies in a gap.
    """
    found: list[Stretch] = []
    for sample in sorted(samples, key=lambda one: one.at_s):
        apart = found and any(found[-1].end_s <= gap.start_s < gap.end_s <= sample.at_s for gap in gaps)
        if found and not apart and found[-1].served is sample.served:
            found[-1] = Stretch(found[-1].start_s, sample.at_s, sample.served)
        else:
            found.append(Stretch(sample.at_s, sample.at_s, sample.served))
    return tuple(found)


def ticks(end_s: float, most: int = 5) -> Sequence[float]:
    """Round seconds from 0 to at most `end_s`, no more than `most` steps."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
    step = next((s for s in steps if end_s / s <= most), 86400 * max(1, round(end_s / 86400 / most)))
    return [float(s) for s in range(0, int(end_s) + 1, step)]


def timelines(exhibits: Iterable[Exhibit], claims: Sequence[ClaimRecord]) -> Iterator[Timeline]:
    """The drills among some observations; the claims say what the contract allows."""
    for exhibit in exhibits:
        if exhibit.kind != REVOCATION:
            continue
        drawn = timeline(exhibit, _limit_s(exhibit.subject, claims))
        if drawn is not None:
            yield drawn


def timeline(exhibit: Exhibit, limit_s: float | None) -> Timeline | None:
    """A recorded revocation as a timeline; None for anything else, and for a shape this version does not know."""
    if exhibit.kind != REVOCATION or exhibit.version not in _VERSIONS or exhibit.data is None:
        return None
    try:
        return _revocation(exhibit.data, limit_s)
    except (KeyError, TypeError, ValueError):
        return None


def _revocation(data: Mapping[str, Any], limit_s: float | None) -> Timeline | None:
    samples = [(str(s["lane"]), Sample(float(s["t_s"]), _ANSWERS[s["outcome"]])) for s in data["samples"]]
    if not samples:
        return None
    end_s = max(float(s["t_s"]) + float(s["took_s"]) for s in data["samples"])
    enabled_s = None if data["enable"] is None else float(data["enable"]["t_s"])
    gaps = tuple(_gaps(data.get("watched", ())))
    moments = tuple(_moments(enabled_s, end_s, left=data.get("left_until") is not None))
    return Timeline(
        start_s=min(0.0, *(sample.at_s for _, sample in samples)),
        end_s=max(end_s, *(moment.at_s for moment in moments)),
        moments=moments,
        tracks=tuple(_tracks(samples, gaps)),
        gaps=gaps,
        enabled_s=enabled_s,
        limit_s=limit_s,
    )


def _moments(enabled_s: float | None, end_s: float, *, left: bool) -> Iterator[Moment]:
    yield Moment(0.0, "key disabled")
    if enabled_s is not None:
        yield Moment(enabled_s, "enabled")
    elif left:
        yield Moment(end_s, "left disabled")


def _gaps(watched: Sequence[Mapping[str, Any]]) -> Iterator[Gap]:
    for before, after in pairwise(watched):
        yield Gap(float(before["until_s"]), float(after["from_s"]))


def _tracks(samples: Sequence[tuple[str, Sample]], gaps: Sequence[Gap]) -> Iterator[Track]:
    for lane in dict.fromkeys(lane for lane, _ in samples):
        own = (sample for of, sample in samples if of == lane)
        yield Track(_NAMES.get(lane, lane), stretches(own, gaps), bound=lane == _BOUND)


def _limit_s(subject: str, claims: Sequence[ClaimRecord]) -> float | None:
    for claim in claims:
        if subject in claim.where and _LIMIT in claim.params:
            try:
                return parse_duration(claim.params[_LIMIT]).total_seconds()
            except ValueError:
                return None
    return None
