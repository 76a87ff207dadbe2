"""What a schema cannot say: names that must be unique, or known, or in order."""

from collections.abc import Iterable, Iterator

from clauseproof.model.units import parse_day
from clauseproof.profile.hosts import fault_of_host, fault_of_resolver
from clauseproof.profile.problem import Problems, quote
from clauseproof.profile.tree import Node


def check_rules(root: Node, problems: Problems) -> None:
    """Hold all rules against a profile; it may be one that the schema has faults to find in as well."""
    for section in ("contract", "clauses"):
        _not_empty(root, section, problems)
        _unique_ids(root, section, problems)
    _permission(root, problems)
    _resolvers(root, problems)
    _waivers(root, problems)


def _entries(root: Node, *path: str) -> list[Node]:
    node: Node | None = root
    for key in path:
        node = node.get(key) if node else None
    return node.entries() if node else []


def _not_empty(root: Node, section: str, problems: Problems) -> None:
    node = root.get(section)
    if node is not None and node.value == []:
        problems.add(node.spot, f"{section} is empty", advice="a profile needs a contract and clauses to test")


def _unique_ids(root: Node, section: str, problems: Problems) -> None:
    first: dict[str, Node] = {}
    for entry in _entries(root, section):
        node = entry.get("id")
        if node is None or node.text is None:
            continue
        earlier = first.setdefault(node.text, node)
        if earlier is not node:
            what = f"the id {quote(node.text)} stands here a second time, first in line {earlier.spot[0]}"
            problems.add(node.spot, what, value=node.text, advice="give each an id of its own")


def _permission(root: Node, problems: Problems) -> None:
    for host in _entries(root, "permission", "hosts"):
        if host.text is not None and (fault := fault_of_host(host.text)):
            problems.add(host.spot, fault, value=host.text)
    permission = root.get("permission")
    valid = permission.get("valid") if permission else None
    start, end = (valid.get("from"), valid.get("to")) if valid else (None, None)
    if start is None or end is None or start.text is None or end.text is None:
        return
    try:
        backwards = parse_day(end.text) < parse_day(start.text)
    except ValueError:
        return  # the schema says which day is none
    if backwards:
        what = f"the permission ends on {end.text}, before it starts on {start.text}"
        problems.add(end.spot, what, value=end.text)


def _resolvers(root: Node, problems: Problems) -> None:
    for resolver in _entries(root, "network", "resolvers"):
        if resolver.text is not None and (fault := fault_of_resolver(resolver.text)):
            problems.add(resolver.spot, fault, value=resolver.text)


def _waivers(root: Node, problems: Problems) -> None:
    kinds = {clause.text_of("id") or "": list(_kinds(clause)) for clause in _entries(root, "clauses")}
    for waiver in _entries(root, "waivers"):
        name, kind = waiver.get("clause"), waiver.get("claim")
        if name is not None and name.text is not None and name.text not in kinds:
            what = f"the waiver is for clause {quote(name.text)}, which this profile does not have"
            problems.add(name.spot, what, value=name.text, choices=kinds)
        elif name is not None and name.text and kind is not None and kind.text not in (None, *kinds[name.text]):
            what = f"clause {quote(name.text)} has no claim {quote(kind.text or '')} to waive"
            problems.add(kind.spot, what, value=kind.text, choices=kinds[name.text])
        for key in ("reason", "approver"):
            node = waiver.get(key)
            if node is not None and node.text is not None and not node.text.strip():
                problems.add(node.spot, f"a waiver needs its {key}")


def _kinds(clause: Node) -> Iterator[str]:
    claims: Iterable[Node] = _entries(clause, "claims")
    for claim in claims:
        yield from (kind for kind, _ in claim.members())
