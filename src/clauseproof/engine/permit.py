"""No permission, no look: whether the profile lets a probe look at a subject now."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from clauseproof.model.permission import Permission
from clauseproof.model.profile import Grant
from clauseproof.model.subject import Subject
from clauseproof.model.units import day_ends
from clauseproof.model.unseen import Reason, Unseen


@dataclass(frozen=True)
class Gate:
    """The run's leave: the profile's grant, the run's time, and whether drills were asked for."""

    grant: Grant | None
    now: datetime
    drills: bool

    def refusal(self, permission: Permission, subject: Subject, name: str) -> Unseen | None:
        """None where the look may be made, else an Unseen with the line of the profile that is missing."""
        if permission is Permission.DRILL and not self.drills:
            return Unseen(
                reason=Reason.NOT_ASKED,
                text=f"{name} was not drilled: drills change state and were not asked for",
                remedy="run again with --drills",
            )
        if permission.always:
            return None
        return self._granted(permission, subject, name)

    def permits(self, host: str) -> bool:
        """Whether the grant names a host or address, today."""
        return self.grant is not None and self.grant.valid.covers(self.now) and covers(self.grant, host)

    @property
    def until(self) -> datetime | None:
        """When the grant ends; None where there is none."""
        return None if self.grant is None else day_ends(self.grant.valid.to)

    @property
    def classes(self) -> tuple[Permission, ...]:
        """All classes of looks that may be made today."""
        granted = self.grant.allows if self.grant and self.grant.valid.covers(self.now) else ()
        allowed = {p for p in Permission if p.always or p in granted}
        if not self.drills:
            allowed.discard(Permission.DRILL)
        return tuple(p for p in Permission if p in allowed)

    def _granted(self, permission: Permission, subject: Subject, name: str) -> Unseen | None:
        grant = self.grant
        if grant is None:
            line = f"permission: {{granted_by: ..., valid: {{from: ..., to: ...}}, allows: [{permission}]}}"
            return _refused(f"the profile has no permission for looks of class {permission} at {name}", f"add {line}")
        if not grant.valid.covers(self.now):
            last = (day_ends(grant.valid.to) - timedelta(days=1)).date()
            dates = f"runs from {grant.valid.from_} to {last}; this is {self.now:%Y-%m-%d}"
            text = f"the permission of {grant.granted_by} {dates}"
            return _refused(text, "ask for a new one and change permission.valid")
        if permission not in grant.allows:
            text = f"the permission of {grant.granted_by} does not allow looks of class {permission} at {name}"
            return _refused(text, f"add {permission} to permission.allows")
        outside = [host for host in subject.hosts() if not covers(grant, host)]
        if outside:
            text = f"the permission of {grant.granted_by} does not cover {', '.join(outside)}"
            return _refused(text, f"add {', '.join(outside)} to permission.hosts")
        return None


def covers(grant: Grant, host: str) -> bool:
    """Whether a grant's hosts name a host: itself, a `*.suffix`, or a network that holds the address."""
    address = _address(host)
    return any(_matches(entry, host, address) for entry in grant.hosts)


def _matches(entry: str, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    pattern, name = entry.rstrip(".").lower(), host.rstrip(".").lower()
    return name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]) and name != pattern[2:])


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _refused(text: str, remedy: str) -> Unseen:
    return Unseen(reason=Reason.NOT_PERMITTED, text=text, remedy=remedy)
