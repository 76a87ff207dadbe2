"""Knot DNS as Debian ships it, on loopback: a zone and its parent, both signed by Knot itself."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.support.processes import begin, end, free_port, program, wait_for

_SETTINGS = """
server:
  listen: 127.0.0.1@{port}
  rundir: {folder}
database:
  storage: {folder}
policy:
  - id: own
    manual: on
    algorithm: {algorithm}
    single-type-signing: on
    nsec3: {nsec3}
    nsec3-opt-out: {opt_out}
template:
  - id: default
    storage: {folder}
    file: "%s.zone"
    zonefile-load: difference-no-serial
    zonefile-sync: -1
    journal-content: all
    dnssec-signing: on
    dnssec-policy: own
zone:
  - domain: example.
  - domain: crm.example.
  - domain: plain.example.
    dnssec-signing: off
"""
_HEAD = "$TTL 60\n@ SOA ns.example. admin.example. 1 3600 600 86400 60\n@ NS ns.example.\n"


@contextmanager
def knot(
    folder: Path, records: str, *, nsec3: bool = False, opt_out: bool = False, algorithm: str = "ecdsap256sha256"
) -> Iterator[tuple[str, bytes]]:
    """Serve crm.example. with `records`; gives the server as a profile names it, and the anchor for example."""
    port = free_port()
    settings = folder / "knot.conf"
    settings.write_text(
        _SETTINGS.format(port=port, folder=folder, nsec3=_yes(nsec3), opt_out=_yes(opt_out), algorithm=algorithm)
    )
    digests = {zone: _keys(settings, zone, algorithm) for zone in ("example.", "crm.example.")}
    below = f"ns A 127.0.0.1\ncrm NS ns\ncrm DS {digests['crm.example.']}\nplain NS ns\n"
    for zone, text in (("example.", below), ("crm.example.", records), ("plain.example.", "www A 192.0.2.3\n")):
        (folder / f"{zone}zone").write_text(_HEAD + text)
    process = begin([program("knotd", "knot"), "-c", settings], folder / "words")
    try:
        wait_for(process, folder / "words", lambda: _loaded(port))
        yield f"127.0.0.1:{port}", f"example. IN DS {digests['example.']}\n".encode()
    finally:
        end(process)


def _keys(settings: Path, zone: str, algorithm: str) -> str:
    """Make the zone's key; returns its SHA-256 digest as a DS record has it."""
    _keymgr(settings, zone, "generate", "ksk=yes", "zsk=yes", f"algorithm={algorithm}")
    found = [line.split(" DS ")[1] for line in _keymgr(settings, zone, "ds").splitlines()]
    return next(digest for digest in found if digest.split()[2] == "2")


def _keymgr(settings: Path, *words: str) -> str:
    command = [program("keymgr", "knot"), "-c", str(settings), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _yes(value: bool) -> str:
    return "on" if value else "off"


def _loaded(port: int) -> bool:
    """Whether the zones are loaded and signed."""
    question = dns.message.make_query("crm.example.", "DNSKEY")
    try:
        return bool(dns.query.tcp(question, "127.0.0.1", port=port, timeout=1).answer)
    except (OSError, dns.exception.DNSException):
        return False
