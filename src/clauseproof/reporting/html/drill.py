"""Where everything stands in a drill's picture: x in per cent of the width, y and type in px, so it fits any screen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from clauseproof.model.units import spell
from clauseproof.reporting.timeline import Gap, Stretch, Timeline, Track, ticks

_TOP = 32
_PITCH = 44
_BAR = 18
_THIN = 0.4
"""A single poll is drawn this wide, in per cent."""
_BESIDE = 60.0
"""Beyond this share of the width a label stands left of its line, so that it stays inside."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with a label; `end` where the label stands left of it."""

    x: float
    label: str
    end: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch or a gap; `look` is `served`, `late`, `refused`, `neither` or `gap`; `label` may be empty."""

    x: float
    width: float
    look: str
    label: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A track's row: `y` is the top of its bars."""

    y: int
    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drill, ready to be drawn."""

    id: str
    sentence: str
    height: int
    floor: int
    moments: tuple[Mark, ...]
    gaps: tuple[Bar, ...]
    limit: Mark | None
    lanes: tuple[Lane, ...]
    ticks: tuple[Mark, ...]


def picture(timeline: Timeline, identifier: str) -> Picture:
    """Lay a timeline out."""
    floor = _TOP + _PITCH * len(timeline.tracks) + 2
    limit = timeline.limit_s
    drawn = None if limit is None or limit > timeline.end_s else limit
    return Picture(
        id=identifier,
        sentence=sentence(timeline),
        height=floor + 22,
        floor=floor,
        moments=tuple(_mark(timeline, moment.at_s, moment.label) for moment in timeline.moments),
        gaps=tuple(_gap(timeline, gap) for gap in timeline.gaps),
        limit=None if drawn is None else _mark(timeline, drawn, f"limit, {_spelled(drawn)}"),
        lanes=tuple(_lane(timeline, track, number) for number, track in enumerate(timeline.tracks)),
        ticks=tuple(_ticks(timeline)),
    )


def sentence(timeline: Timeline) -> str:
    """The picture in words, for those who do not see it."""
    moments = ", ".join(f"{moment.label} at {_spelled(moment.at_s)}" for moment in timeline.moments)
    limit = "" if timeline.limit_s is None else f" The limit is {_spelled(timeline.limit_s)}."
    tracks = " ".join(f"{track.name}: {_course(track)}." for track in timeline.tracks)
    return f"{moments.capitalize()}.{limit}{_blind(timeline)} {tracks}"


def _blind(timeline: Timeline) -> str:
    gaps = ", ".join(f"from {_spelled(gap.start_s)} to {_spelled(gap.end_s)}" for gap in timeline.gaps[:12])
    return f" Nobody watched {gaps}." if gaps else ""


def _course(track: Track) -> str:
    said = [f"{_outcome(s)} until {_spelled(s.end_s)}" for s in track.stretches[:12]]
    return ", ".join(said) or "not asked"


def _outcome(stretch: Stretch) -> str:
    return {True: "served", False: "refused", None: "neither served nor refused"}[stretch.served]


def _lane(timeline: Timeline, track: Track, number: int) -> Lane:
    bars = tuple(bar for stretch in track.stretches for bar in _bars(timeline, track, stretch))
    return Lane(_TOP + _PITCH * number + 20, track.name, bars)


def _bars(timeline: Timeline, track: Track, stretch: Stretch) -> Iterator[Bar]:
    if stretch.served is not True:
        yield _bar(timeline, stretch, "refused" if stretch.served is False else "neither")
        return
    late_from, late_to = _late(timeline, track)
    between = {cut for cut in (late_from, late_to) if stretch.start_s < cut < stretch.end_s}
    for start, end in pairwise([stretch.start_s, *sorted(between), stretch.end_s]):
        late = late_from <= start and end <= late_to
        yield _bar(timeline, Stretch(start, end, served=True), "late" if late else "served")


def _late(timeline: Timeline, track: Track) -> tuple[float, float]:
    """From when to when being served breaks the limit: until we undid what we did."""
    if timeline.limit_s is None or not track.bound:
        return timeline.end_s, timeline.end_s
    last = timeline.end_s if timeline.enabled_s is None else timeline.enabled_s
    return timeline.limit_s, max(last, timeline.limit_s)


def _bar(timeline: Timeline, stretch: Stretch, look: str) -> Bar:
    label = f"{_spelled(stretch.end_s - stretch.start_s)} too long" if look == "late" else look
    return _labelled(timeline, stretch.start_s, stretch.end_s, look, label)


def _gap(timeline: Timeline, gap: Gap) -> Bar:
    return _labelled(timeline, gap.start_s, gap.end_s, "gap", "not watched")


def _labelled(timeline: Timeline, start_s: float, end_s: float, look: str, label: str) -> Bar:
    x, end = _x(timeline, start_s), _x(timeline, end_s)
    room = 2.04 * len(label) + 1.8  # per cent that letters of 12 px and their distance take in 280 px
    return Bar(x, max(end - x, _THIN), look, label if end - x >= room else "")


def _mark(timeline: Timeline, at_s: float, label: str) -> Mark:
    x = _x(timeline, at_s)
    return Mark(x, label, x > _BESIDE)


def _ticks(timeline: Timeline) -> Iterator[Mark]:
    unit, name = _unit(timeline.end_s)
    places = [at for at in ticks(timeline.end_s) if _x(timeline, at) <= 97]
    for number, at in enumerate(places):
        last = number == len(places) - 1
        yield Mark(_x(timeline, at), f"{at / unit:g}{f' {name}' if last else ''}", _x(timeline, at) > 92)


def _unit(length_s: float) -> tuple[int, str]:
    if length_s <= 180:
        return 1, "s"
    if length_s <= 3 * 3600:
        return 60, "min"
    return (3600, "h") if length_s <= 4 * 86400 else (86400, "days")


def _x(timeline: Timeline, at_s: float) -> float:
    length = timeline.end_s - timeline.start_s or 1.0
    return round(100 * min(1.0, max(0.0, (at_s - timeline.start_s) / length)), 2)


def _spelled(seconds: float) -> str:
    return spell(timedelta(seconds=seconds)) if seconds else "0 s"
