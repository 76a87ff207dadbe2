"""What does distance cost? Our runs and the tools that answer the same question, on fleets here and far away.

Run as root with `.venv/bin/python -m benchmarks.far`; needs Linux with network namespaces and TUN, util-linux, iproute2
and nginx; takes about six minutes. In a namespace of its own, whatever is sent to a fleet comes back half a round
trip later as if sent from there, so that one nginx answers on every address, far away. The fleets, the tools and how
they are measured are those of `benchmarks/transit.py`; each row is the fastest of a few processes, or the only one if
it takes long. The ratio is to sslyze's endpoints a second at the same distance. How many endpoints a tool is given
depends on how long it takes there.

No look can be made in less than two round trips, one for TCP and one for the hello's answer. An endpoint takes two
hellos, and over all addresses so many connections are open at once as `clauseproof.probes.traffic` allows, so that a
fleet waits for several times two round trips; what is computed meanwhile need not be computed later.
"""

import fcntl
import multiprocessing
import os
import resource
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.transit import FLEET, SETTINGS, SSLYZE, Cost, Fleet, free_ports, library, measured, nginx, profile, run

ENDPOINTS = 500
"""Of the modern fleet, whose run far away is compared with the one here."""
ROUND_TRIP_S = 0.08
RUNS, LONG_S = 3, 10
"""What takes so many seconds is run once."""
MODERN = "clauseproof run, fast, modern"
HELLOS, ROUND_TRIPS, AT_ONCE = 2, 2, 400
SSLSCAN = ["--no-ciphersuites", "--no-fallback", "--no-renegotiation", "--no-heartbleed"]
TESTSSL = ["-p", "--warnings", "off"]
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_DEVICE = "far0"


class Away(Fleet):
    """Each kind has a network, 10.1.0.0/16 and so on; nginx meets it at an address of its own, 10.0.0.1 and so on."""

    def addresses(self, count: int, kinds: Sequence[int] = (0, 1, 2)) -> list[str]:
        """As on loopback, in these networks."""
        return [address.replace("127.", "10.", 1) for address in super().addresses(count, kinds)]

    def servers(self) -> list[str]:
        """One server block per kind."""
        listens = [f"listen 10.0.0.{kind}:{self.port} ssl backlog=4096;" for kind in range(1, len(SETTINGS) + 1)]
        return [f"server {{ {listen} {own} return 200; }}" for listen, own in zip(listens, SETTINGS, strict=True)]


@dataclass(frozen=True)
class Counts:
    """Endpoints given to the slow ones, so that each ends within a minute, both engines within two."""

    sslyze: int
    both: int
    sslscan: int
    testssl: int


NEAR = Counts(sslyze=30, both=200, sslscan=100, testssl=3)
FAR = Counts(sslyze=30, both=12, sslscan=3, testssl=3)


@contextmanager
def distance(round_trip_s: float) -> Iterator[None]:
    """The fleet lies so far away; one at a time."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", _DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    ip(f"link set {_DEVICE} up txqueuelen 20000")
    for kind in range(1, len(SETTINGS) + 1):  # what comes back is sent to where it came from
        ip(f"route add 10.{kind}.0.0/16 dev {_DEVICE} src 10.0.0.{kind}")
    line = multiprocessing.get_context("fork").Process(target=carry, args=(device, round_trip_s / 2), daemon=True)
    line.start()
    try:
        yield
    finally:
        line.terminate()
        line.join()
        os.close(device)


def ip(words: str) -> None:
    """Change the namespace's network."""
    subprocess.run(["ip", *words.split()], check=True)


def carry(device: int, delay_s: float) -> None:
    """Send every IPv4 packet back after a while with its addresses exchanged, which leaves all checksums right."""
    waiting: deque[tuple[float, bytes]] = deque()
    while True:
        patience_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([device], [], [], patience_s)[0]:
            packet = os.read(device, 65535)
            if packet[0] >> 4 == 4:
                turned = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
                waiting.append((time.monotonic() + delay_s, turned))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(device, waiting.popleft()[1])


def jobs(chosen: Fleet, counts: Counts) -> list[Callable[[Path], Cost]]:
    """Every tool, each to be run with a folder of its own; sslyze first, as the measure of the others."""
    few, mixed, modern = chosen.addresses(counts.sslyze), chosen.addresses(FLEET), chosen.addresses(FLEET, [0])
    return [
        lambda _: library("sslyze, minimum commands", chosen, few, SSLYZE),
        lambda folder: run("clauseproof run, fast, mixed", chosen, mixed, folder, "fast"),
        lambda folder: run(MODERN, chosen, modern, folder, "fast"),
        lambda folder: run(MODERN, chosen, modern[:ENDPOINTS], folder, "fast"),
        partial(both, chosen, chosen.addresses(counts.both)),
        *others(chosen, counts),
    ]


def both(chosen: Fleet, addresses: Sequence[str], folder: Path) -> Cost:
    """A whole run with both engines, which may scan where these fleets are."""
    written = profile(folder, chosen, addresses, "full")
    written.write_text(written.read_text().replace("127.0.0.0/8", "10.0.0.0/8"))
    command: list[str | Path] = [Path(sys.executable).with_name("clauseproof"), "run", written, "--out", folder / "run"]
    return measured("clauseproof run, both engines", chosen, len(addresses), command, [0, 1, 6])


def others(chosen: Fleet, counts: Counts) -> Iterator[Callable[[Path], Cost]]:
    """The tools that are installed, which take one endpoint after the other."""
    for name, endpoints, options in (("sslscan", counts.sslscan, SSLSCAN), ("testssl.sh", counts.testssl, TESTSSL)):
        program = shutil.which(name) or shutil.which(name.removesuffix(".sh"))  # as Debian calls it
        if program is not None:
            yield partial(in_turn, name, [program, *options], chosen, chosen.addresses(endpoints))


def in_turn(name: str, command: Sequence[str], chosen: Fleet, addresses: Sequence[str], folder: Path) -> Cost:
    """A tool started once per endpoint."""
    folder.mkdir()
    targets = folder / "targets"
    targets.write_text("".join(f"{address}:{chosen.port}\n" for address in addresses))
    words: list[str | Path] = ["xargs", "--arg-file", targets, "--max-args", "1", *command]
    return measured(name, chosen, len(addresses), words, range(256))


def fastest(job: Callable[[Path], Cost], folder: Path) -> Cost:
    """Of a few runs, or the only one of what takes long."""
    folder.mkdir()
    costs: list[Cost] = []
    while len(costs) < RUNS and (not costs or costs[-1].wall_s < LONG_S):
        costs.append(job(folder / str(len(costs))))
    return min(costs, key=lambda cost: cost.wall_s)


def table(folder: Path, chosen: Fleet, counts: Counts, round_trip_s: float) -> float:
    """Print this distance's rows; seconds of `ENDPOINTS` modern ones."""
    folder.mkdir()
    costs: list[Cost] = []
    with distance(round_trip_s):
        for number, job in enumerate(jobs(chosen, counts)):
            cost = fastest(job, folder / str(number))
            costs.append(cost)
            print(
                f"{1000 * round_trip_s:3.0f} ms  {cost.name:34}{cost.endpoints:6,}{cost.wall_s:8.2f}s{cost.rate:8.2f}/s"
                f"{cost.rate / costs[0].rate:8.2f}x{cost.memory_mib:7.0f}MiB{cost.connections / cost.endpoints:9.1f}",
                flush=True,
            )
    modern = next(cost for cost in costs if (cost.name, cost.endpoints) == (MODERN, ENDPOINTS))
    if modern.connections != HELLOS * ENDPOINTS:
        raise SystemExit(f"nginx met {modern.connections} hellos")
    return modern.wall_s


def main() -> None:
    """Measure and print."""
    ip("link set lo up")
    for kind in range(1, len(SETTINGS) + 1):
        ip(f"address add 10.0.0.{kind}/32 dev lo")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles a program whenever it starts
    print(f"{'away':8}{'':34}{'ends':>6}{'wall':>9}{'rate':>10}{'ratio':>9}{'memory':>10}{'each':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder, chosen = Path(name), Away(*free_ports(2))
        os.environ["CLAUSEPROOF_HOME"] = str(folder / "home")
        with nginx(folder, chosen, chosen.servers()):
            near_s = table(folder / "near", chosen, NEAR, 0)
            far_s = table(folder / "far", chosen, FAR, ROUND_TRIP_S)
    look_s = ROUND_TRIPS * ROUND_TRIP_S
    print(f"{ENDPOINTS} endpoints here: {near_s:.2f} s; a round trip of {1000 * ROUND_TRIP_S:g} ms away: {far_s:.2f} s")
    print(
        f"longer by {far_s - near_s:.2f} s; a look waits {look_s:g} s, all of them, {AT_ONCE} hellos at once, ", end=""
    )
    print(f"{look_s * HELLOS * ENDPOINTS / AT_ONCE:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        main()
    else:
        command = ["unshare", "--net", sys.executable, "-m", "benchmarks.far", "inside"]
        os.execvp("unshare", command)
