"""An AWS key policy as admissions. Pure: JSON in, what it says out; what cannot be read is said, never guessed."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clauseproof.facts.keyaccess import EVERYONE, Admission, Level
from clauseproof.facts.keyrights import matches
from clauseproof.model.errors import EvidenceRejected

LONGEST_POLICY = 64 * 1024
"""Characters; AWS allows 32 KiB (KMS developer guide, "Resource quotas")."""
MOST_STATEMENTS = 1000
LONGEST_NAME = 2048
_SHOWN = 300

_ACCOUNT_KEYS = frozenset({"kms:calleraccount", "aws:principalaccount"})
_ARN_KEYS = frozenset({"aws:principalarn"})
_POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_NARROWING = re.compile(
    r"(kms:(encryptioncontext(:.*|keys)?|viaservice|grantoperations|grantconstrainttype|granteeprincipal"
    r"|grantisforawsresource|encryptionalgorithm|reencryptonsamekey|requestalias|resourcealiases"
    r"|recipientattestation:.*)|aws:(sourceip|sourcevpc|sourcevpce|vpcsourceip|securetransport|multifactorauthpresent"
    r"|multifactorauthage))"
)
_ACCOUNT = re.compile(r"\d{12}")


def read_policy(text: str, key_arn: str) -> tuple[Admission, ...]:
    """Every statement that speaks of the key. Raises EvidenceRejected for a policy that is none."""
    try:
        if len(text) > LONGEST_POLICY:
            raise ValueError(f"it has {len(text)} characters")
        statements = _several(json.loads(text)["Statement"], dict)
        if len(statements) > MOST_STATEMENTS:
            raise ValueError(f"it has {len(statements)} statements")
        return tuple(
            _admission(number, raw, partition_of(key_arn))
            for number, raw in enumerate(statements, 1)
            if _about(raw, key_arn)
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceRejected(
            f"the key policy of {key_arn} cannot be read: {_short(str(error))}", "look at it in the AWS console"
        ) from error


def partition_of(arn: str) -> str:
    """The partition of an ARN."""
    return arn.split(":")[1]


def _admission(number: int, raw: Mapping[str, Any], partition: str) -> Admission:
    effect = raw["Effect"]
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"statement {number} has the effect {effect!r}")
    others = "NotPrincipal" in raw
    actions, but = (_words(raw["Action"]), ()) if "Action" in raw else ((EVERYONE,), _words(raw["NotAction"]))
    confined, narrowed, unclear = _conditions(raw.get("Condition", {}), partition)
    name = raw.get("Sid")
    return Admission(
        where=f"key policy, statement {number}" + (f" ({_short(name)})" if isinstance(name, str) and name else ""),
        level=Level.KEY,
        allows=effect == "Allow",
        principals=tuple(_principals(raw["NotPrincipal" if others else "Principal"], partition)),
        others=others,
        spared=(),
        operations=actions,
        but=but,
        confined_to=confined,
        narrowed_by=narrowed,
        depends_on=unclear,
        starts=None,
        ends=None,
    )


def _about(raw: Mapping[str, Any], key_arn: str) -> bool:
    """In a key policy `*` is the key itself (KMS developer guide, "Key policies")."""
    if "NotResource" in raw:
        return not any(matches(pattern, key_arn) for pattern in _words(raw["NotResource"]))
    return any(matches(pattern, key_arn) for pattern in _words(raw.get("Resource", EVERYONE)))


def _principals(raw: Any, partition: str) -> Iterator[str]:
    """An account's number and its root name the same: everyone whom the account lets."""
    groups = {"AWS": raw} if isinstance(raw, str) else raw
    for names in _mapping(groups).values():
        for name in _words(names):
            yield account_root(name, partition) if _ACCOUNT.fullmatch(name) else name


def account_root(account: str, partition: str) -> str:
    """How a policy names a whole account."""
    return f"arn:{partition}:iam::{account}:root"


def _conditions(raw: Any, partition: str) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...], tuple[str, ...]]:
    confined: list[tuple[str, ...]] = []
    narrowed: list[str] = []
    unclear: list[str] = []
    for operator, tests in _mapping(raw).items():
        for key, value in _mapping(tests).items():
            values = tuple(_condition_values(value))
            who = _callers(operator.lower(), key.lower(), values, partition)
            if who is not None:
                confined.append(who)
            elif _NARROWING.fullmatch(key.lower()):
                narrowed.append(_spelled(operator, key, values))
            else:
                unclear.append(_spelled(operator, key, values))
    return tuple(confined), tuple(narrowed), tuple(unclear)


def _callers(operator: str, key: str, values: tuple[str, ...], partition: str) -> tuple[str, ...] | None:
    """Whom a condition confines the callers to; None where it says something else."""
    if operator not in _POSITIVE:
        return None
    if key in _ACCOUNT_KEYS and all(_ACCOUNT.fullmatch(value) for value in values):
        return tuple(account_root(value, partition) for value in values)
    return values if key in _ARN_KEYS else None


def _spelled(operator: str, key: str, values: Iterable[str]) -> str:
    return _short(f"{operator} {key} {', '.join(values)}")


def _condition_values(raw: Any) -> Iterator[str]:
    for value in raw if isinstance(raw, list) else [raw]:
        if isinstance(value, (dict, list)):
            raise TypeError("a condition's value is nested")
        yield str(value)


def _several(raw: Any, kind: type) -> list[Any]:
    items = raw if isinstance(raw, list) else [raw]
    if not all(isinstance(item, kind) for item in items):
        raise TypeError(f"it holds something else than {kind.__name__}s")
    return items


def _words(raw: Any) -> tuple[str, ...]:
    words = _several(raw, str)
    if any(len(word) > LONGEST_NAME for word in words):
        raise ValueError(f"a name in it has more than {LONGEST_NAME} characters")
    return tuple(words)


def _mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise TypeError("it holds something else than a mapping")
    return raw


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
