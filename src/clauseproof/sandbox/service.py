"""Starts a vendor's service on loopback: key management, API, TLS in front of it, names."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from clauseproof.sandbox import customerkeys
from clauseproof.sandbox.character import Character
from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.customerkeys import CustomerKeys
from clauseproof.sandbox.dns import NameServer
from clauseproof.sandbox.envelope import DataKeys, kms_client
from clauseproof.sandbox.kms.serving import LoopbackServer
from clauseproof.sandbox.pki import Authority, Leaf
from clauseproof.sandbox.tls import Terminator, context

if TYPE_CHECKING:
    from types_boto3_kms.client import KMSClient


@dataclass(frozen=True)
class Service:
    """What is running, and how to reach it.

    Attributes:
        keys: the customer's keys, and the key services that hold them.
        port: of every endpoint.
        resolver: the name server, `HOST:PORT`.
        root: the certification authority to trust.
    """

    keys: CustomerKeys
    port: int
    resolver: str
    root: Authority

    def client(self, access_key: str) -> "KMSClient":
        """A client for the key service of contacts, as one of its callers."""
        return kms_client(self.keys.aws.url, region=self.keys.aws.region, access_key=access_key)


def start(
    stack: ExitStack, character: Character, *, now: datetime, authorization: str, token: str, sentinel: str
) -> Service:
    """Start everything; closing `stack` stops it.

    `authorization` opens the API and `token` the customer's Managed HSM; the record `canary` holds the sentinel.
    """
    keys = customerkeys.start(stack, character, now=now, token=token)
    client = kms_client(keys.aws.url, region=keys.aws.region, access_key=customerkeys.VENDOR.access_key)
    contacts = Contacts(DataKeys(client, keys.contacts, keep_s=character.keeps_data_keys_s), "acme")
    contacts.put("canary", {"name": "Clara Canary", "note": sentinel})
    api = stack.enter_context(LoopbackServer(application(contacts, authorization=authorization)))
    root = Authority.root(f"{character.company} Root CA", now=now)
    leaves = _leaves(root, character, now)
    contexts = {character.address(stand): context(leaves[stand.host], stand.oldest) for stand in character.stands}
    front = stack.enter_context(Terminator(contexts, backend=(api.host, api.port)))
    names = stack.enter_context(NameServer(zone(character), character.domain))
    return Service(keys, front.port, names.address, root)


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
