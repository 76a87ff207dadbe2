"""A profile about the deployment, and the run made of it, as a user would make it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clauseproof.doors.session import Session, Wishes
from clauseproof.facts.hello import Answers, Decision, Offers
from clauseproof.facts.manner import StartTls
from clauseproof.facts.tls import TlsVersion
from clauseproof.ledger.read import LedgerReader
from tests.conformance.transit.deployment import Deployment, slug
from tests.conformance.transit.process import Site
from tests.conformance.transit.table import CLAIMS, Row

_PROMISE = "Everything holds"
_MAIL = "-as-a-domain"


@dataclass(frozen=True)
class Ran:
    """A run.

    Attributes:
        verdicts: the lines of `results.json`, by row and claim.
        spoken: the versions that our own hellos found, by row, over all addresses and with or without a server name.
    """

    verdicts: Mapping[tuple[str, str], dict[str, Any]]
    spoken: Mapping[str, frozenset[TlsVersion]]


def run(deployment: Deployment, table: Mapping[str, Row], *, scan: bool) -> Ran:
    """Every look and every verdict of one run; with permission to scan all claims, without it `tls-floor` alone."""
    name = "both" if scan else "alone"
    out = deployment.folder / f"run-{name}"
    session = Session(_written(deployment, table, name, scan=scan), Wishes(out=out, operator="A. Ito"))
    session.begin()
    session.run.observer.wait()
    session.finish()
    rows = {slug(name): name for name in table}
    lines = json.loads((out / "results.json").read_text())["verdicts"]
    verdicts = {(rows[line["subjects"][0].removesuffix(_MAIL)], line["clause"]): line for line in lines}
    seen = [line for line in LedgerReader.open(out).lines() if line.kind == Offers.kind and line.seen]
    return Ran(verdicts, {rows[line.subject]: _spoken(Offers.load(line.version, line.data)) for line in seen})


def _spoken(offers: Offers) -> frozenset[TlsVersion]:
    heard = [one.answers for one in offers.per_address if isinstance(one.answers, Answers)]
    named = [version.version for one in heard for version in one.versions if version.decision is Decision.ACCEPTED]
    nameless = [one.nameless.accepted for one in heard if one.nameless and one.nameless.accepted]
    return frozenset([*named, *nameless])


def _written(deployment: Deployment, table: Mapping[str, Row], name: str, *, scan: bool) -> Path:
    """The profile, in YAML's JSON form, with the files that it names."""
    folder = deployment.folder
    (folder / "contract.md").write_text(f"{_PROMISE}.\n")
    (folder / "anchor.txt").write_text(deployment.anchor)
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(_profile(deployment, table, scan=scan)))
    return path


def _profile(deployment: Deployment, table: Mapping[str, Row], *, scan: bool) -> dict[str, Any]:
    claims = _claims(deployment, table) if scan else {"tls-floor": list(deployment.sites)}
    clauses = [
        {"id": claim, "title": claim, "promise": _PROMISE, "tier": 1, "claims": [_claim(claim, rows)]}
        for claim, rows in claims.items()
    ]
    profile = {
        "buyer": "Acme GmbH",
        "vendor": "Example CRM Ltd",
        "contract": [{"id": "T", "file": "contract.md"}],
        "network": {"resolvers": list(deployment.resolvers), "ca_file": "certificates/root.pem"},
        "anchors": {"dnssec": ["anchor.txt"]},
        "subjects": dict(_subjects(deployment, table)),
        "clauses": clauses,
    }
    return {**profile, "permission": _permission()} if scan else profile


def _claims(deployment: Deployment, table: Mapping[str, Row]) -> dict[str, list[str]]:
    """The rows about which something is claimed, by the claim."""
    found: dict[str, list[str]] = {}
    for name in deployment.sites:
        for claim in table[name].verdicts:
            found.setdefault(claim, []).append(name)
    return found


def _claim(claim: str, rows: list[str]) -> dict[str, Any]:
    kind, parameters = CLAIMS.get(claim, (claim, {}))
    suffix = _MAIL if kind == "starttls" else ""
    return {kind: {"where": [slug(name) + suffix for name in rows], **parameters}}


def _subjects(deployment: Deployment, table: Mapping[str, Row]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row as an endpoint, and as a domain that takes mail where it does."""
    for name, sites in deployment.sites.items():
        yield slug(name), _subject(sites[0], table[name])
        if table[name].starttls is StartTls.SMTP:
            domain = {"mail_domain": sites[0].host, "smtp_port": sites[0].port, "private_addresses": True}
            yield slug(name) + _MAIL, domain


def _subject(site: Site, row: Row) -> dict[str, Any]:
    client = {"certificate": "certificates/client.crt", "key": "${file:certificates/client.pem}"}
    return {
        "endpoint": f"{site.host}:{site.port}",
        "http_port": site.http_port,
        "private_addresses": True,
        **({"starttls": row.starttls} if row.starttls else {}),
        **({"client": client} if row.client else {}),
    }


def _permission() -> dict[str, Any]:
    today = datetime.now(UTC).date()
    return {
        "granted_by": "J. Doe, CISO",
        "valid": {"from": f"{today - timedelta(days=1)}", "to": f"{today + timedelta(days=1)}"},
        "hosts": ["*.example"],
        "allows": ["scan"],
    }
