"""Azure Key Vault and Managed HSM on loopback, over TLS with the real challenge, for unmodified Azure SDK clients."""

from clauseproof.sandbox.kms.azure.access import Caller
from clauseproof.sandbox.kms.azure.double import BUYER, AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.azure.roles import (
    ADMINISTRATOR,
    CRYPTO_OFFICER,
    CRYPTO_USER,
    SERVICE_ENCRYPTION_USER,
)
from clauseproof.sandbox.kms.azure.transport import pinned_transport
from clauseproof.sandbox.kms.azure.vault import Assignment

__all__ = [
    "ADMINISTRATOR",
    "BUYER",
    "CRYPTO_OFFICER",
    "CRYPTO_USER",
    "SERVICE_ENCRYPTION_USER",
    "Assignment",
    "AzureKeyVaultDouble",
    "Caller",
    "KeySeed",
    "pinned_transport",
]
