"""The way to an endpoint and the limits of its connections, from the words of a user to the wire and the record."""

import json
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import certifi
import pytest

from clauseproof.doors.assembly import prepare
from clauseproof.probes import deep, traffic
from clauseproof.probes import tls as sslyze_port
from clauseproof.sandbox.kms.proxy import ConnectProxy
from tests.doors.deployment import clauseproof, pytest_door
from tests.support.certificates import authority, leaf
from tests.support.proxies import Led, connect_proxy
from tests.support.tls import Talk, V, listening, tls

NAME = "api.crm.example"
ROOT = authority()
PROFILE = """
buyer: Acme GmbH
vendor: Example CRM Ltd
contract:
  - {{id: DPA, file: contract.md}}
network: {{ca_file: root.pem}}
permission:
  granted_by: V. Endor
  valid: {{from: 2026-01-01, to: 2099-12-31}}
  hosts: [{name}, 127.0.0.1]
  allows: [scan]
subjects:
  api: {{endpoint: "https://{name}{port}", {way}}}
clauses:
  - id: DPA 1
    title: Encryption in transit
    promise: "TLS 1.3 or higher shall be used for every connection."
    tier: 1
    claims:
      - tls-floor: {{where: api, at_least: TLS 1.3, words: TLS 1.3 or higher}}
      - certificate: {{where: api}}
"""
Door = Callable[..., "subprocess.CompletedProcess[str]"]


def write(folder: Path, way: str, port: str = "") -> None:
    """A profile whose endpoint is reached in a way, and what it names."""
    (folder / "contract.md").write_text("TLS 1.3 or higher shall be used for every connection.\n")
    (folder / "root.pem").write_bytes(ROOT.pem)
    (folder / "proxy.secret").write_text("hunter2\n")
    (folder / "p.yaml").write_text(PROFILE.format(name=NAME, way=way, port=port))


def rulings(run: Path) -> dict[str, str]:
    return {one["claim"]: one["verdict"] for one in json.loads((run / "results.json").read_text())["verdicts"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    return tls(leaf(ROOT, NAME).write(tmp_path_factory.mktemp("server")), V.TLSv1_3)


def test_a_run_through_a_proxy_says_so_in_every_observation_and_verifies(server: Talk, tmp_path: Path) -> None:
    with listening(server) as port, ConnectProxy({NAME: ("127.0.0.1", port)}) as proxy:
        write(tmp_path, f'proxy: "{proxy.url}"')
        ran = clauseproof(tmp_path, "run", "p.yaml", "--out", "run")
    assert ran.returncode == 6, ran.stderr
    seen = [json.loads(line) for line in (tmp_path / "run" / "observations.jsonl").read_text().splitlines()]
    ways = {one["kind"]: one["way"] for one in seen}
    assert {kind for kind, way in ways.items() if way == proxy.url} == {"dns.resolution", "tls.offers", "tls.chain"}
    assert ways["tls.scan"] == "direct"
    # The vendor's authority is the profile's own, and so could be a proxy's: nothing is decided.
    assert rulings(tmp_path / "run") == {"tls-floor": "inconclusive", "certificate": "inconclusive"}
    assert clauseproof(tmp_path, "verify", "run").returncode == 0


def test_the_public_roots_are_told_apart_from_the_profiles_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUSEPROOF_HOME", str(tmp_path / "home"))
    write(tmp_path, "addresses: [127.0.0.1]")
    anchors = prepare(tmp_path / "p.yaml").anchors
    assert anchors.tls == (ROOT.pem, Path(certifi.where()).read_bytes())
    assert anchors.public == anchors.tls[1:]


def test_the_proxys_password_is_nowhere_in_the_run(server: Talk, tmp_path: Path) -> None:
    led = Led({}, "tester:hunter2")
    with listening(server) as port, listening(connect_proxy(led)) as outer:
        led.to[f"{NAME}:443"] = ("127.0.0.1", port)
        secret = '"${file:proxy.secret}"'
        (tmp_path / "user.secret").write_text("tester")
        user = '"${file:user.secret}"'
        write(tmp_path, f'proxy: "http://127.0.0.1:{outer}", proxy_user: {user}, proxy_password: {secret}')
        ran = clauseproof(tmp_path, "run", "p.yaml", "--out", "run")
    assert led.logins, ran.stderr
    assert set(led.logins) == {"tester:hunter2"}
    told = [path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert not any(b"hunter2" in data or b"dGVzdGVyOmh1bnRlcjI" in data for data in told)
    assert any(b"${file:proxy.secret}" in data for data in told)


@pytest.mark.parametrize("door", ["run", "validate"])
def test_a_password_in_a_profile_is_refused_with_its_line_and_not_repeated(tmp_path: Path, door: str) -> None:
    write(tmp_path, 'proxy: "http://tester:hunter2@proxy.poc.example:3128"')
    ran = clauseproof(tmp_path, door, "p.yaml")
    assert ran.returncode == 2
    assert "p.yaml:13:" in ran.stderr
    assert "name proxy_user and proxy_password" in ran.stderr
    assert "hunter2" not in ran.stdout + ran.stderr


@dataclass
class Counted:
    """A server that counts its connections."""

    talk: Talk
    lock: threading.Lock = field(default_factory=threading.Lock)
    open: int = 0
    most: int = 0
    all: int = 0

    def __call__(self, connection: socket.socket) -> None:
        with self.lock:
            self.open, self.all = self.open + 1, self.all + 1
            self.most = max(self.most, self.open)
        try:
            self.talk(connection)
        finally:
            with self.lock:
                self.open -= 1


@pytest.mark.parametrize(("words", "most"), [((), traffic.AT_ONCE), (("--connections-per-address", "1"), 1)])
def test_a_run_keeps_to_the_limit_of_connections_over_all_its_looks(
    server: Talk, tmp_path: Path, words: tuple[str, ...], most: int
) -> None:
    counted = Counted(server)
    with listening(counted) as port:
        write(tmp_path, "addresses: [127.0.0.1]", f":{port}")
        assert clauseproof(tmp_path, "run", "p.yaml", "--out", "run", *words).returncode == 0
    assert 1 <= counted.most <= most + 2  # a closed connection is noticed a little later by the server
    assert 100 < counted.all < deep.MOST_CONNECTIONS


@pytest.mark.parametrize("door", [clauseproof, pytest_door])
@pytest.mark.parametrize("limit", ["0", "1001"])
def test_a_limit_that_is_none_is_a_usage_error_at_both_doors(tmp_path: Path, door: Door, limit: str) -> None:
    write(tmp_path, "addresses: [127.0.0.1]")
    words = ("run", "p.yaml") if door is clauseproof else ("--profile", "p.yaml", "p.yaml")
    ran = door(tmp_path, *words, "--connections-per-second", limit)
    assert ran.returncode in (2, 4)
    assert f"{limit} is no limit of connections to an address" in ran.stderr


def test_the_defaults_are_shown_where_they_can_be_changed(tmp_path: Path) -> None:
    shown = " ".join(clauseproof(tmp_path, "run", "--help").stdout.split())
    assert f"open at the same time (default: {traffic.AT_ONCE})" in shown
    assert (
        f"begun to one address (default: {traffic.PER_SECOND}; a permitted scan: as fast as five at once go)" in shown
    )
    assert sslyze_port.CONNECTIONS_AT_ONCE == 5
