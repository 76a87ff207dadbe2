"""Reads the lists of address ranges that cloud providers publish, and looks addresses up in them.

The longest prefix alone misleads: a fifth of all prefixes name no region while one that covers them does. So the
covering prefixes are walked from the longest to the shortest, and provider, service, region and border group each come
from the first that states it. `GLOBAL`, `global` and an empty region mean "not stated", not "anycast".
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from clauseproof.facts.place import Field, Said, Statement
from clauseproof.facts.regions import country_of
from clauseproof.model.errors import EvidenceRejected
from clauseproof.probes.prefixes import PrefixTable

MOST_BYTES = 32 * 1024 * 1024
"""The largest list that is read; Azure's has 4 MB."""
MOST_PREFIXES = 1_000_000
_NOT_STATED = ("", "global")
_EVERYTHING = ("AMAZON", "Google Cloud")
"""Services that every prefix of a provider belongs to, and that therefore say nothing beside another."""


class Entry(NamedTuple):
    """What a list says of one prefix; None for what it does not state."""

    services: tuple[str, ...]
    region: str | None
    group: str | None


Row = tuple[Any, Entry]


@dataclass(frozen=True)
class RangeList:
    """One list, ready to be asked."""

    provider: str
    serial: str | None
    dated: datetime | None
    table: PrefixTable[Entry]

    def statement(self, source: str, address: str) -> Statement | None:
        """What the list says of an address; None where it does not know it."""
        said: dict[Field, Said] = {}
        for prefix, entry in self.table.covering(address):
            told: dict[Field, str | None] = {
                "provider": self.provider,
                "service": ", ".join(entry.services),
                "region": entry.region,
                "group": entry.group,
            }
            for field, value in told.items():
                if value and field not in said:
                    said[field] = Said(field=field, value=value, prefix=prefix)
        if not said:
            return None
        region, group = said.get("region"), said.get("group")
        country = country_of(self.provider, region.value if region else None, group.value if group else None)
        return Statement(source=source, country=country, said=tuple(said.values()))


def read_ranges(data: bytes, name: str) -> RangeList:
    """Read AWS's ip-ranges.json, Google's cloud.json or goog.json, or Azure's ServiceTags file.

    Raises:
        EvidenceRejected: the file is none of them, or one of its prefixes is none.
    """
    whole = _json(data, name)
    provider, rows, serial, dated = _recognise(whole, name)
    table = PrefixTable[Entry]()
    try:
        for count, (prefix, entry) in enumerate(rows):
            if not isinstance(prefix, str):
                raise EvidenceRejected(f"{name}: prefix {count} is no text")
            if count >= MOST_PREFIXES:
                raise EvidenceRejected(f"{name} has more than {MOST_PREFIXES} prefixes")
            table.put(prefix, entry, _merge)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise EvidenceRejected(f"{name} is damaged: {str(error)[:200]}", "download it again") from error
    return RangeList(provider, serial, dated, table)


def _json(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EvidenceRejected(f"{name} is no JSON: {str(error)[:200]}", "download it again") from error
    if not isinstance(whole, dict):
        raise EvidenceRejected(f"{name} is no list of address ranges")
    return whole


def _recognise(whole: Mapping[str, Any], name: str) -> tuple[str, Iterator[Row], str | None, datetime | None]:
    token = whole.get("syncToken")
    if isinstance(whole.get("ipv6_prefixes"), list) and isinstance(whole.get("prefixes"), list):
        return "aws", _aws(whole), _serial(token), _moment(token, 1)
    if isinstance(whole.get("prefixes"), list) and "creationTime" in whole:
        return "google", _google(whole), _serial(token), _moment(token, 1000)
    if isinstance(whole.get("values"), list) and "changeNumber" in whole:
        return "azure", _azure(whole), _serial(whole["changeNumber"]), _day_in(name)
    raise EvidenceRejected(
        f"{name} has the format of no known list of address ranges",
        "name AWS's ip-ranges.json, Google's cloud.json or Azure's ServiceTags_Public file in sources.ranges",
    )


def _serial(value: object) -> str | None:
    return str(value)[:64] if isinstance(value, str | int) else None


def _moment(token: object, per_second: int) -> datetime | None:
    """A syncToken is a time: seconds since 1970 in AWS's lists, milliseconds in Google's."""
    try:
        return datetime.fromtimestamp(int(str(token)) // per_second, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _day_in(name: str) -> datetime | None:
    """Azure's lists bear their date only in the name they are published under: ServiceTags_Public_20261123.json."""
    match = re.search(r"_(\d{8})\.json$", name)
    try:
        return datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def _aws(whole: Mapping[str, Any]) -> Iterator[Row]:
    """docs.aws.amazon.com, VPC user guide, "AWS IP address ranges: syntax"."""
    for field, prefixes in (("ip_prefix", whole["prefixes"]), ("ipv6_prefix", whole["ipv6_prefixes"])):
        for row in prefixes:
            yield row.get(field), _entry(row.get("service"), row.get("region"), row.get("network_border_group"))


def _google(whole: Mapping[str, Any]) -> Iterator[Row]:
    """cloud.google.com, "Obtain Google IP address ranges"; goog.json has neither service nor scope."""
    for row in whole["prefixes"]:
        yield row.get("ipv4Prefix") or row.get("ipv6Prefix"), _entry(row.get("service"), row.get("scope"))


def _azure(whole: Mapping[str, Any]) -> Iterator[Row]:
    """learn.microsoft.com, "Virtual network service tags"; a tag without a service is AzureCloud itself."""
    for tag in whole["values"]:
        properties = tag["properties"]
        service = properties.get("systemService") or str(tag.get("name")).partition(".")[0]
        entry = _entry(service, properties.get("region"))
        for prefix in properties["addressPrefixes"]:
            yield prefix, entry


def _entry(service: object, region: object, group: object = None) -> Entry:
    return Entry((service[:64],) if isinstance(service, str) and service else (), _stated(region), _stated(group))


def _stated(value: object) -> str | None:
    return value[:64] if isinstance(value, str) and value.lower() not in _NOT_STATED else None


def _merge(one: Entry, other: Entry) -> Entry:
    """Of a prefix listed twice: all its services, and what either states; ValueError where they differ."""
    for here, there in ((one.region, other.region), (one.group, other.group)):
        if here and there and here != there:
            raise ValueError(f"a prefix lies in {here} and in {there}")
    services = tuple(sorted({*one.services, *other.services} - set(_EVERYTHING))) or one.services
    return Entry(services, one.region or other.region, one.group or other.group)
