"""Lets a TLS client of ours show the certificate that the profile names."""

import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from clauseproof.facts.identity import Identity
from clauseproof.model.errors import EvidenceRejected
from clauseproof.model.look import Look

MOST_BYTES = 64 * 1024


def show(client: Identity, context: ssl.SSLContext, look: Look) -> bytes:
    """Make a client show a certificate; returns its PEM.

    ssl reads keys from files: for a moment this one lies in one, encrypted.

    Raises:
        LookFailed: the file or the key cannot be read. EvidenceRejected: they do not fit together.
    """
    pem, password = look.read_file(client.certificate, MOST_BYTES), secrets.token_bytes(32).hex().encode()
    try:
        private = load_pem_private_key(look.reveal(client.key).encode(), None)
        locked = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "client.pem")
            path.write_bytes(locked + pem)
            context.load_cert_chain(path, password=password)
    except (ValueError, TypeError, ssl.SSLError) as error:
        raise EvidenceRejected(
            f"{client.certificate} and its key are no certificate and key that fit together",
            "mend client of the endpoint: PEM files, the key without a pass phrase",
        ) from error
    return pem
