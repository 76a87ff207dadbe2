"""Writes a small deployment to disk and reads it back with the tiny family."""

from pathlib import Path

import pytest

from clauseproof.engine.registry import Registry
from clauseproof.model.profile import Profile
from clauseproof.profile.problem import Problem, ProfileErrors
from clauseproof.profile.read import Reading, read_profile
from tests.profile import family

CONTRACT = """# Carriage agreement

## 4.2 Delivery
Letters shall arrive **within two days** at every letter-
box of the Customer.

## 5.1 Birds
“Each bird shall know its way – at any time.”
"""

PROFILE = """\
buyer: Acme GmbH
vendor: Swift Post Ltd
contract:
  - {id: DPA, title: Carriage agreement, file: dpa.md, status: draft}
permission:
  granted_by: J. Doe
  valid: {from: 2026-11-16, to: 2026-11-27}
  hosts: [post.example, "*.post.example", 192.0.2.0/24]
  allows: [scan, drill]
network: {resolvers: ["127.0.0.1:5353"]}
datasets:
  mail: {classification: PII, must_stay_in: EU, impact: 4}
subjects:
  box: {letterbox: front door, holds: [mail], opened: 2026-01-31}
  pigeon: {bird: "pigeon:7"}
  owl: {bird: "owl:3"}
clauses:
  - id: DPA 4.2
    title: Delivery
    promise: Letters shall arrive within two days at every letterbox of the Customer.
    tier: 1
    assurance: observed
    remedy: {credit: 10%, per: month}
    claims:
      - letters-arrive: {where: [box], within: 2 days, words: within two days}
    untested:
      - {words: every letterbox, because: side doors cannot be seen}
  - id: DPA 5.1
    promise: '"Each bird shall know its way - at any time."'
    tier: 2
    claims:
      - bird-flies: {where: pigeon}
waivers:
  - {clause: DPA 5.1, claim: bird-flies, reason: moulting, approver: A. Ito, expires: 2026-12-31}
"""


def registry() -> Registry:
    """The tiny family, scanned."""
    made = Registry()
    made.scan(family)
    return made


def write(folder: Path, profile: str = PROFILE, contract: str | bytes = CONTRACT) -> Path:
    """The profile `post.yaml` with its contract beside it."""
    (folder / "dpa.md").write_bytes(contract.encode() if isinstance(contract, str) else contract)
    path = folder / "post.yaml"
    path.write_text(profile, encoding="utf-8")
    return path


def read(folder: Path, profile: str = PROFILE, contract: str | bytes = CONTRACT) -> Reading:
    """The reading of a profile."""
    return read_profile(write(folder, profile, contract), registry())


def accepted(folder: Path, profile: str) -> Profile:
    """A profile that must be accepted."""
    return read(folder, profile).profile


def problems(folder: Path, profile: str, contract: str | bytes = CONTRACT) -> tuple[Problem, ...]:
    """All problems of a profile that must be refused."""
    with pytest.raises(ProfileErrors) as refused:
        read(folder, profile, contract)
    return refused.value.problems


def told(found: tuple[Problem, ...]) -> list[str]:
    """Problems as `line:column: what; hint`, without the file's name."""
    return [str(problem).removeprefix(f"{problem.place.file}:") for problem in found]


def spoilt(folder: Path, old: str, new: str) -> tuple[str, list[str]]:
    """The place marked by `§` in the profile after `old` became `new`, and all problems found in that profile."""
    assert PROFILE.count(old) == 1
    before, _, after = PROFILE.replace(old, new).partition("§")
    lines = before.split("\n")
    return f"{len(lines)}:{len(lines[-1]) + 1}", told(problems(folder, before + after))
