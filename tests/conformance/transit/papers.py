"""A profile about the deployment, and the run made of it, as a user would make it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clauseproof.doors.session import Session, Wishes
from clauseproof.facts.hello import Answers, Decision, Offers
from clauseproof.facts.tls import TlsVersion
from clauseproof.ledger.read import LedgerReader
from tests.conformance.transit.deployment import Deployment, slug
from tests.conformance.transit.process import Site
from tests.conformance.transit.table import PARAMETERS, Row

_PROMISE = "Everything holds"


@dataclass(frozen=True)
class Ran:
    """A run.

    Attributes:
        verdicts: the lines of `results.json`, by row and kind of claim.
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
    verdicts = {(rows[line["subjects"][0]], line["claim"]): line for line in lines}
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
        {"id": f"T {number}", "title": kind, "promise": _PROMISE, "tier": 1, "claims": [_claim(kind, rows)]}
        for number, (kind, rows) in enumerate(claims.items(), start=1)
    ]
    profile = {
        "buyer": "Acme GmbH",
        "vendor": "Example CRM Ltd",
        "contract": [{"id": "T", "file": "contract.md"}],
        "network": {"resolvers": list(deployment.resolvers), "ca_file": "certificates/root.pem"},
        "anchors": {"dnssec": ["anchor.txt"]},
        "subjects": {slug(name): _subject(sites[0], table[name]) for name, sites in deployment.sites.items()},
        "clauses": clauses,
    }
    return {**profile, "permission": _permission()} if scan else profile


def _claims(deployment: Deployment, table: Mapping[str, Row]) -> dict[str, list[str]]:
    """The rows about which something is claimed, by the kind of claim."""
    found: dict[str, list[str]] = {}
    for name in deployment.sites:
        for kind in table[name].verdicts:
            found.setdefault(kind, []).append(name)
    return found


def _claim(kind: str, rows: list[str]) -> dict[str, Any]:
    return {kind: {"where": [slug(name) for name in rows], **PARAMETERS.get(kind, {})}}


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
