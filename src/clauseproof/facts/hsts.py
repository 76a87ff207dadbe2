"""HTTP Strict Transport Security: what the field of a response says (RFC 6797)."""

import re
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:=[ \t]*(\"(?:[^\"\\]|\\.)*\"|[^\s\";,]+)[ \t]*)?")
_LONGEST_AGE_S = 10**10


@dataclass(frozen=True)
class Policy:
    """For how many seconds clients shall use https only, for subdomains too, and whether browsers may preload that."""

    max_age_s: int
    subdomains: bool
    preload: bool


def read_policy(text: str) -> Policy:
    """Read a Strict-Transport-Security field as clients do (section 6.1); ValueError where they ignore it."""
    found: dict[str, str | None] = {}
    for part in _parts(text):
        match = _DIRECTIVE.fullmatch(part)
        if match is None:
            raise ValueError(f"{part.strip()[:80]!r} is no directive")
        name = match[1].lower()
        if name in found:
            raise ValueError(f"the directive {name[:80]} stands in it twice")
        found[name] = match[2]
    return Policy(_max_age_s(found), "includesubdomains" in found, "preload" in found)


def _parts(text: str) -> list[str]:
    """The directives between semicolons; those inside quotes separate nothing."""
    parts = re.findall(r"(?:\"(?:[^\"\\]|\\.)*\"|[^;\"]|\")+", text)
    return [part for part in parts if part.strip()]


def _max_age_s(found: dict[str, str | None]) -> int:
    if "max-age" not in found:
        raise ValueError("it has no max-age")
    digits = (found["max-age"] or "").strip('"')
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"its max-age is {digits[:40]!r}, no number of seconds")
    return int(digits) if len(digits) < len(str(_LONGEST_AGE_S)) else _LONGEST_AGE_S
