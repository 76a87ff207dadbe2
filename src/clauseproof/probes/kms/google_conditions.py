"""The conditions of IAM bindings that can be decided without interpreting CEL. Pure.

Two shapes, and several of them joined by `&&`: `request.time` compared with a timestamp, which says when a binding
holds, and the beginning of `resource.name`, which says for what (IAM documentation, "Attribute reference for IAM
Conditions"). Names of Cloud KMS are written with the project's id there. A condition with anything else in it is left
undecided as a whole.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce

LONGEST = 2000
"""Characters of a condition that are looked at."""

_TEXT = r"""(?:"[^"'\\&]{1,512}"|'[^"'\\&]{1,512}')"""
_TIME = re.compile(rf"request\.time\s*(<=|<|>=|>)\s*timestamp\(\s*({_TEXT})\s*\)")
_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_PREFIX = re.compile(rf"resource\.name\.startsWith\(\s*({_TEXT})\s*\)")
_EQUAL = re.compile(rf"resource\.name\s*==\s*({_TEXT})")
_SHARING = {"organizations": "resourcemanager.organizations.*", "folders": "resourcemanager.folders.*"}


@dataclass(frozen=True)
class Scope:
    """What a condition leaves of a binding.

    Attributes:
        void: it never holds for the key nor for what the key lies in.
        starts, ends: when it holds; None where without limit.
        but: operations, as patterns, that it does not hold for.
    """

    void: bool = False
    starts: datetime | None = None
    ends: datetime | None = None
    but: tuple[str, ...] = ()

    def and_(self, other: "Scope") -> "Scope":
        """What both leave."""
        return Scope(
            self.void or other.void,
            max(filter(None, (self.starts, other.starts)), default=None),
            min(filter(None, (self.ends, other.ends)), default=None),
            tuple(dict.fromkeys((*self.but, *other.but))),
        )


def decide(expression: str, key: str) -> Scope | None:
    """What a condition leaves of a binding for `key`, a full resource name; None where that is not decided here."""
    if len(expression) > LONGEST:
        return None
    scopes = [_atom(part.strip(), key) for part in expression.split("&&")]
    known = [scope for scope in scopes if scope is not None]
    return reduce(Scope.and_, known) if len(known) == len(scopes) else None


def _atom(text: str, key: str) -> Scope | None:
    time = _TIME.fullmatch(text)
    if time is not None:
        return _dated(time[1], time[2][1:-1])
    prefix = _PREFIX.fullmatch(text)
    if prefix is not None:
        return _below(prefix[1][1:-1], key)
    equal = _EQUAL.fullmatch(text)
    return _named(equal[1][1:-1], key) if equal is not None else None


def _dated(comparison: str, text: str) -> Scope | None:
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Scope(ends=moment) if comparison.startswith("<") else Scope(starts=moment)


def _below(prefix: str, key: str) -> Scope | None:
    """Bindings for names that begin so. What only begins like the key's versions is left undecided."""
    if key.startswith(prefix):
        return Scope(but=tuple(_unnamed(prefix, key)))
    return _elsewhere(prefix, key)


def _named(name: str, key: str) -> Scope | None:
    """Bindings for one name. Which operations go by the key's own name alone is not told: undecided."""
    return None if key == name or key.startswith(f"{name}/") else _elsewhere(name, key)


def _elsewhere(name: str, key: str) -> Scope | None:
    """A name that is neither the key's nor that of anything above or below; one by the project's number may be."""
    project = "/".join(key.split("/")[:2])
    if name.startswith(f"{key}/") or not name.startswith(f"{project}/"):
        return None
    return Scope(void=True)


def _unnamed(prefix: str, key: str) -> Iterable[str]:
    """Operations on what the key lies in, where that does not begin so."""
    yield from _SHARING.values()
    if not "/".join(key.split("/")[:2]).startswith(prefix):
        yield "resourcemanager.projects.*"
    if not key.partition("/cryptoKeys/")[0].startswith(prefix):
        yield "cloudkms.keyRings.*"
