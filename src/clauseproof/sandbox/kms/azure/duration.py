"""ISO 8601 durations as rotation policies use them. Source: Key Vault REST reference, `KeyRotationPolicyAttributes`."""

import re
from datetime import timedelta
from typing import Final

from clauseproof.sandbox.kms.azure.errors import bad_parameter

_FORM: Final = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})D)?")


def parse_duration(text: str) -> timedelta:
    """Years of 365 and months of 30 days. Raises `AzureError` for anything but `P[n]Y[n]M[n]D` of at least a day."""
    form = _FORM.fullmatch(text)
    years, months, days = (int(part or 0) for part in form.groups()) if form else (0, 0, 0)
    total = 365 * years + 30 * months + days
    if total == 0:
        raise bad_parameter(f"{text[:40]} is not a duration of the form P90D, P3M or P2Y.")
    return timedelta(days=total)
