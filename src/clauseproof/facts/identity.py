"""The certificate with which our own client may show itself."""

from clauseproof.model.frozen import Frozen
from clauseproof.model.secret import SecretRef


class Identity(Frozen):
    """A client certificate that the vendor accepts.

    Attributes:
        certificate: file with the certificate, and those above it that the server may need; PEM, relative to the
            profile.
        key: its private key, PEM without a pass phrase, by reference (`${file:client.key}`).
    """

    certificate: str
    key: SecretRef
