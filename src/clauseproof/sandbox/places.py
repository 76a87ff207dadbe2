"""Where loopback addresses are said to be: a provider's published ranges, its geofeed, and a database of countries."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Site:
    """A region of a cloud provider and the place it lies in; `subdivision` is an ISO 3166-2 code."""

    region: str
    country: str
    subdivision: str
    city: str


FRANKFURT = Site("eu-central-1", "DE", "DE-HE", "Frankfurt am Main")
VIRGINIA = Site("us-east-1", "US", "US-VA", "Ashburn")


@dataclass(frozen=True)
class Standing:
    """One address and the site it stands in."""

    address: str
    site: Site


def ip_ranges(standings: Sequence[Standing], *, published: datetime) -> str:
    """In the format of AWS's ip-ranges.json (docs.aws.amazon.com, VPC user guide, "AWS IP address ranges")."""
    prefixes = [
        {
            "ip_prefix": f"{standing.address}/32",
            "region": standing.site.region,
            "service": service,
            "network_border_group": standing.site.region,
        }
        for standing in standings
        for service in ("AMAZON", "EC2")
    ]
    stamp = {"syncToken": str(int(published.timestamp())), "createDate": f"{published:%Y-%m-%d-%H-%M-%S}"}
    return json.dumps({**stamp, "prefixes": prefixes, "ipv6_prefixes": []}, indent=2)


def geofeed(standings: Sequence[Standing]) -> str:
    """A self-published feed of IP geolocation (RFC 8805, section 2.1)."""
    lines = [f"{s.address}/32,{s.site.country},{s.site.subdivision},{s.site.city}," for s in standings]
    return "# loopback addresses of the reference vendor\n" + "".join(f"{line}\n" for line in lines)


def write_countries(standings: Sequence[Standing], path: Path) -> None:
    """A country database in MaxMind's format, laid out as its `GeoLite2-Country` is."""
    from mmdb_writer import MMDBWriter
    from netaddr import IPSet

    writer = MMDBWriter(
        ip_version=6,
        ipv4_compatible=True,
        database_type="Reference-Vendor-Country",
        languages=["en"],
        description="Loopback addresses of the reference vendor",
    )
    for standing in standings:
        writer.insert_network(IPSet([f"{standing.address}/32"]), {"country": {"iso_code": standing.site.country}})
    writer.to_db_file(str(path))
