"""A profile as it is written, before subjects and claims are typed by the registry."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from clauseproof.model.assurance import Assurance, AssuranceField
from clauseproof.model.frozen import Frozen
from clauseproof.model.profile import (
    Anchors,
    ContractFile,
    Dataset,
    Grant,
    Network,
    Population,
    Remedy,
    Sources,
    Untested,
    Waiver,
)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""What a profile calls a subject or dataset."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
"""A text that says something."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\n]{1,200}$")]
"""A text of one line."""


class ClauseDraft(Frozen):
    """A numbered promise of the contract.

    Attributes:
        promise: the contract's own words; they must occur in one of its documents.
        tier: weight from 1 (heaviest) to 3.
        assurance: how strong the proof of its claims must be.
        claims: one claim kind each, with `where` (subjects), `words` (of the promise) and the claim's own keys.
        untested: words of the promise that nothing tests, and why.
    """

    id: Line
    title: str = ""
    promise: Words
    tier: int = Field(ge=1, le=3)
    assurance: AssuranceField = Assurance.STATED
    remedy: Remedy | None = None
    claims: tuple[Any, ...] = ()
    untested: tuple[Untested, ...] = ()


class Draft(Frozen):
    """One vendor deployment: what was promised, about which parts of it, and what may be tried.

    Attributes:
        contract: its documents, highest precedence first.
        operator: who runs the tests.
        permission: who allowed which looks; without it only `connect` and `own-account` are made.
        subjects: the parts of the deployment by name, each with one word that says what it is.
        waivers: deviations somebody accepted, until a day.
    """

    buyer: Line
    vendor: Line
    operator: Line | None = None
    contract: tuple[ContractFile, ...]
    permission: Grant | None = None
    network: Network = Network()
    sources: Sources = Sources()
    anchors: Anchors = Anchors()
    population: Population | None = None
    datasets: dict[Name, Dataset] = Field(default={})
    subjects: dict[Name, Any] = Field(default={})
    clauses: tuple[ClauseDraft, ...]
    waivers: tuple[Waiver, ...] = ()
