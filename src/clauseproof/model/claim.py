"""One checkable statement inside a clause."""

import re

from clauseproof.model.frozen import Frozen


class Claim(Frozen):
    """Base of all claims. The fields are what a profile may write, the docstring is the documentation."""


def kebab(name: str) -> str:
    """`TlsFloor` as the profile writes it: `tls-floor`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
