"""Keys under drill: what happens when the customer really revokes or rotates the key.

A drill sees each change only to within its polling. That doubt counts against the proof: a limit is kept only if even
the latest possible moment lies within it, and broken only if even the earliest lies beyond.
"""

from collections.abc import Iterator
from datetime import timedelta

from clauseproof import Claim, Duration, Finding, broken, check, holds, note, spell, unknown
from clauseproof.facts import drills
from clauseproof.facts.drills import Answer, Change, End, Lane, LaneTimes


class RevocationDrill(Claim):
    """Once the customer disables the key, the vendor can no longer read the customer's data, within `dark_within`.

    Judged through the vendor's own data path, which must also serve again once the key is enabled: else its silence
    may have other reasons than the key. `kms_dark_within` is the same limit for the key service itself;
    `light_within` limits the time until the vendor serves again.
    """

    dark_within: Duration
    kms_dark_within: Duration | None = None
    light_within: Duration | None = None


@check("revocation-drill")
def revocation_drill(claim: RevocationDrill, drill: drills.Revocation) -> Iterator[Finding]:
    yield from _key_service(claim, drill)
    vendor = drill.lane(Lane.VENDOR)
    if vendor is None:
        yield unknown(
            "What the vendor can still read was not looked at. To settle it: give the key a data_path in the profile"
        )
    else:
        yield _darkness(claim.dark_within, drill, vendor)
        yield from _light(claim.light_within, vendor)
    if drill.state_after != drill.state_before:
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
        yield unknown(
            f"The key service was not seen to refuse the disabled key, watched for {_s(drill.enable.t_s)}, so nothing "
            "shows what the vendor does without it. To settle it: a longer drill.give_up_after",
            about=Lane.KMS,
        )
    else:
        yield note(f"The key service refused the key {_when(kms.dark)} after it was disabled", about=Lane.KMS)


def _darkness(limit: timedelta, drill: drills.Revocation, times: LaneTimes) -> Finding:
    name, most_s, dark = _NAMES[times.lane], limit.total_seconds(), times.dark
    if dark.old_until_s > most_s:
        return broken(_served_too_long(limit, drill, times), about=times.lane)
    if dark.new_after_s is None:
        return unknown(f"{name} {_undecided(limit, drill, times)}", about=times.lane)
    stopped = f"{name} stopped serving {_when(dark)} after the key was disabled"
    if dark.new_after_s > most_s:
        text = f"{stopped}, and the limit of {spell(limit)} lies in between"
        return unknown(f"{text}. To settle it: a shorter drill.poll_every", about=times.lane)
    if times.lane is Lane.VENDOR and (times.light is None or times.light.new_after_s is None):
        text = f"{stopped}, and was not seen to serve again once it was enabled, so the key may not be the reason"
        return unknown(f"{text}. To settle it: drill again when it serves steadily", about=times.lane)
    return holds(f"{stopped}; the limit is {spell(limit)}", about=times.lane)


def _served_too_long(limit: timedelta, drill: drills.Revocation, times: LaneTimes) -> str:
    late = [
        sample
        for sample in drill.while_disabled(times.lane)
        if sample.outcome is Answer.SERVED and sample.t_s > limit.total_seconds()
    ]
    reads = "1 read was" if len(late) == 1 else f"{len(late)} reads were"
    end = "" if times.dark.new_after_s is not None else ", and had not stopped when the watch ended"
    return (
        f"{_NAMES[times.lane]} still served {_s(times.dark.old_until_s)} after the key was disabled{end}. "
        f"The limit is {spell(limit)}; {reads} served after it"
    )


def _undecided(limit: timedelta, drill: drills.Revocation, times: LaneTimes) -> str:
    """Why a lane that was neither seen dark nor seen to serve too late decides nothing."""
    seen = drill.while_disabled(times.lane)
    if seen and seen[-1].outcome is Answer.UNCLEAR:
        return (
            f"last served {_s(times.dark.old_until_s)} after the key was disabled and then gave no clear answer "
            f"({seen[-1].code}). To settle it: drill again when the way to it is steady"
        )
    return (
        f"was watched for {_s(drill.enable.t_s)} ({_ENDS[drill.dark_end]}), too short for the limit of {spell(limit)}. "
        "To settle it: a drill.give_up_after beyond the limit"
    )


def _light(limit: timedelta | None, times: LaneTimes) -> Iterator[Finding]:
    name, light = _NAMES[times.lane], times.light
    if limit is None:
        if light is not None and light.new_after_s is not None:
            yield note(f"{name} served again {_when(light)} after the key was enabled", about=times.lane)
    elif light is not None and light.old_until_s > limit.total_seconds():
        yield broken(
            f"{name} still refused {_s(light.old_until_s)} after the key was enabled; the limit is {spell(limit)}",
            about=times.lane,
        )
    elif light is not None and light.new_after_s is not None and light.new_after_s <= limit.total_seconds():
        yield holds(
            f"{name} served again {_when(light)} after the key was enabled; the limit is {spell(limit)}",
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
}
