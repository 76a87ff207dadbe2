"""Two vendors that sign almost the same contract: what each does, and what each says."""

from dataclasses import dataclass
from datetime import timedelta
from ssl import TLSVersion
from typing import Final

from clauseproof.sandbox.places import FRANKFURT, VIRGINIA, Site


@dataclass(frozen=True, kw_only=True)
class Stand:
    """One address of one host: the last octet, the oldest TLS version accepted there, where the address is listed."""

    host: str
    octet: int
    oldest: TLSVersion = TLSVersion.TLSv1_3
    site: Site = FRANKFURT


@dataclass(frozen=True, kw_only=True)
class KeyPast:
    """The customer key's history: ages of the key and of its rotations, and the schedule."""

    age: timedelta
    rotated: tuple[timedelta, ...] = ()
    period_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class Character:
    """One vendor.

    Attributes:
        slug: names its profile and its domain `<slug>.example`.
        network: the first three octets of its loopback addresses.
        keeps_data_keys_s: how long its service keeps a plain data key in memory.
        attachments_in_hsm: whether the key of attachments was made in an HSM, or in software.
        backup_strangers: principals that may use the key of backups, and of which the contract says nothing.
        exportable: whether its root key may leave the hardware security module.
        soc2_ended_months_ago: the age of its SOC 2 report, in whole months.
    """

    slug: str
    company: str
    network: str
    stands: tuple[Stand, ...]
    key: KeyPast
    keeps_data_keys_s: float
    attachments_in_hsm: bool
    backup_strangers: tuple[str, ...]
    exportable: bool
    soc2_ended_months_ago: int

    @property
    def domain(self) -> str:
        """Its domain; `example` is reserved for such use (RFC 2606)."""
        return f"{self.slug}.example"

    def address(self, stand: Stand) -> str:
        """A stand's full address."""
        return f"{self.network}.{stand.octet}"


ROTATED: Final = KeyPast(
    age=timedelta(days=400), rotated=tuple(timedelta(days=days) for days in (310, 220, 130, 40)), period_days=90
)
"""A key that is rotated every ninety days."""

HONEST: Final = Character(
    slug="plainword",
    company="Plainword CRM Ltd",
    network="127.20.1",
    stands=(Stand(host="api", octet=1), Stand(host="api", octet=2), Stand(host="files", octet=3)),
    key=ROTATED,
    keeps_data_keys_s=0,
    attachments_in_hsm=True,
    backup_strangers=(),
    exportable=False,
    soc2_ended_months_ago=4,
)
"""Keeps its word."""

OVERCLAIMING: Final = Character(
    slug="bigword",
    company="Bigword CRM Ltd",
    network="127.20.2",
    stands=(
        Stand(host="api", octet=1),
        Stand(host="api", octet=2, oldest=TLSVersion.TLSv1_2),
        Stand(host="files", octet=3, site=VIRGINIA),
    ),
    key=KeyPast(age=timedelta(days=900)),
    keeps_data_keys_s=3600,
    attachments_in_hsm=False,
    backup_strangers=("55555555-5555-5555-5555-555555555555",),
    exportable=True,
    soc2_ended_months_ago=15,
)
"""Promises as much and more."""
