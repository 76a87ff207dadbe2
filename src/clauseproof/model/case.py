"""What judging needs from the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.profile import Clause
from clauseproof.model.subject import Subject


@dataclass(frozen=True)
class TrustAnchors:
    """What the verdict trusts without proof.

    Attributes:
        tls: roots for TLS, PEM: the profile's own, and the public ones last.
        hsm: roots for hardware beyond the pinned ones, PEM.
        dnssec: DS or DNSKEY records, as master files.
    """

    tls: tuple[bytes, ...] = ()
    hsm: tuple[bytes, ...] = ()
    dnssec: tuple[bytes, ...] = ()

    @property
    def public(self) -> tuple[bytes, ...]:
        """The roots for TLS without the profile's own, which may be those of a proxy that opens connections."""
        return self.tls[-1:]


@dataclass(frozen=True)
class Case:
    """The circumstances of a judgement; the only source of "now" that a check has.

    Attributes:
        now: the run's time, or the date somebody asks about; aware, UTC.
        subjects: the subjects of the claim, by name.
    """

    now: datetime
    clause: Clause
    subjects: Mapping[str, Subject]
    atlas: Atlas = field(default_factory=lambda: Atlas(()))
    anchors: TrustAnchors = field(default_factory=TrustAnchors)

    def countries(self, jurisdiction: str) -> frozenset[str]:
        """The countries of a jurisdiction on the case's day."""
        return self.atlas.countries(jurisdiction, self.now.date())
