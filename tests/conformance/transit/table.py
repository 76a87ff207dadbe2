"""The table: what stands at an endpoint, and the verdict that each claim about it must get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clauseproof.facts.manner import StartTls
from clauseproof.facts.tls import TlsVersion
from clauseproof.model.verdict import Ruling
from tests.conformance.transit.hostile import spoken
from tests.conformance.transit.plain import dovecot, postfix, postgres, prosody, slapd, vsftpd
from tests.conformance.transit.process import Start
from tests.conformance.transit.web import asyncio_server, nginx, node, routed, s_server

KEPT, BROKEN, OPEN = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE

RESOLVERS = (1, 2)
CLAIMS: dict[str, tuple[str, dict[str, Any]]] = {
    "certificate-issuer": ("certificate-issuer", {"issuers": "Test Intermediate"}),
    "floor-of-tls-1-2": ("tls-floor", {"at_least": "TLS 1.2"}),
    "mail": ("starttls", {}),
    "shown-unrevoked": ("certificate", {"shown_unrevoked": True}),
    "starttls-by-dane": ("starttls", {"enforced_by": "dane"}),
    "tls-ciphers": ("tls-ciphers", {"mozilla": "intermediate 5.7"}),
}
"""Kind and parameters of a claim that is not its kind with the defaults."""


@dataclass(frozen=True)
class Server:
    """One address of an endpoint; `start` is None where nobody listens. `told`: the resolvers that know of it."""

    start: Start | None
    ipv6: bool = False
    told: tuple[int, ...] = RESOLVERS


@dataclass(frozen=True)
class Row:
    """A configuration and what must be said of it.

    Attributes:
        speaks: the versions that any of the servers accepts in any way, such as `1.2 1.3`.
        both: of `tls-floor` (TLS 1.3, tier 1) where both engines may look; alone: where only our own may.
        certificate: of `certificate`.
        also: of further claims: by their kind, or as `CLAIMS` has them.
        shows: the certificate that the servers have; see `certificates`.
        zone: where the name is; see `names`.
        client: whether the profile has a certificate for our own client.
    """

    servers: tuple[Server, ...]
    speaks: str
    both: Ruling
    alone: Ruling
    certificate: Ruling
    also: Mapping[str, Ruling] = field(default_factory=dict)
    shows: str = "good"
    starttls: StartTls | None = None
    zone: str = "crm.example"
    client: bool = False

    @property
    def versions(self) -> frozenset[TlsVersion]:
        """`speaks` as facts have it."""
        names = {"3.0": TlsVersion.SSL3_0, **{version.removeprefix("TLS "): version for version in TlsVersion}}
        return frozenset(names[name] for name in self.speaks.split())

    @property
    def verdicts(self) -> dict[str, Ruling]:
        """All where both engines may look, by the claim."""
        return {"tls-floor": self.both, "certificate": self.certificate, **self.also}


def row(start: Start | None, speaks: str, both: Ruling, alone: Ruling, certificate: Ruling, **rest: Any) -> Row:
    """A row of one address; what is no attribute of a row is a claim, with underscores."""
    known = {name: rest.pop(name) for name in ("shows", "starttls", "zone", "client") if name in rest}
    also = {kind.replace("_", "-"): ruling for kind, ruling in rest.items()}
    return Row((Server(start),), speaks, both, alone, certificate, also, **known)


MODERN = nginx("ssl_protocols TLSv1.3;")
UP_TO_1_2 = nginx("ssl_protocols TLSv1.2 TLSv1.3;")
WEAK = "ssl_ciphers ALL:@SECLEVEL=0;"
EVERYTHING = ("-cipher", "ALL:@SECLEVEL=0")
INTERMEDIATE = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
STAPLES = "ssl_protocols TLSv1.3; ssl_stapling on; ssl_stapling_file {{others}}/{}.ocsp;"
REMEMBERED = 'ssl_protocols TLSv1.3; add_header Strict-Transport-Security "max-age=63072000";'
REDIRECTS = "server {{ listen {http}; return 301 https://{host}$request_uri; }}"
ASKS = "ssl_protocols TLSv1.3; ssl_verify_depth 2; ssl_client_certificate {others}/root.pem; ssl_verify_client"

# Columns: the server, what it speaks; tls-floor by both engines, by our own alone; certificate.
TABLE: dict[str, Row] = {
    # versions
    "nginx TLS 1.3": row(
        MODERN, "1.3", KEPT, KEPT, KEPT, dnssec=KEPT, caa=KEPT, certificate_issuer=KEPT, tls_vulnerabilities=KEPT
    ),
    "nginx TLS 1.2 and 1.3": row(
        UP_TO_1_2,
        *("1.2 1.3", BROKEN, BROKEN, KEPT),
        floor_of_tls_1_2=KEPT,
        tls_vulnerabilities=KEPT,
        early_data_off=KEPT,
    ),
    "nginx TLS 1.0 to 1.2": row(
        nginx(f"ssl_protocols TLSv1 TLSv1.1 TLSv1.2; {WEAK}"),
        *("1.0 1.1 1.2", BROKEN, BROKEN, KEPT),
        floor_of_tls_1_2=BROKEN,
    ),
    "OpenSSL TLS 1.0": row(s_server("-tls1", *EVERYTHING), "1.0", BROKEN, BROKEN, KEPT),
    "OpenSSL TLS 1.1": row(s_server("-tls1_1", *EVERYTHING), "1.1", BROKEN, BROKEN, KEPT),
    "OpenSSL TLS 1.2": row(
        s_server("-tls1_2"),
        "1.2",
        BROKEN,
        BROKEN,
        KEPT,
        post_quantum=BROKEN,
        tls_vulnerabilities=KEPT,
        early_data_off=KEPT,
    ),
    "OpenSSL TLS 1.3": row(s_server("-tls1_3"), "1.3", KEPT, KEPT, KEPT),
    "OpenSSL TLS 1.0 to 1.3": row(s_server(*EVERYTHING), "1.0 1.1 1.2 1.3", BROKEN, BROKEN, KEPT),
    "OpenSSL TLS 1.0 and 1.3": row(s_server("-no_tls1_1", "-no_tls1_2", *EVERYTHING), "1.0 1.3", BROKEN, BROKEN, KEPT),
    "OpenSSL without certificates": row(
        s_server("-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"), "1.2", BROKEN, BROKEN, OPEN
    ),
    "OpenSSL TLS 1.2 with ARIA": row(
        s_server("-tls1_2", "-cipher", "ARIA128:@SECLEVEL=0"), "1.2", BROKEN, BROKEN, KEPT
    ),
    "Python closing without alert": row(
        asyncio_server("TLSv1_3", "TLSv1_3"), "1.3", KEPT, KEPT, KEPT, tls_vulnerabilities=KEPT
    ),
    "Python TLS 1.2 and 1.3": row(asyncio_server("TLSv1_2", "TLSv1_3"), "1.2 1.3", BROKEN, BROKEN, KEPT),
    "Node.js TLS 1.3": row(node('{"minVersion": "TLSv1.3"}'), "1.3", KEPT, KEPT, KEPT, post_quantum=KEPT),
    "Node.js without ML-KEM": row(
        node('{"minVersion": "TLSv1.3", "ecdhCurve": "X25519:P-256"}'), "1.3", KEPT, KEPT, KEPT, post_quantum=BROKEN
    ),
    "Node.js as it comes": row(node("{}"), "1.2 1.3", BROKEN, BROKEN, KEPT),
    # cipher suites and groups
    "nginx with suites of Mozilla's": row(
        nginx(f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {INTERMEDIATE};"),
        *("1.2 1.3", BROKEN, BROKEN, KEPT),
        tls_ciphers=KEPT,
        forward_secrecy=KEPT,
        post_quantum=BROKEN,
    ),
    "nginx with CBC": row(
        nginx("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-SHA256;"),
        *("1.2 1.3", BROKEN, BROKEN, KEPT),
        tls_ciphers=BROKEN,
        forward_secrecy=KEPT,
    ),
    "nginx with RSA key exchange": row(
        nginx("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256;"),
        *("1.2 1.3", BROKEN, BROKEN, KEPT),
        shows="RSA",
        tls_ciphers=BROKEN,
        forward_secrecy=BROKEN,
    ),
    # addresses and names
    "one bad address of three": Row(
        (Server(MODERN), Server(MODERN), Server(UP_TO_1_2)), "1.2 1.3", BROKEN, BROKEN, KEPT
    ),
    "one address of three down": Row((Server(MODERN), Server(MODERN), Server(None)), "1.3", OPEN, OPEN, OPEN),
    "a bad address on IPv6": Row((Server(MODERN), Server(UP_TO_1_2, ipv6=True)), "1.2 1.3", BROKEN, BROKEN, KEPT),
    "a bad address for some": Row((Server(MODERN), Server(UP_TO_1_2, told=(2,))), "1.2 1.3", BROKEN, BROKEN, KEPT),
    "nobody there": row(None, "", OPEN, OPEN, OPEN),
    "in a zone without signatures": row(
        MODERN, "1.3", KEPT, KEPT, KEPT, zone="plain.example", dnssec=BROKEN, caa=BROKEN
    ),
    "in a zone of another key": row(MODERN, "1.3", KEPT, KEPT, KEPT, zone="bogus.example", dnssec=BROKEN),
    "routed by name": row(routed("TLSv1.3", "TLSv1.2 TLSv1.3"), "1.2 1.3", BROKEN, BROKEN, KEPT),
    "routed by name to another": row(routed("TLSv1.3", "TLSv1.2 TLSv1.3", "another's"), "1.2 1.3", KEPT, KEPT, KEPT),
    "insisting on its name": row(
        nginx(
            "server_name *.crm.example; ssl_protocols TLSv1.3;",
            "server {{ listen {https} ssl default_server; ssl_protocols TLSv1.3; ssl_reject_handshake on; }}",
        ),
        *("1.3", KEPT, KEPT, KEPT),
    ),
    # certificates
    "self-signed": row(MODERN, "1.3", KEPT, KEPT, BROKEN, shows="self-signed"),
    "expired": row(MODERN, "1.3", KEPT, KEPT, BROKEN, shows="expired"),
    "not yet valid": row(MODERN, "1.3", KEPT, KEPT, BROKEN, shows="not yet valid"),
    "wrong host": row(MODERN, "1.3", KEPT, KEPT, BROKEN, shows="another's"),
    "certificate for clients": row(MODERN, "1.3", KEPT, KEPT, BROKEN, shows="for clients"),
    "chain without the issuer": row(MODERN, "1.3", KEPT, KEPT, BROKEN, shows="without its issuer"),
    "chain of an expired issuer": row(MODERN, "1.3", KEPT, KEPT, BROKEN, shows="of an expired issuer"),
    "chain of a megabyte": row(MODERN, "1.3", OPEN, KEPT, OPEN, shows="a megabyte"),
    "chain of twelve": row(MODERN, "1.3", KEPT, KEPT, OPEN, shows="with eleven above"),
    "revoked": row(nginx(STAPLES.format("revoked")), "1.3", KEPT, KEPT, BROKEN, shown_unrevoked=BROKEN),
    "shown unrevoked": row(nginx(STAPLES.format("unrevoked")), "1.3", KEPT, KEPT, KEPT, shown_unrevoked=KEPT),
    "not shown unrevoked": row(MODERN, "1.3", KEPT, KEPT, KEPT, shown_unrevoked=OPEN),
    # named weaknesses
    "nginx taking early data": row(
        nginx("ssl_protocols TLSv1.3; ssl_early_data on;"), "1.3", KEPT, KEPT, KEPT, early_data_off=BROKEN
    ),
    "Heartbleed": row(spoken("Heartbleed"), "1.2", BROKEN, BROKEN, KEPT, shows="RSA", tls_vulnerabilities=BROKEN),
    # web sites
    "nginx redirecting to https": row(
        nginx(REMEMBERED, REDIRECTS), "1.3", KEPT, KEPT, KEPT, hsts=KEPT, no_plaintext=KEPT
    ),
    "nginx redirecting elsewhere": row(
        nginx(REMEMBERED.replace("63072000", "60"), REDIRECTS.replace("{host}", "crm.other.example")),
        *("1.3", KEPT, KEPT, KEPT),
        hsts=BROKEN,
        no_plaintext=BROKEN,
    ),
    "nginx serving without TLS": row(
        nginx("ssl_protocols TLSv1.3;", "server {{ listen {http}; location / {{ return 200; }} }}"),
        *("1.3", KEPT, KEPT, KEPT),
        hsts=BROKEN,
        no_plaintext=BROKEN,
    ),
    # clients' certificates
    "nginx asking its clients": row(nginx(f"{ASKS} on;"), "1.3", KEPT, KEPT, KEPT, client=True, mutual_tls=KEPT),
    "nginx asking, content with none": row(
        nginx(f"{ASKS} optional;"), "1.3", KEPT, KEPT, KEPT, client=True, mutual_tls=BROKEN
    ),
    "nginx asking, nothing to show": row(nginx(f"{ASKS} on;"), "1.3", KEPT, KEPT, KEPT, mutual_tls=OPEN),
    # after STARTTLS
    "Postfix TLS 1.3": row(
        postfix(">=TLSv1.3"),
        *("1.3", KEPT, KEPT, KEPT),
        starttls=StartTls.SMTP,
        mail=KEPT,
        starttls_by_dane=KEPT,
        tls_ciphers=KEPT,
        forward_secrecy=KEPT,
        post_quantum=BROKEN,
    ),
    "Postfix TLS 1.2 and 1.3": row(
        postfix(">=TLSv1.2"), "1.2 1.3", BROKEN, BROKEN, KEPT, starttls=StartTls.SMTP, tls_vulnerabilities=KEPT
    ),
    "Postfix with another key": row(
        postfix(">=TLSv1.3"),
        "1.3",
        KEPT,
        KEPT,
        KEPT,
        shows="RSA",
        starttls=StartTls.SMTP,
        mail=KEPT,
        starttls_by_dane=BROKEN,
    ),
    "Postfix without TLS": row(postfix("", "none"), "", OPEN, OPEN, OPEN, starttls=StartTls.SMTP, mail=BROKEN),
    "Dovecot IMAP TLS 1.3": row(dovecot("imap", "TLSv1.3"), "1.3", KEPT, KEPT, KEPT, starttls=StartTls.IMAP),
    "Dovecot POP3 TLS 1.2": row(dovecot("pop3", "TLSv1.2"), "1.2 1.3", BROKEN, BROKEN, KEPT, starttls=StartTls.POP3),
    # closes without an alert where it does not agree, and there is no second engine for groups
    "slapd TLS 1.3": row(
        slapd("NORMAL:-VERS-ALL:+VERS-TLS1.3"),
        "1.3",
        KEPT,
        KEPT,
        KEPT,
        starttls=StartTls.LDAP,
        post_quantum=OPEN,
        tls_ciphers=BROKEN,
    ),
    "slapd TLS 1.0 to 1.3": row(
        slapd("NORMAL:+VERS-TLS-ALL"), "1.0 1.1 1.2 1.3", BROKEN, BROKEN, KEPT, starttls=StartTls.LDAP
    ),
    "vsftpd": row(vsftpd, "1.2 1.3", BROKEN, BROKEN, KEPT, starttls=StartTls.FTP),
    "Prosody TLS 1.3": row(prosody("tlsv1_3"), "1.3", KEPT, KEPT, KEPT, starttls=StartTls.XMPP),
    "Prosody TLS 1.2 and 1.3": row(prosody("tlsv1_2+"), "1.2 1.3", BROKEN, BROKEN, KEPT, starttls=StartTls.XMPP),
    "PostgreSQL TLS 1.3": row(postgres("TLSv1.3"), "1.3", KEPT, KEPT, KEPT, starttls=StartTls.POSTGRES),
    "PostgreSQL TLS 1.2 and 1.3": row(postgres("TLSv1.2"), "1.2 1.3", BROKEN, BROKEN, KEPT, starttls=StartTls.POSTGRES),
    "PostgreSQL without TLS": row(postgres("TLSv1.3", "off"), "", OPEN, OPEN, OPEN, starttls=StartTls.POSTGRES),
    # hostile; sslyze needs whole handshakes, and the bytes of some are none
    "intolerant of new versions": row(spoken("intolerant"), "1.0", BROKEN, BROKEN, OPEN),
    "lying about versions": row(spoken("lying"), "1.0 1.3", BROKEN, BROKEN, KEPT),
    "handshake_failure for old": row(spoken("handshake_failure"), "1.3", KEPT, KEPT, KEPT),
    "internal_error for old": row(spoken("internal_error"), "1.3", OPEN, OPEN, KEPT),
    "limiting connections": row(spoken("limiting"), "1.3", OPEN, OPEN, OPEN),
    "closing everything": row(
        spoken("closing everything"),
        "",
        OPEN,
        OPEN,
        OPEN,
        post_quantum=OPEN,
        hsts=OPEN,
        no_plaintext=OPEN,
        mutual_tls=OPEN,
    ),
    "SSL 3.0": row(spoken("ssl 3.0"), "3.0", BROKEN, BROKEN, OPEN),
    "garbage": row(spoken("garbage"), "", OPEN, OPEN, OPEN, hsts=OPEN, no_plaintext=BROKEN),
    "reset after accept": row(spoken("resetting"), "", OPEN, OPEN, OPEN),
    "silent": row(spoken("silent"), "", OPEN, OPEN, OPEN, tls_ciphers=OPEN, forward_secrecy=OPEN, post_quantum=OPEN),
    "slow drip": row(spoken("dripping"), "", OPEN, OPEN, OPEN),
}
