"""The whole table on loopback: every server that this machine has, and the names for them."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from clauseproof.facts.manner import StartTls
from tests.conformance.transit.certificates import tlsa, write_all
from tests.conformance.transit.names import Authority, Records
from tests.conformance.transit.process import Park, Site
from tests.conformance.transit.table import RESOLVERS, Row
from tests.support.processes import free_port

_ADDRESSES_OF_A_ROW = 4


@dataclass(frozen=True)
class Deployment:
    """What runs.

    Attributes:
        sites: the servers of each row that could be begun, in the order of the row.
        missing: why a row could not be begun.
        resolvers: `ADDRESS:PORT` of each.
        anchor: the trust anchor of the names, as a master file has it.
    """

    folder: Path
    sites: Mapping[str, tuple[Site, ...]]
    missing: Mapping[str, str]
    resolvers: tuple[str, ...]
    anchor: str


@contextmanager
def deployed(folder: Path, table: Mapping[str, Row]) -> Iterator[Deployment]:
    """Begin every server of a table, and the names for them; skips where there can be no names."""
    write_all(_made(folder / "certificates"))
    authority = Authority(_made(folder / "authority"))
    with Park() as park:
        sites, missing = _servers(park, folder, table)
        resolvers = {number: _resolver(folder, number) for number in RESOLVERS}
        for number, site in resolvers.items():
            park.start(site, partial(authority.start, records=_records(table, sites, number)))
        park.wait()
        named = tuple(f"{site.address}:{site.port}" for site in resolvers.values())
        yield Deployment(folder, sites, missing, named, authority.anchor())


def slug(name: str) -> str:
    """A row's name as a label of the DNS, and as the subject of the profile."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _servers(park: Park, folder: Path, table: Mapping[str, Row]) -> tuple[dict[str, tuple[Site, ...]], dict[str, str]]:
    sites: dict[str, tuple[Site, ...]] = {}
    missing: dict[str, str] = {}
    for number, (name, row) in enumerate(table.items(), start=1):
        try:
            sites[name] = _begun(park, folder, name, number * _ADDRESSES_OF_A_ROW, row)
        except pytest.skip.Exception as reason:
            missing[name] = str(reason.msg)
    return sites, missing


def _begun(park: Park, folder: Path, name: str, first: int, row: Row) -> tuple[Site, ...]:
    """The sites of a row, all at the same port."""
    sites: list[Site] = []
    for number, server in enumerate(row.servers):
        address = "::1" if server.ipv6 else _address(first + number)
        ports = (sites[0].port, sites[0].http_port) if sites else (free_port(address), free_port(address))
        site = _site(folder, f"{slug(name)}-{number}", f"{slug(name)}.{row.zone}", address, ports, row.shows)
        if server.start is not None:
            park.start(site, server.start)
        sites.append(site)
    return tuple(sites)


def _resolver(folder: Path, number: int) -> Site:
    address = _address(number)
    return _site(folder, f"ns{number}", "ns.example", address, (free_port(address), 0))


def _site(folder: Path, own: str, host: str, address: str, ports: tuple[int, int], shows: str = "good") -> Site:
    others = folder / "certificates"
    pem = Path(shutil.copy(others / f"{shows}.pem", _made(folder / own) / "server.pem"))
    return Site(host, address, *ports, folder / own, pem, others)


def _address(number: int) -> str:
    return f"127.31.{number // 250}.{number % 250 + 1}"


def _made(folder: Path) -> Path:
    folder.mkdir()
    folder.chmod(0o755)
    return folder


def _records(table: Mapping[str, Row], sites: Mapping[str, tuple[Site, ...]], resolver: int) -> Records:
    """What one of the resolvers knows."""
    known = {"crm.example": ['CAA 0 issue "ca.example"']}
    for name, row in sites.items():
        host, port = row[0].host, row[0].port
        servers = zip(row, table[name].servers, strict=True)
        known[host] = [site.address for site, server in servers if resolver in server.told]
        if table[name].starttls is StartTls.SMTP:
            known[host].append(f"MX 10 {host}.")
            known[f"_{port}._tcp.{host}"] = [f"TLSA {tlsa()}"]
    return known
