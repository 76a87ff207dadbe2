"""How much longer does a fleet take that is far away?

Run as root with `.venv/bin/python -m benchmarks.far`; needs Linux with network namespaces and TUN, util-linux, iproute2
and nginx. In a namespace of its own, whatever is sent to 10.99.0.0/16 comes back half a round trip later as if sent
from there, so that one nginx answers on every address, far away. Each figure is the fastest of a few whole runs of
`tls-floor`, fast.

No look can be made in less than two round trips, one for TCP and one for the hello's answer. An endpoint takes two
hellos, and over all addresses so many connections are open at once as `clauseproof.probes.traffic` allows, so that a
fleet waits for several times two round trips; what is computed meanwhile need not be computed later.
"""

import fcntl
import multiprocessing
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.transit import SETTINGS, Fleet, free_ports, measured, nginx, profile

ENDPOINTS = 500
ROUND_TRIP_S = 0.08
RUNS = 3
HELLOS, ROUND_TRIPS, AT_ONCE = 2, 2, 400
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_DEVICE = "far0"


@contextmanager
def distance(round_trip_s: float) -> Iterator[None]:
    """10.99.0.0/16 lies so far away; one at a time."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", _DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    for words in (f"address add 10.99.0.1/16 dev {_DEVICE}", f"link set {_DEVICE} up txqueuelen 20000"):
        subprocess.run(["ip", *words.split()], check=True)
    line = multiprocessing.get_context("fork").Process(target=carry, args=(device, round_trip_s / 2), daemon=True)
    line.start()
    try:
        yield
    finally:
        line.terminate()
        line.join()
        os.close(device)


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


def best(folder: Path, chosen: Fleet, round_trip_s: float) -> float:
    """Seconds of the fastest run."""
    addresses = [f"10.99.{1 + number // 250}.{number % 250 + 1}" for number in range(ENDPOINTS)]
    written = profile(folder / f"{round_trip_s:g}", chosen, addresses, "fast")
    clauseproof = Path(sys.executable).with_name("clauseproof")
    with distance(round_trip_s):
        outs = [written.parent / f"run{number}" for number in range(RUNS)]
        runs = [measured("run", chosen, ENDPOINTS, [clauseproof, "run", written, "--out", out], [0]) for out in outs]
    if any(run.connections != HELLOS * ENDPOINTS for run in runs):
        raise SystemExit(f"nginx met {[run.connections for run in runs]} hellos")
    return min(run.wall_s for run in runs)


def main() -> None:
    """Measure and print."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles a program whenever it starts
    with tempfile.TemporaryDirectory() as name:
        folder, chosen = Path(name), Fleet(*free_ports(2))
        os.environ["CLAUSEPROOF_HOME"] = str(folder / "home")
        server = f"server {{ listen {chosen.port} ssl backlog=4096; {SETTINGS[0]} return 200; }}"
        with nginx(folder, chosen, [server]):
            near_s, far_s = best(folder, chosen, 0), best(folder, chosen, ROUND_TRIP_S)
    look_s = ROUND_TRIPS * ROUND_TRIP_S
    print(f"{ENDPOINTS} endpoints here: {near_s:.2f} s; a round trip of {1000 * ROUND_TRIP_S:g} ms away: {far_s:.2f} s")
    print(
        f"longer by {far_s - near_s:.2f} s; a look waits {look_s:g} s, all of them, {AT_ONCE} hellos at once, ", end=""
    )
    print(f"{look_s * HELLOS * ENDPOINTS / AT_ONCE:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        main()
    else:
        command = ["unshare", "--net", sys.executable, "-m", "benchmarks.far", "inside"]
        os.execvp("unshare", command)
