"""The prober called as the engine would call it, and its answers in short."""

import asyncio
from dataclasses import dataclass, field

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.hello import AddressOffers, Answers, Decision, Offers
from clauseproof.model.look import Look
from clauseproof.probes.hello.offers import offers
from tests.support.looks import resolved


@dataclass
class Kept:
    """A ledger's place for artifacts."""

    artifacts: list[bytes] = field(default_factory=list)

    def __call__(self, data: bytes) -> str:
        self.artifacts.append(data)
        return f"sha256:{len(self.artifacts)}"


def offered(endpoint: Endpoint, look: Look | None = None) -> Offers:
    """What the prober sees of an endpoint."""
    return asyncio.run(offers(endpoint, resolved(endpoint), look or Look(keep=Kept())))


def answers(facts: Offers, address: str = "127.0.0.1") -> Answers:
    """What one address said."""
    (seen,) = [one for one in facts.per_address if one.address == address]
    assert isinstance(seen.answers, Answers), seen.answers
    return seen.answers


def only(facts: Offers) -> AddressOffers:
    (seen,) = facts.per_address
    return seen


def decisions(found: Answers) -> str:
    """A letter for each version from SSL 3.0 to TLS 1.3: accepted, refused, unknown."""
    return "".join(version.decision[0] for version in found.versions)


def groups(found: Answers, decision: Decision | None) -> set[int]:
    """The groups with a decision."""
    return {group.group for group in found.groups if group.decision is decision}
