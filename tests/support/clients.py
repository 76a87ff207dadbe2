"""Clients with and without a certificate, tried at a server on loopback."""

import asyncio
import ssl
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clauseproof.facts.clientauth import ClientAuth
from clauseproof.facts.identity import Identity
from clauseproof.model.look import Look
from clauseproof.model.secret import SecretRef
from clauseproof.probes.clientauth import client_auth
from tests.support.certificates import Holder, authority, leaf
from tests.support.looks import resolved, vendor
from tests.support.tls import Talk, listening

ROOT = authority()
SERVER = leaf(ROOT, "api.crm.example")
CLIENT = leaf(authority("Clients", ROOT), "buyer", serves=False)
STRANGER = leaf(authority("Unknown"), "buyer", serves=False)
V = ssl.TLSVersion


def asking(pem: Path, mode: ssl.VerifyMode = ssl.CERT_REQUIRED, version: V = V.TLSv1_3) -> ssl.SSLContext:
    """A server that asks its clients for a certificate under the root."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.verify_mode = mode
    context.load_verify_locations(cadata=ROOT.pem.decode())
    context.minimum_version = context.maximum_version = version
    return context


def key_of(holder: Holder) -> str:
    return holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def pems(holder: Holder) -> bytes:
    return b"".join(c.public_bytes(Encoding.PEM) for c in (holder.certificate, *holder.above))


def look_with(certificate: bytes, key: str) -> Look:
    """A look that finds these under `client.pem` and `${env:KEY}`."""
    return Look(read_file=lambda name, limit: certificate, reveal=lambda ref: key)


def tried(talk: Talk, client: Holder | None = CLIENT, look: Look | None = None) -> ClientAuth:
    identity = Identity(certificate="client.pem", key=SecretRef("env", "KEY")) if client else None
    look = look or (look_with(pems(client), key_of(client)) if client else Look())
    with listening(talk) as port:
        endpoint = vendor(port, "127.0.0.1").model_copy(update={"client": identity})
        return asyncio.run(client_auth(endpoint, resolved(endpoint), look))
