"""A table of address prefixes, asked for all that cover an address."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

T = TypeVar("T")

_BITS = {4: 32, 6: 128}


class PrefixTable(Generic[T]):
    """Prefixes of both families with a value each: one dictionary per length, so that a look-up is a few reads."""

    def __init__(self) -> None:
        self._tables: dict[int, dict[int, dict[int, T]]] = {4: {}, 6: {}}

    def __len__(self) -> int:
        return sum(len(entries) for lengths in self._tables.values() for entries in lengths.values())

    def put(self, text: str, value: T, merge: Callable[[T, T], T]) -> None:
        """Add a prefix; `merge` joins the values of one that comes twice. ValueError if it is none (RFC 4632)."""
        network = ipaddress.ip_network(text)
        entries = self._tables[network.version].setdefault(network.prefixlen, {})
        bits = int(network.network_address)
        entries[bits] = merge(entries[bits], value) if bits in entries else value

    def covering(self, text: str) -> Iterator[tuple[str, T]]:
        """The prefixes that cover an address with their values, from the longest to the shortest."""
        address = ipaddress.ip_address(text)
        lengths = self._tables[address.version]
        whole, width = int(address), _BITS[address.version]
        for length in sorted(lengths, reverse=True):
            bits = whole >> (width - length) << (width - length)
            if bits in lengths[length]:
                yield f"{type(address)(bits)}/{length}", lengths[length][bits]
