"""Where an address leads: to the public internet, or into somebody's own network."""

import enum
import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Reach(enum.StrEnum):
    """Reach by the IANA special-purpose address registries (RFC 6890)."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    MULTICAST = "multicast"
    RESERVED = "reserved"

    @property
    def never(self) -> bool:
        """Whether no vendor's service can be there. Link-local is where clouds keep their instances' credentials."""
        return self in (Reach.LINK_LOCAL, Reach.MULTICAST, Reach.RESERVED)


def reach_of(text: str) -> Reach:
    """The reach of an address; of an IPv4 address inside an IPv6 one (RFC 4291, 6052, 3056), that of the former."""
    address = _inner(ipaddress.ip_address(text))
    if address.is_loopback:
        return Reach.LOOPBACK
    if address.is_link_local:
        return Reach.LINK_LOCAL
    if address.is_multicast:
        return Reach.MULTICAST
    if address.is_unspecified or (address.version == 4 and address.is_reserved):
        return Reach.RESERVED
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE


def _inner(address: IPAddress) -> IPAddress:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
