"""Files that say where addresses are, in the formats of those who publish them, and looks that read them."""

import ipaddress
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from clauseproof.model.look import Look
from clauseproof.model.profile import Sources

Row = tuple[str, str, str, str]
"""Prefix, region, service, network border group."""


def aws(*rows: Row, dated: datetime | None = None) -> bytes:
    """AWS's ip-ranges.json, dated now unless told otherwise."""
    moment = dated or datetime.now(UTC)
    families: dict[int, list[dict[str, str]]] = {4: [], 6: []}
    for prefix, region, service, group in rows:
        version = ipaddress.ip_network(prefix).version
        key = "ip_prefix" if version == 4 else "ipv6_prefix"
        families[version].append({key: prefix, "region": region, "service": service, "network_border_group": group})
    stamp = {"syncToken": str(int(moment.timestamp())), "createDate": f"{moment:%Y-%m-%d-%H-%M-%S}"}
    return json.dumps({**stamp, "prefixes": families[4], "ipv6_prefixes": families[6]}).encode()


def google(*rows: tuple[str, str], dated: datetime | None = None) -> bytes:
    """Google's cloud.json: prefix and scope."""
    moment = dated or datetime.now(UTC)
    prefixes = [
        {("ipv6Prefix" if ":" in prefix else "ipv4Prefix"): prefix, "service": "Google Cloud", "scope": scope}
        for prefix, scope in rows
    ]
    token = str(int(moment.timestamp() * 1000))
    return json.dumps({"syncToken": token, "creationTime": "2026-11-20T00:00:00", "prefixes": prefixes}).encode()


def azure(*tags: tuple[str, str, str, list[str]], change: int = 400) -> bytes:
    """Azure's ServiceTags file: name, region, service, prefixes."""
    values = [
        {"name": name, "properties": {"region": region, "systemService": service, "addressPrefixes": prefixes}}
        for name, region, service, prefixes in tags
    ]
    return json.dumps({"changeNumber": change, "cloud": "Public", "values": values}).encode()


def mmdb(records: Mapping[str, Any], path: Path, ip_version: int = 6) -> bytes:
    """A database in MaxMind's format; a text stands for `{"country": {"iso_code": text}}`."""
    writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type="Test-Country")
    for prefix, record in records.items():
        content = {"country": {"iso_code": record}} if isinstance(record, str) else record
        writer.insert_network(IPSet([prefix]), content)
    writer.to_db_file(str(path))
    return path.read_bytes()


def look(files: Mapping[str, bytes], sources: Sources) -> Look:
    """A look whose profile names these files."""
    return Look(sources=sources, read_file=lambda name, limit: files[name])
