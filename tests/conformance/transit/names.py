"""Knot DNS as the authority for every name of the table, twice, so that the profile can name two resolvers.

example.          signed, and the trust anchor of the run
crm.example.      signed, its DS in example.
bogus.example.    signed by a key that the DS in example. does not name
plain.example.    not signed, and delegated without DS
"""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.conformance.transit.process import Site, begin
from tests.support.processes import Process, program

SIGNED = ("example.", "crm.example.", "bogus.example.")
PLAIN = "plain.example."
_WRONG_DS = "4711 13 2 " + "00" * 32
_KNOT = """
server:
  listen: {address}@{port}
  rundir: {folder}
database:
  storage: {folder}
policy:
  - id: own
    manual: on
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: {folder}
    file: "%s.zone"
    zonefile-load: difference-no-serial
    zonefile-sync: -1
    journal-content: all
zone:
{zones}
"""
_HEAD = """\
$TTL 60
@ SOA ns.example. admin.example. 1 3600 600 86400 60
@ NS ns.example.
"""
_DELEGATED = """\
ns A {address}
crm NS ns
crm DS {ds}
bogus NS ns
bogus DS {wrong}
plain NS ns
"""

Records = Mapping[str, Iterable[str]]
"""Addresses and other records by full name without the final dot, such as `127.0.0.1` or `CAA 0 issue "ca.example"`."""


class Authority:
    """The keys of the signed zones, made once and used by every server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keymgr = program("keymgr", "knot")
        self._settings = folder / "keys.conf"
        self._settings.write_text(_settings("127.0.0.1", 1, folder))
        for zone in SIGNED:
            self._run(zone, "generate", "ksk=yes", "zsk=yes", "algorithm=ecdsap256sha256")

    def anchor(self) -> str:
        """The DS record of example. as a master file has it."""
        return f"example. IN DS {self._digest('example.')}\n"

    def start(self, site: Site, records: Records) -> Process:
        """A server that answers with these records."""
        shutil.copytree(self._folder / "keys", site.folder / "keys")
        top = _DELEGATED.format(address=site.address, ds=self._digest("crm.example."), wrong=_WRONG_DS)
        for zone in (*SIGNED, PLAIN):
            text = _HEAD + (top if zone == "example." else "") + "".join(_lines(zone, records))
            site.write(f"{zone.rstrip('.')}.zone", text)
        settings = site.write("knot.conf", _settings(site.address, site.port, site.folder))
        return begin([program("knotd", "knot"), "-c", settings], site)

    def _digest(self, zone: str) -> str:
        """Key tag, algorithm, digest type and SHA-256 digest."""
        found = [line.split(" DS ")[1] for line in self._run(zone, "ds").splitlines()]
        return next(digest for digest in found if digest.split()[2] == "2")

    def _run(self, *words: str) -> str:
        command = [self._keymgr, "-c", str(self._settings), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _settings(address: str, port: int, folder: Path) -> str:
    signed = "".join(f"  - domain: {zone}\n    dnssec-signing: on\n    dnssec-policy: own\n" for zone in SIGNED)
    return _KNOT.format(address=address, port=port, folder=folder, zones=f"{signed}  - domain: {PLAIN}\n")


def _lines(zone: str, records: Records) -> Iterable[str]:
    for name, values in records.items():
        if zone != "example." and f".{name}.".endswith(f".{zone}"):
            for value in values:
                yield f"{name}. {_record(value)}\n"


def _record(value: str) -> str:
    if " " in value:
        return value
    return f"{'AAAA' if ':' in value else 'A'} {value}"
