"""Attestations in the form of Cloud HSM, under roots of the double's own.

Source: Google's sample `verify_attestation_chains.py` and Cloud KMS documentation, "Verifying attestations". The
content is compressed; its last 256 bytes are the signature of the partition, whose key the manufacturer's chain and
Google's chain both certify. The signed body here carries no attributes that a parser of the maker's format could read:
what it proves is the chain and the signature.
"""

import gzip
import os

from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google.project import Version
from clauseproof.sandbox.kms.hsm import Card


def attest(card: Card, version: Version) -> kms.KeyOperationAttestation:
    """The attestation of one version."""
    body = os.urandom(64) + version.algorithm.name.encode() + b":" + version.id.encode()
    owned_partition, owned_card = card.by_owner
    chains = kms.KeyOperationAttestation.CertificateChains(
        cavium_certs=card.by_maker, google_card_certs=[owned_card], google_partition_certs=[owned_partition]
    )
    return kms.KeyOperationAttestation(
        format=kms.KeyOperationAttestation.AttestationFormat.CAVIUM_V2_COMPRESSED,
        content=gzip.compress(card.sign(body), mtime=0),
        cert_chains=chains,
    )
