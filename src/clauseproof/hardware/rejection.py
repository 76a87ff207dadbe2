"""How evidence is refused: where the fault lies, what it is, and what would mend it."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import DuplicateExtension, InvalidVersion, UnsupportedGeneralNameType

from clauseproof.model.errors import EvidenceRejected

UNREADABLE = (
    ArithmeticError,
    LookupError,  # a name with a string type that X.509 does not have
    TypeError,
    ValueError,
    Warning,  # where the interpreter was told to raise them
    DuplicateExtension,
    InvalidVersion,
    UnsupportedAlgorithm,
    UnsupportedGeneralNameType,
)
"""What `cryptography` raises for bytes that it cannot read."""

_LONGEST = 200


def rejected(where: str, reason: str, remedy: str = "") -> EvidenceRejected:
    """The error to raise for bytes that are not what they should be.

    Args:
        where: the file and the field, offset or certificate, such as `key.pem, extension 1.3.6.1.4.1.41482.4.3`.
        reason: what is wrong there, as the end of a sentence.
        remedy: what whoever holds the evidence should hand in instead.
    """
    return EvidenceRejected(f"{where}: {reason}", remedy)


def printable(text: object) -> str:
    """Somebody else's text for a sentence of ours: at most 200 characters, everything unprintable escaped."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(text)[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
