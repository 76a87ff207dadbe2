"""A domain that takes mail, on loopback: mail servers, the policy host of MTA-STS, and the zones that name them."""

import asyncio
import contextlib
import hashlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clauseproof.facts.mail import DaneAnswers, Exchangers, MailDomain, MailSessions, StsPolicy
from clauseproof.model.look import Look
from clauseproof.probes.mail import dane_answers, exchangers, sessions, sts_policy
from tests.support.certificates import Holder, authority, leaf
from tests.support.dns import NameServer, serving
from tests.support.signed import Zone, look, signed_server
from tests.support.tls import Talk, listening
from tests.support.web import https, response

DOMAIN, HOST, POLICY_HOST = "crm.example", "mx.crm.example", "mta-sts.crm.example"
ROOT = authority()
MX = leaf(ROOT, HOST)
POLICY = f"version: STSv1\r\nmode: enforce\r\nmx: {HOST}\r\nmax_age: 604800\r\n"


def smtp(pem: Path | None, *lines: str, starttls: bool = True, leave: str = "220 go ahead") -> Talk:
    """A mail server that says `lines` one after the other, to greet and to EHLO, and then begins TLS."""
    said = list(lines) or ["220 mx.crm.example ESMTP", "250-mx.crm.example\r\n250-PIPELINING"]

    def talk(connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        connection.sendall(f"{said[0]}\r\n".encode())
        stream.readline()
        if len(said) > 1:
            last = "250 STARTTLS" if starttls else "250 HELP"
            connection.sendall(f"{said[1]}\r\n{last}\r\n".encode())
            if not stream.readline().startswith(b"STARTTLS"):
                return
            connection.sendall(f"{leave}\r\n".encode())
            if pem is not None and leave.startswith("220"):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(pem)
                with context.wrap_socket(connection, server_side=True) as session:
                    session.recv(1)

    return talk


def tlsa(holder: Holder, usage: int = 3, selector: int = 1, matching: int = 1, *, of: int = 0) -> str:
    """A TLSA record that names one of the certificates a holder presents (`of` counts from its own)."""
    certificate = (holder.certificate, *holder.above)[of]
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    data = certificate.public_bytes(Encoding.DER) if selector == 0 else key
    digest = {0: data, 1: hashlib.sha256(data).digest(), 2: hashlib.sha512(data).digest()}[matching]
    return f"{usage} {selector} {matching} {digest.hex()}"


@dataclass
class Mail:
    """How the domain is set up; what is not said is right.

    Attributes:
        mx: MX records in master-file form; None for the one host.
        server: the mail server's behaviour, by its address; None for one that begins TLS with the certificate.
        announced: TXT records at `_mta-sts`.
        policy: what the policy host says; None for no such host.
        tlsa: TLSA records of the mail server; None for the right one.
        zone: changes to the domain's zone.
    """

    mx: tuple[str, ...] = (f"10 {HOST}.",)
    certificate: Holder = MX
    servers: dict[str, Talk] = field(default_factory=dict)
    announced: tuple[str, ...] = ("v=STSv1; id=20261124;",)
    policy: bytes | None = response(200, "Content-Type: text/plain", body=POLICY.encode())
    policy_certificate: Holder = field(default_factory=lambda: leaf(ROOT, POLICY_HOST))
    tlsa: tuple[str, ...] | None = None
    zone: Zone = field(default_factory=lambda: Zone(f"{DOMAIN}."))
    signs: bool = True


@dataclass(frozen=True)
class Seen:
    """What the probes saw of it."""

    names: Exchangers
    sessions: MailSessions
    policy: StsPolicy
    dane: DaneAnswers


ROOT_ZONE, EXAMPLE = Zone("."), Zone("example.")


@contextmanager
def running(mail: Mail, folder: Path) -> Iterator[tuple[MailDomain, NameServer]]:
    """Start everything; gives the subject and the name server."""
    folder.mkdir(parents=True, exist_ok=True)
    pem, policy_pem = mail.certificate.write(folder, "mx"), mail.policy_certificate.write(folder, "policy")
    servers = mail.servers or {"127.0.0.1": smtp(pem)}
    with contextlib.ExitStack() as stack:
        port = 0
        for address, talk in servers.items():
            port = stack.enter_context(listening(talk, address, port))
        policy_port = stack.enter_context(listening(https(policy_pem, mail.policy or b"")))
        mail.zone.records += records_of(mail, list(servers), port)
        server = stack.enter_context(serving(signed_server(ROOT_ZONE, EXAMPLE, mail.zone)))
        subject = MailDomain(mail_domain=DOMAIN, smtp_port=port, policy_port=policy_port, private_addresses=True)
        yield subject, server


def records_of(mail: Mail, addresses: list[str], port: int) -> str:
    lines = [f"@ 300 IN MX {one}" for one in mail.mx]
    lines += [f"mx 300 IN A {address}" for address in addresses]
    lines += [f'_mta-sts 300 IN TXT "{one}"' for one in mail.announced]
    lines += ["mta-sts 300 IN A 127.0.0.1"] if mail.policy is not None else []
    named = (tlsa(mail.certificate),) if mail.tlsa is None else mail.tlsa
    lines += [f"_{port}._tcp.mx 300 IN TLSA {one}" for one in named]
    return "\n".join(["", *lines, ""])


def seen(mail: Mail, folder: Path) -> Seen:
    """Start everything and look at it once."""
    with running(mail, folder) as (subject, server):
        return asyncio.run(look_at(subject, look(server)))


async def look_at(subject: MailDomain, hands: Look) -> Seen:
    """All looks at a domain, as the engine would make them."""
    names = await exchangers(subject, hands)
    return Seen(
        names,
        await sessions(subject, names, hands),
        await sts_policy(subject, hands),
        await dane_answers(subject, names, hands),
    )
