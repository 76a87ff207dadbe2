"""Claims about names, web and mail through the whole house: looked at, recorded, judged, judged again, verified."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clauseproof.hardware.dnsanchors import IANA
from clauseproof.ledger.read import LedgerReader
from tests.doors.deployment import clauseproof
from tests.support.certificates import leaf
from tests.support.clients import CLIENT, asking, key_of, pems
from tests.support.signed import Zone, anchor
from tests.support.smtp import ROOT, ROOT_ZONE, Mail, running
from tests.support.tls import listening
from tests.support.web import http, https, response

NAME = "api.crm.example"
PROFILE = """
buyer: Acme GmbH
vendor: Example CRM Ltd
contract:
  - {{id: DPA, file: contract.md}}
network: {{resolvers: ["{resolver}"], ca_file: root.pem}}
{anchors}
subjects:
  api: {{endpoint: "https://api.crm.example:{api}", private_addresses: true, http_port: {http}}}
  internal:
    endpoint: "https://api.crm.example:{internal}"
    private_addresses: true
    client: {{certificate: client.pem, key: "${{file:client.key}}"}}
  mail: {{mail_domain: crm.example, smtp_port: {smtp}, policy_port: {policy}, private_addresses: true}}
clauses:
  - id: DPA 1
    title: Names, web and mail
    promise: "Names are signed, pages come by TLS only, and mail is encrypted."
    tier: 1
    claims:
      - dnssec: {{where: [api, mail], words: Names are signed}}
      - caa: {{where: api, issuers: ca.example}}
      - certificate-issuer: {{where: api, issuers: Test Root}}
      - hsts: {{where: api, at_least: 365 days}}
      - no-plaintext: {{where: api, words: pages come by TLS only}}
      - mutual-tls: {{where: internal}}
      - starttls: {{where: mail, enforced_by: dane, words: mail is encrypted}}
"""
KINDS = ("dnssec", "dnssec", "caa", "certificate-issuer", "hsts", "no-plaintext", "mutual-tls", "starttls")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A deployment that keeps its promises, and a run of it by its own anchors and by IANA's."""
    folder = tmp_path_factory.mktemp("deployment")
    server = leaf(ROOT, NAME).write(folder, "server")
    secure = response(200, "Strict-Transport-Security: max-age=63072000")
    zone = Zone("crm.example.", 'api 300 IN A 127.0.0.1\n@ 300 IN CAA 0 issue "ca.example"\n')
    with contextlib.ExitStack() as stack:
        domain, names = stack.enter_context(running(Mail(zone=zone), folder / "mail"))
        ports = {
            "api": stack.enter_context(listening(https(server, secure))),
            "internal": stack.enter_context(listening(https(server, secure, asking(server)))),
            "http": stack.enter_context(listening(http(response(301, f"Location: https://{NAME}/")))),
            "smtp": domain.smtp_port,
            "policy": domain.policy_port,
        }
        _write(folder)
        for run, anchors in (("own", "anchors: {dnssec: [anchor.txt]}"), ("iana", "")):
            text = PROFILE.format(resolver=names.text, anchors=anchors, **ports)
            (folder / f"{run}.yaml").write_text(text)
            clauseproof(folder, "run", f"{run}.yaml", "--out", f"by-{run}")
        yield folder


def _write(folder: Path) -> None:
    (folder / "contract.md").write_text("Names are signed, pages come by TLS only, and mail is encrypted.\n")
    (folder / "root.pem").write_bytes(ROOT.pem)
    (folder / "anchor.txt").write_bytes(anchor(ROOT_ZONE))
    (folder / "client.pem").write_bytes(pems(CLIENT))
    (folder / "client.key").write_text(key_of(CLIENT))


def rulings(run: Path) -> list[tuple[str, str, str]]:
    found = json.loads((run / "results.json").read_text())["verdicts"]
    return [(one["claim"], one["verdict"], one["assurance"]) for one in found]


def test_a_deployment_that_keeps_its_promises_satisfies_every_claim(folder: Path) -> None:
    assert rulings(folder / "by-own") == [
        (kind, "satisfied", "proven" if kind == "dnssec" else "observed") for kind in KINDS
    ]


def test_without_anchors_in_the_profile_those_of_iana_decide(folder: Path) -> None:
    found = {kind: ruling for kind, ruling, _ in rulings(folder / "by-iana")}
    assert (found["dnssec"], found["starttls"]) == ("inconclusive", "inconclusive")
    assert found["hsts"] == "satisfied"


@pytest.mark.parametrize(("run", "trusted"), [("by-own", anchor(ROOT_ZONE)), ("by-iana", IANA)], ids=["own", "iana"])
def test_a_run_keeps_the_anchors_it_was_judged_by(folder: Path, run: str, trusted: bytes) -> None:
    reader = LedgerReader.open(folder / run)
    assert [reader.artifact(digest) for digest in reader.record.dnssec_anchors] == [trusted]


def test_judging_again_needs_nothing_but_the_run(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    clauseproof(folder, "judge", folder / "by-own", "--out", again)
    assert rulings(again) == rulings(folder / "by-own")
    assert LedgerReader.open(again).record.dnssec_anchors == LedgerReader.open(folder / "by-own").record.dnssec_anchors


def test_judging_for_a_day_after_the_signatures_blames_nobody(folder: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    clauseproof(folder, "judge", folder / "by-own", "--at", "2099-01-01", "--out", later)
    found = {kind: ruling for kind, ruling, _ in rulings(later)}
    assert found["dnssec"] == "inconclusive"
    assert found["certificate-issuer"] == "inconclusive"
    assert found["no-plaintext"] == "satisfied"


def test_a_run_verifies(folder: Path) -> None:
    verified = clauseproof(folder, "verify", "by-own")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_no_key_reaches_the_run(folder: Path) -> None:
    secret = key_of(CLIENT).splitlines()[1].encode()
    assert not any(secret in path.read_bytes() for path in (folder / "by-own").rglob("*") if path.is_file())
