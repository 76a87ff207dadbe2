"""Which versions of TLS does a fleet accept? Our hellos beside the tools that answer the same question.

Run with `.venv/bin/python benchmarks/transit.py`; needs nginx (Debian: apt-get install nginx-light). Every tool meets
the same nginx on loopback, one address per endpoint. In the mixed fleet a third speak TLS 1.3 only, a third 1.2 and
1.3, a third 1.0 to 1.3; in the modern one all speak TLS 1.3 only, so that two hellos answer the question. Each row is
one process, timed and measured from outside, on a machine that it shares with nginx: ratios hold where absolute times
do not. nginx counts the connections. `benchmarks/far.py` moves the fleet away.

No tool can be faster than the time that a name, a TCP handshake and one hello with its answer take, with all hellos in
flight at once: two round trips after the name.
"""

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FLEET = 1000
ROUNDS = 3
"""Of the rows that take seconds; the fastest of each counts, when Python has compiled what it imports."""
SETTINGS = (
    "ssl_protocols TLSv1.3;",
    "ssl_protocols TLSv1.2 TLSv1.3;",
    "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;",
)
NGINX = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log /dev/null crit;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  ssl_certificate {folder}/server.pem;
  ssl_certificate_key {folder}/server.pem;
  {temporary}
  server {{ listen 127.0.0.1:{count_port}; location / {{ stub_status; }} }}
  {servers}
}}
"""
SSLYZE = """
import sys
from sslyze import Scanner, ScanCommand, ServerNetworkConfiguration, ServerNetworkLocation, ServerScanRequest

port, *addresses = sys.argv[1:]
versions = "ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3"
commands = {ScanCommand(f"{version}_cipher_suites") for version in versions}
scanner = Scanner()
scanner.queue_scans(
    ServerScanRequest(
        ServerNetworkLocation("api.example", int(port), address), ServerNetworkConfiguration("api.example"), commands
    )
    for address in addresses
)
assert sum(result.scan_result is not None for result in scanner.get_results()) == len(addresses)
"""
HELLOS = """
import asyncio, sys
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.hello import Answers
from clauseproof.model.look import Look
from clauseproof.probes.dns import resolution
from clauseproof.probes.hello.offers import offers

async def one(endpoint):
    facts = await offers(endpoint, await resolution(endpoint, Look()), Look(keep=lambda data: "sha256:"))
    assert isinstance(facts.per_address[0].answers, Answers), facts

async def main(port, addresses):
    urls = [f"https://{address}:{port}" for address in addresses]
    names = [Endpoint(endpoint=url, server_name="api.example", depth="fast") for url in urls]
    await asyncio.gather(*map(one, names))

asyncio.run(main(sys.argv[1], sys.argv[2:]))
"""


@dataclass(frozen=True)
class Fleet:
    """nginx on `FLEET` addresses of each kind at one port; another port tells how many connections it accepted."""

    port: int
    count_port: int

    def addresses(self, count: int, kinds: Sequence[int] = (0, 1, 2)) -> list[str]:
        """The first addresses of these configurations, each in turn."""
        places = [divmod(number, len(kinds)) for number in range(count)]
        return [f"127.{kinds[kind] + 1}.{nth // 250}.{nth % 250 + 1}" for nth, kind in places]

    def accepted(self) -> int:
        """Connections accepted so far, this one included."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.count_port}/", timeout=5) as answer:
            return int(answer.read().split()[7])


@dataclass(frozen=True)
class Cost:
    """One process: endpoints looked at, seconds, MiB at most, connections made."""

    name: str
    endpoints: int
    wall_s: float
    memory_mib: float
    connections: int

    @property
    def rate(self) -> float:
        """Endpoints in a second."""
        return self.endpoints / self.wall_s


@contextmanager
def fleet(folder: Path) -> Iterator[Fleet]:
    """One server block per setting, each on addresses of its own."""
    chosen = Fleet(*free_ports(2))
    servers = []
    for kind, settings in enumerate(SETTINGS):
        listens = "\n".join(f"listen {address}:{chosen.port} ssl;" for address in chosen.addresses(FLEET, [kind]))
        servers.append(f"server {{ {listens} {settings} return 200; }}")
    with nginx(folder, chosen, servers):
        yield chosen


@contextmanager
def nginx(folder: Path, chosen: Fleet, servers: Sequence[str]) -> Iterator[None]:
    """Start nginx with these server blocks, and end it."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise SystemExit("nginx is not installed (Debian: apt-get install nginx-light)")
    certificate(folder / "server.pem")
    path = folder / "nginx.conf"
    path.write_text(configuration(folder, chosen, servers))
    with subprocess.Popen([program, "-p", str(folder), "-c", str(path), "-e", "/dev/null"]) as process:
        try:
            wait_for(chosen, process)
            yield
        finally:
            process.terminate()


def configuration(folder: Path, chosen: Fleet, servers: Sequence[str]) -> str:
    """All that nginx writes lies in the folder."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return NGINX.format(folder=folder, temporary=temporary, count_port=chosen.count_port, servers="\n".join(servers))


def certificate(path: Path) -> None:
    """A key of P-256 and its certificate."""
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=api.example", "-addext", "subjectAltName=DNS:api.example"]
    subprocess.run([*command, "-keyout", path, "-out", path.with_suffix(".crt")], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(chosen: Fleet, process: "subprocess.Popen[bytes]") -> None:
    """Until nginx answers."""
    for _ in range(100):
        try:
            chosen.accepted()
        except OSError:
            time.sleep(0.1)
        else:
            return
        if process.poll() is not None:
            break
    raise SystemExit("nginx did not start")


def measured(name: str, chosen: Fleet, endpoints: int, command: Sequence[str | Path], expect: Sequence[int]) -> Cost:
    """Run one process to its end."""
    before, began = chosen.accepted(), time.perf_counter()
    words = list(map(str, command))
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began
    if process.returncode not in expect:
        raise SystemExit(f"{name} ended with {process.returncode}")
    return Cost(name, endpoints, wall_s, usage.ru_maxrss / 1024, chosen.accepted() - before - 1)


def profile(folder: Path, chosen: Fleet, addresses: Sequence[str], depth: str) -> Path:
    """A deployment of endpoints at fixed addresses, under one clause; a full look may scan."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    lines = ["buyer: Bench Ltd", "vendor: Fleet Ltd", "contract:", "  - {id: C, file: contract.md}"]
    if depth == "full":
        lines += ["permission:", "  granted_by: Fleet Ltd", f"  valid: {{from: {today}, to: {today}}}"]
        lines += ["  hosts: [127.0.0.0/8]", "  allows: [scan]"]
    lines.append("subjects:")
    lines += [
        f'  e{number}: {{endpoint: "https://{address}:{chosen.port}", server_name: api.example, depth: {depth}}}'
        for number, address in enumerate(addresses)
    ]
    where = ", ".join(f"e{number}" for number in range(len(addresses)))
    lines += ["clauses:", "  - id: C 1", "    title: Transit", '    promise: "TLS 1.3 shall be used."', "    tier: 1"]
    lines += ["    claims:", f"      - tls-floor: {{where: [{where}]}}"]
    folder.mkdir()
    (folder / "contract.md").write_text("1. TLS 1.3 shall be used.\n")
    path = folder / "profile.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def rows(folder: Path, chosen: Fleet) -> Iterator[Cost]:
    """Every tool; sslyze first, as the measure of the others."""
    os.environ["CLAUSEPROOF_HOME"] = str(folder / "home")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles a program whenever it starts
    rounds = [quick(folder / str(number), chosen) for number in range(ROUNDS)]
    for costs in zip(*rounds, strict=True):
        yield min(costs, key=lambda cost: cost.wall_s)
    for endpoints in (200, 400):  # which take the same memory
        name = "clauseproof run, both engines"
        yield run(name, chosen, chosen.addresses(endpoints), folder / f"both-{endpoints}", "full")
    yield from others(chosen)


def quick(folder: Path, chosen: Fleet) -> list[Cost]:
    """What takes seconds, not minutes, one after the other, so that a busy machine is so for all."""
    folder.mkdir()
    few, mixed, modern = chosen.addresses(30), chosen.addresses(FLEET), chosen.addresses(FLEET, [0])
    return [
        library("sslyze, minimum commands", chosen, few, SSLYZE),
        library("our hellos, mixed", chosen, mixed, HELLOS),
        library("our hellos, modern", chosen, modern, HELLOS),
        run("clauseproof run, fast, mixed", chosen, mixed, folder / "mixed", "fast"),
        run("clauseproof run, fast, modern", chosen, modern, folder / "modern", "fast"),
    ]


def library(name: str, chosen: Fleet, addresses: Sequence[str], code: str) -> Cost:
    """A Python library, asked by a few lines of code."""
    return measured(name, chosen, len(addresses), [sys.executable, "-c", code, str(chosen.port), *addresses], [0])


def run(name: str, chosen: Fleet, addresses: Sequence[str], folder: Path, depth: str) -> Cost:
    """A whole run: recorded, judged, reported and signed."""
    written = profile(folder, chosen, addresses, depth)
    program = Path(sys.executable).with_name("clauseproof")
    return measured(name, chosen, len(addresses), [program, "run", written, "--out", folder / "run"], [0, 1, 6])


def others(chosen: Fleet) -> Iterator[Cost]:
    """The tools that are installed."""
    for name, endpoints, options in (
        ("sslscan", 100, ["--no-ciphersuites", "--no-fallback", "--no-renegotiation", "--no-heartbleed"]),
        ("testssl.sh", 3, ["-p", "--warnings", "off"]),
    ):
        program = shutil.which(name) or shutil.which(name.removesuffix(".sh"))  # as Debian calls it
        if program is not None:
            targets = [f"{address}:{chosen.port}" for address in chosen.addresses(endpoints)]
            script = 'program=$1; shift; for target in "$@"; do "$program" ' + " ".join(options) + ' "$target"; done'
            command = ["sh", "-c", script, "sh", program, *targets]
            yield measured(name, chosen, endpoints, command, range(256))


def main() -> None:
    """Print the table."""
    print(f"{'':34}{'endpoints':>10}{'wall':>9}{'rate':>10}{'ratio':>8}{'memory':>10}{'connections':>14}")
    measure: float | None = None
    with tempfile.TemporaryDirectory() as name, fleet(Path(name)) as chosen:
        for cost in rows(Path(name), chosen):
            measure = measure or cost.rate
            print(
                f"{cost.name:34}{cost.endpoints:10,}{cost.wall_s:8.2f}s{cost.rate:8.1f}/s{cost.rate / measure:7.1f}x"
                f"{cost.memory_mib:7.0f}MiB{cost.connections / cost.endpoints:9.1f} each"
            )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
