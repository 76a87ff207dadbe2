"""Who may use a key, in the words of the policies that say so."""

import enum
from typing import Any

from pydantic import AwareDatetime

from clauseproof.facts.keys import Provider
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen

EVERYONE = "*"


class Level(enum.StrEnum):
    """How far from the key a policy lies."""

    KEY = "key"
    """The key's own policy, and its grants."""
    ABOVE = "above"
    """What the key inherits: from its key ring, project, folders, organisation; from a vault, subscription, group."""


class Admission(Frozen):
    """One statement, grant or binding: whom it lets in or keeps out, and to do what.

    Attributes:
        where: which policy, and which part of it.
        allows: False for one that keeps out, which always wins.
        principals: in the provider's words; `*` is everyone in the world.
        others: True if it speaks of everybody but these principals.
        spared: of those it speaks of, whom it leaves out again.
        operations: the provider's names, with `*` and `?` as it understands them; None where a role could not be read.
        but: operations that are left out.
        confined_to: where a condition confines the callers, patterns of who they may be; several conditions hold at
            once, each with its alternatives.
        narrowed_by: conditions that narrow how a principal may use the key, and keep no principal out altogether.
        depends_on: conditions that were not evaluated, and may keep out anybody.
        starts, ends: when a condition lets it begin and end; None where it was always, or will ever be.
    """

    where: str
    level: Level
    allows: bool
    principals: tuple[str, ...]
    others: bool
    spared: tuple[str, ...]
    operations: tuple[str, ...] | None
    but: tuple[str, ...]
    confined_to: tuple[tuple[str, ...], ...]
    narrowed_by: tuple[str, ...]
    depends_on: tuple[str, ...]
    starts: AwareDatetime | None
    ends: AwareDatetime | None


class Gap(Frozen):
    """A policy that may let somebody in, or of a kind that only keeps out, and was not seen."""

    level: Level
    keeps_out: bool
    unseen: Unseen


class Access(Facts):
    """Everything that was seen to let somebody use the key.

    Attributes:
        looked_at: the policies and lists that were read, whether anything stands in them or not.
    """

    kind = "keys.access"
    version = 2
    ceiling = Assurance.REPORTED

    provider: Provider
    looked_at: tuple[str, ...]
    admissions: tuple[Admission, ...]
    gaps: tuple[Gap, ...]

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 had conditions of time as text, and looked at no policies that only keep out."""
        if written != 1:
            return super().upgrade(written, data)
        more: dict[str, Any] = {"spared": [], "starts": None, "ends": None}
        admissions = [{**admission, **more} for admission in data["admissions"]]
        return {**data, "admissions": admissions, "gaps": [{**gap, "keeps_out": False} for gap in data["gaps"]]}
