"""Key custody and rotation: what the provider's control plane says of the customer's keys."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import Field

from clauseproof import Assurance, Case, Claim, Duration, Finding, broken, check, holds, note, spell, unknown
from clauseproof.facts import keys
from clauseproof.facts.keys import KeyState, Manager, Origin, Provider, Schedule

_PROJECT = r"([a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
_TENANT = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class CustomerManagedKey(Claim):
    """The key belongs to the customer's own account and is managed by the customer, not by the provider.

    `owner_account` is the customer's AWS account (12 digits), Google Cloud project (its id) or Microsoft Entra tenant
    (its id, lower case). That the vendor really encrypts under this key is shown by `revocation-drill`, not here. Whose
    a key service of the customer's own is, the profile alone says (`owner`); that the vendor asks it, its log shows.
    """

    owner_account: str = Field(pattern=rf"^(\d{{12}}|{_PROJECT}|{_TENANT})$")


@check("customer-managed-key")
def customer_managed_key(claim: CustomerManagedKey, custody: keys.Custody) -> Iterator[Finding]:
    owner = f"{_OWNERS[custody.provider]} {custody.owner}"
    if custody.owner == claim.owner_account:
        yield holds(f"The key belongs to {owner}", _STATED if custody.provider is Provider.KEY_SERVICE else None)
    else:
        yield broken(f"The key belongs to {owner}, not to {claim.owner_account}")
    if custody.manager is Manager.CUSTOMER:
        yield holds(f"The key is managed by the customer; its material is {_ORIGINS[custody.origin]}")
    elif custody.manager is Manager.PROVIDER:
        yield broken("The key is managed by the provider for a service, not by the customer")
    else:
        yield unknown("The provider does not say who manages the key. To settle it: its console")
    if custody.state is not KeyState.ENABLED:
        yield note(f"The key is {custody.state} at present")


class RotationSchedule(Claim):
    """The key is rotated at least once in every period, and the last rotation really happened within it.

    The date of the last rotation decides, by schedule or on demand. A key that was not rotated yet, because it is
    younger than `every`, needs a schedule that will rotate it in time. Keys that are rotated by being replaced are
    judged by their age. With `automatic`, the schedule itself is part of the promise.
    """

    every: Duration
    automatic: bool = False


@check("rotation-schedule")
def rotation_schedule(
    claim: RotationSchedule, custody: keys.Custody, rotation: keys.Rotation, case: Case
) -> Iterator[Finding]:
    if claim.automatic:
        yield _scheduled(claim, rotation)
    if custody.origin is Origin.EXTERNAL_KEY_STORE:
        yield unknown(
            "The material lies outside the provider, which does not see its rotations. "
            "To settle it: the rotation record of the external key store"
        )
    elif rotation.last is not None:
        yield from _rotated(claim, rotation, rotation.last, case.now)
    else:
        yield from _never_rotated(claim, custody, rotation, case.now)
    if custody.state is not KeyState.ENABLED:
        yield note(f"The key is {custody.state} at present, and such a key does not rotate")


def _rotated(
    claim: RotationSchedule, rotation: keys.Rotation, last: keys.RotationEvent, now: datetime
) -> Iterator[Finding]:
    due = last.at + claim.every
    how = _HOW[last.automatic]
    if now < due:
        yield holds(f"Last rotated on {last.at:%Y-%m-%d}{how}, within {spell(claim.every)}", until=due)
        if not _carries(claim, rotation):
            yield note(f"{_shown(rotation).capitalize()}: somebody must rotate the key again by {due:%Y-%m-%d}")
    else:
        yield _overdue(claim, rotation, due, now, f"Last rotated on {last.at:%Y-%m-%d}{how}")


def _never_rotated(
    claim: RotationSchedule, custody: keys.Custody, rotation: keys.Rotation, now: datetime
) -> Iterator[Finding]:
    if custody.created is None:
        yield unknown("When the key was made is not known. To settle it: the record of its making")
        return
    due = custody.created + claim.every
    made = f"Made on {custody.created:%Y-%m-%d}"
    if now >= due and custody.origin is Origin.IMPORTED:
        yield unknown(
            f"{made} and never rotated, but when its material was imported is not shown. "
            "To settle it: the log entry of the import"
        )
    elif now >= due:
        yield _overdue(claim, rotation, due, now, f"{made} and never rotated since")
    elif rotation.events is None:
        yield holds(f"{made}; a key of this kind is rotated by being replaced", until=due)
    elif _carries(claim, rotation):
        yield holds(f"{made}, younger than {spell(claim.every)}; {_shown(rotation)}", until=due)
    else:
        yield unknown(
            f"{made} and not rotated yet; {_shown(rotation)}, so nothing shows that it will be rotated by "
            f"{due:%Y-%m-%d}. To settle it: a schedule, a rotation, or a look after that day"
        )


def _overdue(claim: RotationSchedule, rotation: keys.Rotation, due: datetime, now: datetime, what: str) -> Finding:
    limit = spell(claim.every)
    if _carries(claim, rotation) and now - due < timedelta(days=1):
        return unknown(
            f"{what}; it is due since {due:%Y-%m-%d %H:%M} UTC, and a schedule is on. To settle it: look again tomorrow"
        )
    return broken(f"{what}, {spell(now - due)} longer ago than the {limit} allowed; {_shown(rotation)}")


def _scheduled(claim: RotationSchedule, rotation: keys.Rotation) -> Finding:
    if rotation.schedule is Schedule.ON and rotation.period_days is None:
        return unknown("A schedule is on, and the provider does not say with which period. To settle it: its console")
    if _carries(claim, rotation):
        return holds(_shown(rotation).capitalize())
    return broken(f"{_shown(rotation).capitalize()}; the clause requires a schedule of {spell(claim.every)} or shorter")


def _carries(claim: RotationSchedule, rotation: keys.Rotation) -> bool:
    """Whether the schedule alone keeps the promise."""
    if rotation.schedule is not Schedule.ON or rotation.period_days is None:
        return False
    return timedelta(days=rotation.period_days) <= claim.every


def _shown(rotation: keys.Rotation) -> str:
    if rotation.schedule is Schedule.UNSUPPORTED:
        return "a key of this kind does not rotate by itself"
    if rotation.schedule is Schedule.OFF:
        return "no schedule is on"
    period = "an unknown period" if rotation.period_days is None else f"{rotation.period_days:g} days"
    following = f", next on {rotation.next_due:%Y-%m-%d}" if rotation.next_due else ""
    return f"it rotates by itself every {period}{following}"


_STATED = Assurance.STATED
_HOW = {True: " by schedule", False: " on demand", None: ""}
_OWNERS = {
    Provider.AWS: "account",
    Provider.GOOGLE: "project",
    Provider.AZURE: "tenant",
    Provider.KEY_SERVICE: "the profile's owner",
}
_ORIGINS = {
    Origin.PROVIDER_MADE: "made by the provider",
    Origin.IMPORTED: "imported by the customer",
    Origin.EXTERNAL_KEY_STORE: "in an external key store",
    Origin.HSM_CLUSTER: "in an HSM cluster of the customer's",
    Origin.SINGLE_TENANT_HSM: "in a single-tenant HSM",
    Origin.FETCHED: "in a key service of the customer's own, from which the log shows that the vendor fetches it",
    Origin.OPENS_DATA_KEYS: "in a key service of the customer's own, which the log shows that the vendor asks",
    Origin.UNKNOWN: "of an origin that the provider does not name",
}
