"""MTA-STS policies: what a domain asks of those who send it mail (RFC 8461)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_AGE_S = 31557600


@dataclass(frozen=True)
class Policy:
    """Mode (`enforce`, `testing`, `none`), patterns of exchangers, and for how many seconds senders remember it."""

    mode: str
    patterns: tuple[str, ...]
    max_age_s: int

    def covers(self, host: str) -> bool:
        """Whether an exchanger is one of the policy's (section 4.1): a wildcard stands for one whole label."""
        name = host.lower().rstrip(".")
        return name in self.patterns or f"*.{name.partition('.')[2]}" in self.patterns


def announcements(records: Iterable[str]) -> tuple[str, ...]:
    """Of the TXT records at `_mta-sts` those that count, whether well-formed or not (section 3.1)."""
    return tuple(record for record in records if record.startswith("v=STSv1;"))


def policy_id(record: str) -> str:
    """The id of an announcement; ValueError where it has none."""
    fields = [field.strip() for field in record.split(";")]
    ids = [field.partition("=")[2].strip() for field in fields if field.partition("=")[0].strip() == "id"]
    if len(ids) != 1 or not re.fullmatch(r"[A-Za-z0-9]{1,32}", ids[0]):
        raise ValueError("it has no id of letters and digits")
    return ids[0]


def read_policy(text: str) -> Policy:
    """Read a policy (section 3.2); ValueError where senders ignore it. Of a key that comes twice the first counts."""
    found: dict[str, str] = {}
    patterns: list[str] = []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon:
            raise ValueError(f"{line.strip()[:80]!r} is no line of a policy")
        if key.strip() == "mx":
            patterns.append(_pattern(value.strip()))
        else:
            found.setdefault(key.strip(), value.strip())
    if found.get("version") != "STSv1":
        raise ValueError("its version is not STSv1")
    if found.get("mode") not in ("enforce", "testing", "none"):
        raise ValueError(f"its mode is {found.get('mode', 'missing')[:40]!r}")
    if not patterns and found["mode"] != "none":
        raise ValueError("it names no mx")
    return Policy(found["mode"], tuple(patterns), _max_age_s(found.get("max_age", "")))


def _pattern(value: str) -> str:
    pattern = value.lower().rstrip(".")
    if not re.fullmatch(r"(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", pattern):
        raise ValueError(f"its mx {value[:80]!r} is no host name")
    return pattern


def _max_age_s(digits: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", digits) or int(digits) > _LONGEST_AGE_S:
        raise ValueError(f"its max_age is {digits[:40]!r}, no number of seconds up to {_LONGEST_AGE_S}")
    return int(digits)
