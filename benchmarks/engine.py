"""What the engine itself costs: start-up, judging a recorded run, judging through pytest, many looks at once.

Run with `.venv/bin/python benchmarks/engine.py`. Each row is one process, timed from outside; the peer in its row is
the least that any program must do for the same job on this machine, so that ratios hold where absolute times do not.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CLAIMS, SUBJECTS = 100, 100
CHECKS = '''
"""A family that costs nothing to look at."""

import asyncio
from collections.abc import Iterator
from typing import ClassVar

from clauseproof import Assurance, Claim, Facts, Finding, Permission, Subject, broken, check, holds, probe


class Gauge(Subject):
    """A gauge and how long a look at it takes."""

    key: ClassVar[str] = "gauge"
    gauge: str
    takes_s: float = 0


class Level(Facts):
    """What it shows."""

    kind = "bench.level"
    ceiling = Assurance.OBSERVED
    level: int
    samples: tuple[float, ...]


@probe(permission=Permission.CONNECT)
async def level(gauge: Gauge) -> Level:
    """Waits, then reads."""
    await asyncio.sleep(gauge.takes_s)
    return Level(level=int(gauge.gauge), samples=tuple(float(n) for n in range(20)))


class AtLeast(Claim):
    """The gauge shows at least so much."""

    least: int


@check("at-least")
def at_least(claim: AtLeast, level: Level) -> Iterator[Finding]:
    """Compares."""
    if level.level < claim.least:
        yield broken(f"shows {level.level}, less than {claim.least}")
    else:
        yield holds(f"shows {level.level}")
'''
PEER_JUDGE = """
import json, sys
for line in open(sys.argv[1]):
    json.loads(line)
"""
PEER_PYTEST = """
import pytest
@pytest.mark.parametrize("n", range({count}))
def test_nothing(n):
    pass
"""
LOOKS = """
import sys, time
from pathlib import Path
from clauseproof.doors.session import Session, Wishes
session = Session(Path(sys.argv[1]), Wishes(out=Path(sys.argv[2])))
began = time.perf_counter()
session.begin()
session.run.observer.wait()
print(time.perf_counter() - began)
session.finish()
"""
PEER_LOOKS = """
import asyncio, time
async def main():
    await asyncio.gather(*(asyncio.sleep(0.16) for _ in range(1000)))
began = time.perf_counter()
asyncio.run(main())
print(time.perf_counter() - began)
"""


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and MiB of memory of one process."""

    wall_s: float
    memory_mib: float


def profile(folder: Path, claims: int, subjects: int, takes_s: float) -> Path:
    """Write a deployment of so many claims on so many gauges."""
    names = [f"g{number}" for number in range(subjects)]
    lines = ["buyer: Bench Ltd", "vendor: Gauge Ltd", "contract:", "  - {id: C, file: contract.md}", "subjects:"]
    lines += [f'  {name}: {{gauge: "{number}", takes_s: {takes_s}}}' for number, name in enumerate(names)]
    lines.append("clauses:")
    for number in range(claims):
        lines += [
            f"  - id: C {number}",
            f"    title: Level {number}",
            f'    promise: "Level {number} shall be kept."',
            "    tier: 3",
            "    claims:",
            f"      - at-least: {{where: [{', '.join(names)}], least: 50}}",
        ]
    promises = "\n\n".join(f"{number}. Level {number} shall be kept." for number in range(claims))
    (folder / "checks").mkdir(parents=True)
    (folder / "checks" / "gauges.py").write_text(CHECKS)
    (folder / "contract.md").write_text(f"# Contract\n\n{promises}\n")
    path = folder / "bench.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def timed(command: Sequence[str | Path], expect: tuple[int, ...] = (0,)) -> Cost:
    """Run a command to its end and measure it."""
    began = time.perf_counter()
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expect:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return Cost(time.perf_counter() - began, usage.ru_maxrss / 1024)


def inside(command: Sequence[str | Path]) -> Cost:
    """Run a command that prints the seconds of its own that count; its memory is the whole process's."""
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(float(said), usage.ru_maxrss / 1024)


def best(command: Sequence[str | Path], runs: int = 3, expect: tuple[int, ...] = (0,)) -> Cost:
    """The fastest of some runs: the machine's noise only ever adds."""
    return min((timed(command, expect) for _ in range(runs)), key=lambda cost: cost.wall_s)


def rows(folder: Path) -> list[tuple[str, Cost, str, Cost, str]]:
    """Measure everything: name, ours, peer's name, peer's, target."""
    python, clauseproof = Path(sys.executable), Path(sys.executable).with_name("clauseproof")
    os.environ["CLAUSEPROOF_HOME"] = str(folder / "home")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles a program whenever it starts
    made = [
        (
            "clauseproof --help",
            best([clauseproof, "--help"], 5),
            "python -c pass",
            best([python, "-c", "pass"], 5),
            "0.3 s",
        )
    ]

    many = profile(folder / "many", CLAIMS, SUBJECTS, 0)
    recorded = folder / "recorded"
    timed([clauseproof, "run", many, "--out", recorded])
    peer = best([python, "-c", PEER_JUDGE, recorded / "verdicts.jsonl"])
    judged = best([clauseproof, "judge", recorded])
    made.append(
        (f"judge {CLAIMS * SUBJECTS:,} claims again", judged, "json.loads of its verdicts", peer, "2 s, 150 MiB")
    )

    plain = folder / "plain" / "test_plain.py"
    plain.parent.mkdir()
    plain.write_text(PEER_PYTEST.format(count=CLAIMS * SUBJECTS))
    door: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        many.parent / "checks",
        "--profile",
        many,
    ]
    door += ["--rootdir", many.parent, "--out"]
    through = min((timed([*door, folder / f"pytest{n}"], (1,)) for n in range(2)), key=lambda cost: cost.wall_s)
    empty = best([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", plain], 2)
    made.append((f"run {CLAIMS * SUBJECTS:,} claims through pytest", through, "as many empty tests", empty, "10 s"))

    slow = profile(folder / "slow", 1, 1000, 0.16)
    asleep = min((inside([python, "-c", PEER_LOOKS]) for _ in range(3)), key=lambda cost: cost.wall_s)
    looks = [inside([python, "-c", LOOKS, slow, folder / f"slow{n}"]) for n in range(3)]
    made.append(
        (
            "make 1,000 looks of 0.16 s",
            min(looks, key=lambda cost: cost.wall_s),
            "asyncio.sleep, 1,000 at once",
            asleep,
            "1 s",
        )
    )
    return made


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        table = rows(Path(name))
    print(f"{'job':44}{'wall':>8}{'memory':>10}   {'peer':34}{'wall':>8}{'ratio':>8}   target")
    for job, ours, peer, theirs, target in table:
        cost = f"{job:44}{ours.wall_s:7.2f}s{ours.memory_mib:7.0f}MiB"
        print(f"{cost}   {peer:34}{theirs.wall_s:7.2f}s{ours.wall_s / theirs.wall_s:7.1f}x   {target}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
