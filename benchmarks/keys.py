"""What an inventory of many keys costs: who owns each, and whether it was really rotated.

Run with `.venv/bin/python -m benchmarks.keys [PROWLER]`, PROWLER being the program of a prowler installed elsewhere;
without it its row is left out. Each cost is one process on one moto server, ours from reading the profile to the signed
run and its report. The loop beside it makes the same calls one after the other and keeps nothing. Ratios hold where
absolute times do not: moto shares the machine, and is the slower side.
"""

import contextlib
import json
import os
import string
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

from benchmarks.emulator import ACCOUNT, NEGLECTED, REGION, arn, wire

FAR_S = 0.02
QUOTA = 100
"""ListKeyRotations calls a second that AWS grants an account in a region unless asked for more ("Request quotas")."""
LOOP = f"""
import sys, boto3
kms = boto3.client("kms", region_name="{REGION}")
pages = kms.get_paginator("list_key_rotations")
for arn in open(sys.argv[1]).read().split():
    kms.describe_key(KeyId=arn)
    kms.get_key_rotation_status(KeyId=arn)
    for page in pages.paginate(KeyId=arn):
        page["Rotations"]
"""
PROWLER_CHECKS = (
    "kms_cmk_are_used",
    "kms_cmk_not_deleted_unintentionally",
    "kms_cmk_not_multi_region",
    "kms_cmk_rotation_enabled",
    "kms_key_not_publicly_accessible",
)
"""Its checks that need no other service; those of enclaves search CloudTrail, which moto does not have."""
PROFILE = """buyer: Bench Ltd
vendor: Keys Ltd
contract:
  - {{id: C, file: contract.md}}
subjects:
{subjects}
clauses:
  - id: C 1
    title: Keys
    promise: {promise}
    tier: 3
    claims:
      - customer-managed-key: {{where: [{names}], owner_account: "{account}"}}
      - rotation-schedule: {{where: [{names}], every: 365 days}}
"""
PROMISE = "Keys shall be managed by the customer and rotated every year."


@dataclass(frozen=True)
class Cost:
    """Wall time in s, memory in MiB and API calls per key of one process."""

    wall_s: float
    memory_mib: float
    calls: float

    def __str__(self) -> str:
        return f"{self.wall_s:7.1f}s{self.memory_mib:7.0f}MiB{self.calls:8.2f}"


@dataclass(frozen=True)
class Bench:
    """A folder with a profile and a list of so many keys, and a moto server that has them."""

    folder: Path
    count: int
    port: int

    def cost(self, command: Sequence[str | Path], delay_s: float) -> Cost:
        """Run a command to its end with AWS at the end of a wire."""
        with wire(self.port, delay_s) if delay_s else contextlib.nullcontext(self.port) as port:
            began = time.perf_counter()
            process = subprocess.Popen(
                list(map(str, command)),
                env=self._environment(port),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        return Cost(wall_s, usage.ru_maxrss / 1024, self._calls() / self.count)

    def ours(self, delay_s: float) -> Cost:
        """A run, which must have decided every claim, and rightly."""
        out = Path(tempfile.mkdtemp(dir=self.folder)) / "run"
        cost = self.cost(
            [Path(sys.executable).with_name("clauseproof"), "run", self.folder / "p.yaml", "--out", out], delay_s
        )
        summary = json.loads((out / "results.json").read_text())["summary"]
        neglected = self.count // NEGLECTED
        if (summary["satisfied"], summary["not-satisfied"]) != (2 * self.count - neglected, neglected):
            raise SystemExit(f"the run of {self.count} keys decided otherwise: {summary}")
        return cost

    def loop(self, delay_s: float) -> Cost:
        """The same calls one after the other."""
        return self.cost([sys.executable, "-c", LOOP, self.folder / "arns"], delay_s)

    def prowler(self, program: str, delay_s: float) -> Cost:
        """Prowler's checks of the same keys, to CSV."""
        end = ["--region", REGION, "--no-banner", "-z", "-M", "csv", "-o", str(self.folder / "prowler")]
        return self.cost([program, "aws", "--checks", *PROWLER_CHECKS, *end], delay_s)

    def _calls(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/calls") as answer:
            return sum(json.load(answer).values())

    def _environment(self, port: int) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HOME": str(self.folder),
            "CLAUSEPROOF_HOME": str(self.folder / "home"),
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }


@contextlib.contextmanager
def bench(count: int, quota: int = 0) -> Iterator[Bench]:
    """A moto server with so many keys, and all that clients need to ask for them."""
    command = [sys.executable, "-m", "benchmarks.emulator", str(count), str(quota)]
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server,
    ):
        try:
            write(Path(name), count)
            yield Bench(Path(name), count, int(server.stdout.readline() if server.stdout else 0))
        finally:
            server.terminate()


def write(folder: Path, count: int) -> None:
    """The profile, in few letters: 10,000 keys come close to the 1 MiB that a profile may have."""
    names = ["".join(letters) for letters in islice(product(string.ascii_lowercase, repeat=3), count)]
    subjects = "\n".join(f"  {name}: {{key: {arn(number)}}}" for number, name in enumerate(names))
    text = PROFILE.format(subjects=subjects, names=",".join(names), promise=PROMISE, account=ACCOUNT)
    (folder / "p.yaml").write_text(text)
    (folder / "contract.md").write_text(f"# Contract\n\n{PROMISE}\n")
    (folder / "arns").write_text("\n".join(map(arn, range(count))))


def row(job: str, ours: Cost, peer: str, theirs: Cost, target: str = "") -> None:
    """Print one line; the ratio says how many times faster we are."""
    print(f"{job:38}{ours}   {peer:16}{theirs}{theirs.wall_s / ours.wall_s:8.1f}x   {target}", flush=True)


def main(prowler: str | None) -> None:
    """Measure and print."""
    head = f"{'wall':>8}{'memory':>10}{'calls/key':>10}"
    print(f"{'job':36}{head}   {'peer':16}{head}{'faster':>8}   target")
    with bench(1_000) as small:
        far = small.loop(FAR_S)
        row("1,000 keys, 20 ms away", small.ours(FAR_S), "loop", far, "5x, 3 calls")
        near = small.ours(0)
        row("1,000 keys", near, "loop", small.loop(0))
    with bench(1_000, QUOTA) as throttled:
        row("1,000 keys, 20 ms away, AWS's quota", throttled.ours(FAR_S), "loop", far)
    if prowler:
        with bench(500) as five_hundred:
            theirs = five_hundred.prowler(prowler, FAR_S)
            row("500 keys, 20 ms away", five_hundred.ours(FAR_S), "prowler", theirs)
    with bench(10_000) as large:
        many = large.ours(0)
        row("10,000 keys", many, "loop", large.loop(0), "linear")
    print(f"Ten times the keys take {many.wall_s / near.wall_s:.1f} times as long; ", end="")
    print(f"a key takes {(many.memory_mib - near.memory_mib) * 1024 / 9_000:.0f} KiB")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
