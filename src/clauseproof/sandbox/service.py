"""Starts a vendor's service on loopback: key management, API, TLS in front of it, names."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from clauseproof.sandbox.character import Character, KeyPast
from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.dns import NameServer
from clauseproof.sandbox.envelope import DataKeys, kms_client
from clauseproof.sandbox.kms.aws import AwsKmsDouble, Caller, KeySeed
from clauseproof.sandbox.kms.aws.access import default_policy
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.serving import LoopbackServer
from clauseproof.sandbox.pki import Authority, Leaf
from clauseproof.sandbox.tls import Terminator, context

if TYPE_CHECKING:
    from types_boto3_kms.client import KMSClient

BUYER_ACCOUNT: Final = "111122223333"
VENDOR_ROLE: Final = "arn:aws:iam::444455556666:role/crm-service"
_VENDOR: Final = Caller(access_key="AKIAI44QH8DHBEXAMPLE", arn="arn:aws:sts::444455556666:assumed-role/crm-service/api")
_VENDOR_MAY: Final = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
# AWS's own figures are seconds to minutes; a demo that people watch has less time.
_LAGS: Final = Faults(disable_lag_s=0.6, enable_lag_s=0.3, rotation_duration_s=0.5)


@dataclass(frozen=True)
class Service:
    """What is running, and how to reach it.

    Attributes:
        key: the customer key's ARN; account: the buyer's, which owns it.
        port: of every endpoint.
        resolver: the name server, `HOST:PORT`.
        root: the certification authority to trust.
    """

    kms: AwsKmsDouble
    key: str
    account: str
    port: int
    resolver: str
    root: Authority

    def client(self, access_key: str) -> "KMSClient":
        """A client for the key service, as one of its callers."""
        return kms_client(self.kms.url, region=self.kms.region, access_key=access_key)


def start(stack: ExitStack, character: Character, *, now: datetime, authorization: str, sentinel: str) -> Service:
    """Start everything; closing `stack` stops it. The record `canary` holds the sentinel."""
    kms = stack.enter_context(AwsKmsDouble(account=BUYER_ACCOUNT, faults=_LAGS))
    kms.admit(_VENDOR)
    key = kms.seed_key(seed(character.key, now))
    client = kms_client(kms.url, region=kms.region, access_key=_VENDOR.access_key)
    contacts = Contacts(DataKeys(client, key, keep_s=character.keeps_data_keys_s), "acme")
    contacts.put("canary", {"name": "Clara Canary", "note": sentinel})
    api = stack.enter_context(LoopbackServer(application(contacts, authorization=authorization)))
    root = Authority.root(f"{character.company} Root CA", now=now)
    leaves = _leaves(root, character, now)
    contexts = {character.address(stand): context(leaves[stand.host], stand.oldest) for stand in character.stands}
    front = stack.enter_context(Terminator(contexts, backend=(api.host, api.port)))
    names = stack.enter_context(NameServer(zone(character), character.domain))
    return Service(kms, key, BUYER_ACCOUNT, front.port, names.address, root)


def seed(past: KeyPast, now: datetime) -> KeySeed:
    """A customer key with its history; the vendor's role may use it and nothing else."""
    return KeySeed(
        created=now - past.age,
        rotations=tuple(now - age for age in past.rotated),
        rotation_period_days=past.period_days,
        policy=_policy(),
        description="customer key of the CRM",
    )


def _policy() -> str:
    policy = json.loads(default_policy(BUYER_ACCOUNT, "aws"))
    use = {
        "Sid": "The CRM's service may use the key",
        "Effect": "Allow",
        "Principal": {"AWS": VENDOR_ROLE},
        "Action": list(_VENDOR_MAY),
        "Resource": "*",
    }
    return json.dumps({**policy, "Statement": [*policy["Statement"], use]})


def _leaves(root: Authority, character: Character, now: datetime) -> dict[str, Leaf]:
    """A certificate per host."""
    issuing = root.subordinate(f"{character.company} Issuing CA")
    start, end = now - timedelta(days=30), now + timedelta(days=60)
    hosts = dict.fromkeys(stand.host for stand in character.stands)
    return {host: issuing.issue([f"{host}.{character.domain}"], start=start, end=end) for host in hosts}


def zone(character: Character) -> str:
    """The vendor's zone, one address record per stand."""
    stands = "".join(f"{stand.host} 300 IN A {character.address(stand)}\n" for stand in character.stands)
    return f"@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n{stands}"
