"""Keys under drill: what happens when the customer really revokes or rotates the key.

A drill sees each change only to within its polling. That doubt counts against the proof: a limit is kept only if even
the latest possible moment lies within it, and broken only if even the earliest lies beyond.
"""

import math
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby, pairwise

from clauseproof import Assurance, Claim, Duration, Finding, Outcome, Unseen, broken, check, holds, note, spell, unknown
from clauseproof.facts import drills, keys
from clauseproof.facts.drills import Answer, Change, End, Lane, LaneTimes


class RevocationDrill(Claim):
    """Once the customer disables the key, the vendor can no longer read the customer's data, within `dark_within`.

    Judged through the vendor's own data path, which must also serve again once the key is enabled: else its silence
    may have other reasons than the key. `kms_dark_within` is the same limit for the key service itself;
    `light_within` limits the time until the vendor serves again. Where the vendor may keep the key for longer than a
    run can last, `drill.per_run` of the key lets the drill go on over several runs.
    """

    dark_within: Duration
    kms_dark_within: Duration | None = None
    light_within: Duration | None = None


@check("revocation-drill")
def revocation_drill(
    claim: RevocationDrill, drill: drills.Revocation, custody: keys.Custody | Unseen
) -> Iterator[Finding]:
    replicas = _replicas(drill, custody)
    yield from _key_service(claim, drill)
    yield from _logged(drill)
    vendor = drill.lane(Lane.VENDOR)
    if vendor is None:
        yield unknown(
            "What the vendor can still read was not looked at. To settle it: give the key a data_path in the profile"
        )
    else:
        yield _elsewhere(_darkness(claim.dark_within, drill, vendor), replicas)
        yield from _light(claim.light_within, vendor)
    if replicas:
        yield note(f"The drill does not disable {replicas}: each is a key of its own, with a state of its own")
    yield from _unwatched(drill)
    yield from _state(drill)


def _replicas(drill: drills.Revocation, custody: keys.Custody | Unseen) -> str:
    """What of the key is enabled as ever while it is disabled; empty for nothing.

    Of all providers AWS alone makes a replica a key of its own, with an id that begins with `mrk-` (AWS KMS developer
    guide, "Multi-Region keys").
    """
    if isinstance(custody, Unseen):
        return "the replicas of the key, if it has any" if "/mrk-" in drill.target else ""
    regions = custody.replicas if custody.provider is keys.Provider.AWS else ()
    return f"the replicas of the key in {', '.join(regions)}" if regions else ""


def _elsewhere(finding: Finding, replicas: str) -> Finding:
    """A vendor that goes on serving may do so with a replica, which nobody has taken from it."""
    if not replicas or finding.outcome is not Outcome.BROKEN:
        return finding
    text = f"{finding.text}. It may have used {replicas}"
    return unknown(
        f"{text}. To settle it: drill a key without replicas, or disable them for the drill", about=finding.about
    )


def _unwatched(drill: drills.Revocation) -> Iterator[Finding]:
    gaps_s = [after.from_s - before.until_s for before, after in pairwise(drill.watched)]
    if gaps_s:
        yield note(
            f"The drill went on over {len(drill.watched)} runs, and between them nobody watched for {_s(sum(gaps_s))}: "
            "what changed then is dated no closer, and that the key stayed disabled is known from its state afterwards"
        )


def _state(drill: drills.Revocation) -> Iterator[Finding]:
    if drill.left_until is not None:
        until = f"{drill.left_until:%Y-%m-%d %H:%M} UTC"
        yield unknown(
            f"The key is still disabled, and the next run with --drills watches on, until {until} at the latest. "
            "To settle it: run again with --drills before then; clauseproof restore ends the drill"
        )
    elif drill.state_after != drill.state_before:
        now = drill.state_after or "in a state that could not be read"
        yield unknown(
            f"The key was {drill.state_before} before the drill and is {now}. To mend it: clauseproof restore"
        )


def _key_service(claim: RevocationDrill, drill: drills.Revocation) -> Iterator[Finding]:
    kms = drill.lane(Lane.KMS)
    if kms is None:
        yield unknown("The key service was not asked")
    elif claim.kms_dark_within is not None:
        yield _darkness(claim.kms_dark_within, drill, kms)
    elif kms.dark.new_after_s is None:
        settle = _longer(drill, "a longer drill.give_up_after")
        yield unknown(
            f"The key service was not seen to refuse the disabled key, watched for {_s(drill.watched_until_s)}, so "
            f"nothing shows what the vendor does without it. To settle it: {settle}",
            about=Lane.KMS,
        )
    else:
        yield note(f"The key service refused the key {_when(kms.dark)} after it was disabled", about=Lane.KMS)


def _logged(drill: drills.Revocation) -> Iterator[Finding]:
    """What the log of the customer's own key service has of the vendor; other keys bring no such log along."""
    if any(sample.lane is Lane.LOG for sample in drill.samples):
        refused = [s.t_s for s in drill.while_disabled(Lane.LOG) if s.outcome is Answer.REFUSED]
        times = f", the first {_s(refused[0])} and the last {_s(refused[-1])} after it" if refused else ""
        count = "1 fetch" if len(refused) == 1 else f"{len(refused) or 'no'} fetches"
        text = f"The key service's log has {count} by the vendor that it refused while the key was disabled"
        yield note(f"{text}{times}", about=Lane.LOG)


def _darkness(limit: timedelta, drill: drills.Revocation, times: LaneTimes) -> Finding:
    name, most_s, dark = _NAMES[times.lane], limit.total_seconds(), times.dark
    if dark.old_until_s > most_s:
        return _served_too_long(limit, drill, times)
    if dark.new_after_s is None:
        return unknown(f"{name} {_undecided(limit, drill, times)}", about=times.lane)
    stopped = f"{name} stopped serving {_when(dark)} after the key was disabled"
    if dark.new_after_s > most_s:
        text = f"{stopped}, and the limit of {spell(limit)} lies in between"
        return unknown(f"{text}. To settle it: {_closer(drill, dark)}", about=times.lane)
    if times.lane is Lane.VENDOR and drill.enable is None:
        return unknown(f"{stopped}; whether it serves again once it is enabled is not known yet", about=times.lane)
    if times.lane is Lane.VENDOR and (times.light is None or times.light.new_after_s is None):
        text = f"{stopped}, and was not seen to serve again once it was enabled, so the key may not be the reason"
        return unknown(f"{text}. To settle it: drill again when it serves steadily", about=times.lane)
    return holds(f"{stopped}; the limit is {spell(limit)}", Assurance.OBSERVED, about=times.lane)


def _closer(drill: drills.Revocation, dark: Change) -> str:
    """What would date a change more closely."""
    between = (dark.old_until_s, dark.new_after_s or dark.old_until_s)
    gaps = ((before.until_s, after.from_s) for before, after in pairwise(drill.watched))
    if any(start < between[1] and between[0] < end for start, end in gaps):
        return "a run with --drills at that time"
    return "a shorter drill.poll_every"


def _longer(drill: drills.Revocation, otherwise: str) -> str:
    """What would watch for longer."""
    if drill.dark_end is End.PERMISSION_OVER:
        return "a permission that lasts as long as drill.give_up_after"
    return otherwise if drill.left_until is None else "the next run with --drills"


def _served_too_long(limit: timedelta, drill: drills.Revocation, times: LaneTimes) -> Finding:
    """A vendor breaks its word where it serves without the key; whom the key service serves may use it."""
    most_s, off = limit.total_seconds(), [(0.0, math.inf)] if times.lane is Lane.KMS else list(_off(drill))
    served = (sample for sample in drill.while_disabled(times.lane) if sample.outcome is Answer.SERVED)
    late = [sample for sample in served if sample.t_s - drill.disable.answered_s > most_s]
    proven = [sample for sample in late if any(start <= sample.t_s <= end for start, end in off)]
    end = "" if times.dark.new_after_s is not None else ", and had not stopped when the watch ended"
    text = (
        f"{_NAMES[times.lane]} still served {_s((proven or late)[-1].t_s - drill.disable.answered_s)} after the key "
        f"was disabled{end}. The limit is {spell(limit)}"
    )
    if not proven:
        return unknown(
            f"{text}, and the key service served the key as well, so that the vendor may have used it. To settle it: "
            "see that nobody enables the key during the drill, and drill again",
            about=times.lane,
        )
    reads = "1 read was" if len(proven) == 1 else f"{len(proven)} reads were"
    return broken(f"{text}; {reads} served after it", Assurance.OBSERVED, about=times.lane)


def _off(drill: drills.Revocation) -> Iterator[tuple[float, float]]:
    """When the disabled key was certainly off: from a refusal of the key service's to the last before it serves again.

    Where the key service was not asked, what disabled the key is all there is.
    """
    if drill.lane(Lane.KMS) is None:
        yield 0.0, math.inf
    clear = [sample for sample in drill.while_disabled(Lane.KMS) if sample.outcome is not Answer.UNCLEAR]
    for outcome, answers in groupby(clear, key=lambda sample: sample.outcome):
        told = list(answers)
        if outcome is Answer.REFUSED:
            yield told[0].answered_s, math.inf if told[-1] is clear[-1] else told[-1].t_s


def _undecided(limit: timedelta, drill: drills.Revocation, times: LaneTimes) -> str:
    """Why a lane that was neither seen dark nor seen to serve too late decides nothing."""
    seen = drill.while_disabled(times.lane)
    if seen and seen[-1].outcome is Answer.UNCLEAR:
        return (
            f"last served {_s(times.dark.old_until_s)} after the key was disabled and then gave no clear answer "
            f"({seen[-1].code}). To settle it: drill again when the way to it is steady"
        )
    return (
        f"was watched for {_s(drill.watched_until_s)} ({_ENDS[drill.dark_end]}), too short for the limit of "
        f"{spell(limit)}. To settle it: {_longer(drill, 'a drill.give_up_after beyond the limit')}"
    )


def _light(limit: timedelta | None, times: LaneTimes) -> Iterator[Finding]:
    name, light = _NAMES[times.lane], times.light
    if limit is None:
        if light is not None and light.new_after_s is not None:
            yield note(f"{name} served again {_when(light)} after the key was enabled", about=times.lane)
    elif light is not None and light.old_until_s > limit.total_seconds():
        yield broken(
            f"{name} still refused {_s(light.old_until_s)} after the key was enabled; the limit is {spell(limit)}",
            Assurance.OBSERVED,
            about=times.lane,
        )
    elif light is not None and light.new_after_s is not None and light.new_after_s <= limit.total_seconds():
        yield holds(
            f"{name} served again {_when(light)} after the key was enabled; the limit is {spell(limit)}",
            Assurance.OBSERVED,
            about=times.lane,
        )
    else:
        yield unknown(
            f"{name} was not seen to serve again within {spell(limit)} of enabling the key, nor to be late. To settle "
            "it: a longer drill.recover_within, a shorter drill.poll_every",
            about=times.lane,
        )


class RotationDrill(Claim):
    """A rotation on demand puts new key material in use, and what was encrypted before stays readable.

    `within` limits the time until new data is under new material, where the contract does.
    """

    within: Duration | None = None


SETTLES = timedelta(minutes=5)
"""How long a provider may take to use new material everywhere (AWS KMS developer guide, "Eventual consistency")."""


@check("rotation-drill")
def rotation_drill(claim: RotationDrill, drill: drills.RotationDrill) -> Iterator[Finding]:
    yield _new_material(claim.within or SETTLES, drill)
    yield _old_ciphertext(drill)
    if not drill.listed:
        yield unknown("The provider's list of rotations does not show it. To settle it: look at the list again later")
    for sentence in drill.lasting:
        yield note(f"Left behind: {sentence}")


def _new_material(limit: timedelta, drill: drills.RotationDrill) -> Finding:
    if drill.material_before is None:
        return unknown("The provider does not say which material encrypts. To settle it: its audit log")
    most_s = limit.total_seconds()
    if drill.changed.new_after_s is not None and drill.changed.new_after_s <= most_s:
        return holds(f"New data is under new material {_when(drill.changed)} after the rotation was asked for")
    if drill.changed.old_until_s > most_s:
        listed = ", although the provider shows the rotation as completed" if drill.declared_after_s is not None else ""
        return broken(
            f"New data was still under the old material {_s(drill.changed.old_until_s)} after the rotation was asked "
            f"for{listed}; the limit is {spell(limit)}"
        )
    return unknown(
        f"New material was not seen within {_s(drill.looked_for_s)} ({_ENDS[drill.end]}), and the limit is "
        f"{spell(limit)}. To settle it: a drill.give_up_after beyond it"
    )


def _old_ciphertext(drill: drills.RotationDrill) -> Finding:
    outcomes = {read.outcome for read in drill.old_reads}
    if Answer.SERVED in outcomes:
        return holds("What was encrypted before the rotation still decrypts")
    codes = ", ".join(dict.fromkeys(read.code for read in drill.old_reads if read.code))
    if outcomes == {Answer.REFUSED} and len(drill.old_reads) > 1:
        return broken(f"What was encrypted before the rotation no longer decrypts, tried twice: {codes}")
    return unknown(
        f"Whether what was encrypted before still decrypts is not known ({codes}). To settle it: drill again"
    )


def _when(change: Change) -> str:
    """The interval of a change: `2 s to 3 s`."""
    if change.new_after_s is None:
        return f"not before {_s(change.old_until_s)}"
    return f"{_s(change.old_until_s)} to {_s(change.new_after_s)}"


def _s(seconds: float) -> str:
    return spell(timedelta(seconds=round(seconds, 1 if seconds < 60 else 0))) if seconds >= 0.05 else "0 s"


_NAMES = {Lane.KMS: "The key service", Lane.VENDOR: "The vendor's data path"}
_ENDS = {
    End.SETTLED: "until it had settled",
    End.GAVE_UP: "until the drill's time was over",
    End.INTERRUPTED: "until the run was interrupted",
    End.BLIND: "until the key service gave no usable answer",
    End.LEFT: "until this run's share of the time was over",
    End.PERMISSION_OVER: "for the permission ends before a longer drill would",
}
