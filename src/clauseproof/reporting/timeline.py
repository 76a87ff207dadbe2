"""A drill as a picture: what was served and what was refused, second by second."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clauseproof.model.run import ClaimRecord
from clauseproof.model.units import parse_duration
from clauseproof.reporting.exhibit import Exhibit

_REVOCATION = ("keys.revocation", 1)
_LIMIT = "dark_within"
_BOUND = "vendor"
_NAMES = {"kms": "Key service", "vendor": "Vendor’s data path"}
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
class Timeline:
    """A drill from its first poll to its last; second 0 is the first moment.

    Attributes:
        limit_s: what the contract allows after second 0; None where no claim says.
    """

    start_s: float
    end_s: float
    moments: tuple[Moment, ...]
    tracks: tuple[Track, ...]
    limit_s: float | None


def stretches(samples: Iterable[Sample]) -> tuple[Stretch, ...]:
    """Join polls of the same outcome, from the first to the last of them: what lies between two outcomes nobody saw."""
    found: list[Stretch] = []
    for sample in sorted(samples, key=lambda one: one.at_s):
        if found and found[-1].served is sample.served:
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
        if (exhibit.kind, exhibit.version) != _REVOCATION:
            continue
        drawn = timeline(exhibit, _limit_s(exhibit.subject, claims))
        if drawn is not None:
            yield drawn


def timeline(exhibit: Exhibit, limit_s: float | None) -> Timeline | None:
    """A recorded revocation as a timeline; None for anything else, and for a shape this version does not know."""
    if (exhibit.kind, exhibit.version) != _REVOCATION or exhibit.data is None:
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
    enabled = data["enable"]
    moments = [Moment(0.0, "key disabled")]
    if enabled is not None:
        moments.append(Moment(float(enabled["t_s"]), "enabled"))
    return Timeline(
        start_s=min(0.0, *(sample.at_s for _, sample in samples)),
        end_s=max(end_s, *(moment.at_s for moment in moments)),
        moments=tuple(moments),
        tracks=tuple(_tracks(samples)),
        limit_s=limit_s,
    )


def _tracks(samples: Sequence[tuple[str, Sample]]) -> Iterator[Track]:
    for lane in dict.fromkeys(lane for lane, _ in samples):
        own = (sample for of, sample in samples if of == lane)
        yield Track(_NAMES.get(lane, lane), stretches(own), bound=lane == _BOUND)


def _limit_s(subject: str, claims: Sequence[ClaimRecord]) -> float | None:
    for claim in claims:
        if subject in claim.where and _LIMIT in claim.params:
            try:
                return parse_duration(claim.params[_LIMIT]).total_seconds()
            except ValueError:
                return None
    return None
