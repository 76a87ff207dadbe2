"""The jurisdictions: those shipped, or a file of the user's that takes their place.

A file maps each name to `reference` (the law), `members` (`{code: AT, from: 1995-01-01, to: ...}`, both days included,
either may be absent) and `includes` (other names of the file, whose members it has too).
"""

from importlib import resources
from pathlib import Path

from clauseproof.model.errors import LookFailed
from clauseproof.model.frozen import Frozen
from clauseproof.model.jurisdiction import Atlas, Jurisdiction, Member
from clauseproof.profile.files import DiskFiles
from clauseproof.profile.problem import Problems, quote
from clauseproof.profile.tree import MAX_BYTES, Node, parse
from clauseproof.profile.validation import validate

SHIPPED = "jurisdictions.yaml"


class _Entry(Frozen):
    """A jurisdiction as it is written."""

    reference: str
    includes: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()


def load_atlas(path: Path | None = None) -> tuple[Atlas, bytes]:
    """The jurisdictions of a file, or those shipped, and the bytes they were read from.

    ProfileErrors, with file, line and column, if they are wrong.
    """
    if path is None:
        data = resources.files("clauseproof.profile").joinpath(SHIPPED).read_bytes()
        return read_atlas(data, SHIPPED), data
    try:
        data = DiskFiles(path.parent).read(path.name, MAX_BYTES)
    except LookFailed as error:
        raise Problems(str(path)).fatal((1, 1), error.what, "name a jurisdictions file") from error
    return read_atlas(data, str(path)), data


def read_atlas(data: bytes, name: str) -> Atlas:
    """The jurisdictions written in `data`; `name` is what errors call it. ProfileErrors if they are wrong."""
    problems = Problems(name)
    root = parse(data, problems)
    entries = {key: validate(_Entry, node, problems) for key, node in root.members()}
    for key, node in root.members():
        _check_days(node, entries[key], problems)
        _check_includes(key, node, root, problems)
    problems.raise_any()
    whole = {key: entry for key, entry in entries.items() if entry is not None}
    return Atlas(
        Jurisdiction(name=key, reference=entry.reference, members=_members(key, whole)) for key, entry in whole.items()
    )


def _members(key: str, entries: dict[str, _Entry]) -> tuple[Member, ...]:
    included = [member for name in entries[key].includes for member in _members(name, entries)]
    return (*included, *entries[key].members)


def _check_days(node: Node, entry: _Entry | None, problems: Problems) -> None:
    for index, member in enumerate(entry.members if entry else ()):
        if member.from_ and member.to and member.to < member.from_:
            spot = node.at(["members", index, "to"]).spot
            problems.add(spot, f"{member.code} ends on {member.to}, before it starts on {member.from_}")


def _check_includes(key: str, node: Node, root: Node, problems: Problems) -> None:
    included = node.get("includes")
    for entry in included.entries() if included else ():
        if entry.text is None:
            continue
        if root.get(entry.text) is None:
            what = f"{quote(entry.text)} is no jurisdiction of this file"
            problems.add(entry.spot, what, value=entry.text, choices=[name for name, _ in root.members()])
        elif _reaches(entry.text, key, root):
            problems.add(entry.spot, f"{quote(key)} includes itself through {quote(entry.text)}", value=entry.text)


def _reaches(start: str, goal: str, root: Node) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        node = root.get(name)
        included = node.get("includes") if node and name not in seen else None
        seen.add(name)
        waiting += [entry.text for entry in (included.entries() if included else ()) if entry.text]
    return False
