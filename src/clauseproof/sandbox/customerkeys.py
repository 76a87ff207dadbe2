"""The customer's keys, one per dataset and cloud, in accounts of the customer's that let the vendor's service in.

contacts       AWS KMS            wraps the data keys of the CRM
attachments    Google Cloud KMS   over plain gRPC
backups        Azure Managed HSM  over TLS, with a private authority
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clauseproof.sandbox.character import ROTATED, Character, KeyPast
from clauseproof.sandbox.kms import aws, azure, google
from clauseproof.sandbox.kms.aws.access import default_policy
from clauseproof.sandbox.kms.faults import Faults

ACCOUNT: Final = "111122223333"
PROJECT: Final = "acme-crm-keys"
TENANT: Final = "99999999-8888-7777-6666-555555555555"
CUSTOMER: Final = "11111111-1111-1111-1111-111111111111"
"""Object id of the customer's administrator in its tenant."""

VENDOR: Final = aws.Caller(
    access_key="AKIAI44QH8DHBEXAMPLE", arn="arn:aws:sts::444455556666:assumed-role/crm-service/api"
)
VENDOR_ROLE: Final = "arn:aws:iam::444455556666:role/crm-service"
VENDOR_ACCOUNT: Final = "serviceAccount:crm-service@crm-prod.iam.gserviceaccount.com"
VENDOR_PRINCIPAL: Final = "22222222-2222-2222-2222-222222222222"
"""The vendor's service in each of the three clouds."""

_VENDOR_MAY: Final = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
# The providers' own figures are seconds to minutes; a demo that people watch has less time.
_LAGS: Final = Faults(disable_lag_s=0.6, enable_lag_s=0.3, rotation_duration_s=0.5)


@dataclass(frozen=True)
class CustomerKeys:
    """Three key services, and in each one key by the provider's full name of it."""

    aws: aws.AwsKmsDouble
    contacts: str
    google: google.GoogleKmsDouble
    attachments: str
    azure: azure.AzureKeyVaultDouble
    backups: str


def start(stack: ExitStack, character: Character, *, now: datetime, token: str) -> CustomerKeys:
    """Start the key services; closing `stack` stops them. `token` is the customer's at the Managed HSM."""
    kms = stack.enter_context(aws.AwsKmsDouble(account=ACCOUNT, faults=_LAGS))
    kms.admit(VENDOR)
    cloud = stack.enter_context(google.GoogleKmsDouble(project=PROJECT, faults=_LAGS))
    customer = azure.Caller(token=token, object_id=CUSTOMER)
    name = f"acme-{character.slug}"  # clients remember a vault's challenge by its name
    hsm = stack.enter_context(
        azure.AzureKeyVaultDouble(
            name=name, managed_hsm=True, tenant=TENANT, purge_protection=True, callers=[customer], faults=_LAGS
        )
    )
    _let_in(hsm, character)
    return CustomerKeys(
        aws=kms,
        contacts=kms.seed_key(contacts(character.key, now)),
        google=cloud,
        attachments=cloud.seed_key(attachments(ROTATED, now, in_hsm=character.attachments_in_hsm)),
        azure=hsm,
        backups=hsm.seed_key(backups(ROTATED, now)),
    )


def contacts(past: KeyPast, now: datetime) -> aws.KeySeed:
    """A key with its history; the vendor's role may use it and nothing else."""
    return aws.KeySeed(
        created=now - past.age,
        rotations=tuple(now - age for age in past.rotated),
        rotation_period_days=past.period_days,
        policy=_policy(),
        description="customer key of the CRM",
    )


def _policy() -> str:
    policy = json.loads(default_policy(ACCOUNT, "aws"))
    use = {
        "Sid": "The CRM's service may use the key",
        "Effect": "Allow",
        "Principal": {"AWS": VENDOR_ROLE},
        "Action": list(_VENDOR_MAY),
        "Resource": "*",
    }
    return json.dumps({**policy, "Statement": [*policy["Statement"], use]})


def attachments(past: KeyPast, now: datetime, *, in_hsm: bool) -> google.KeySeed:
    """A key with its history, in an HSM or in software; the vendor's service account may use it."""
    return google.KeySeed(
        id="attachments",
        level=google.Level.HSM if in_hsm else google.Level.SOFTWARE,
        created=now - past.age,
        rotations=tuple(now - age for age in past.rotated),
        rotation_period=None if past.period_days is None else timedelta(days=past.period_days),
        bindings={"roles/cloudkms.cryptoKeyEncrypterDecrypter": [VENDOR_ACCOUNT]},
    )


def backups(past: KeyPast, now: datetime) -> azure.KeySeed:
    """A symmetric key with its history."""
    return azure.KeySeed(
        name="backups",
        kty="oct-HSM",
        created=now - past.age,
        rotations=tuple(now - age for age in past.rotated),
        rotate_after=None if past.period_days is None else f"P{past.period_days}D",
    )


def _let_in(hsm: azure.AzureKeyVaultDouble, character: Character) -> None:
    """Give roles: the customer everything, the vendor wrapping and unwrapping, strangers the key's every use."""
    key = "/keys/backups"
    hsm.assign(azure.Assignment(principal=CUSTOMER, role=azure.ADMINISTRATOR))
    hsm.assign(azure.Assignment(principal=CUSTOMER, role=azure.CRYPTO_USER))
    hsm.assign(azure.Assignment(principal=VENDOR_PRINCIPAL, role=azure.SERVICE_ENCRYPTION_USER, scope=key))
    for stranger in character.backup_strangers:
        hsm.assign(azure.Assignment(principal=stranger, role=azure.CRYPTO_USER, scope=key))
