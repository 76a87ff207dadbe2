"""Resolvers as a profile names them: an address, with or without a port."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

from clauseproof.facts.host import SHOWN, is_address

DNS_PORT = 53
_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f.:]+)\]|([0-9.]+)):(\d{1,5})")


def parse_nameserver(text: str) -> tuple[str, int]:
    """Address and port of `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`; else ValueError."""
    address, port = text.strip(), DNS_PORT
    match = _WITH_PORT.fullmatch(address)
    if match is not None and not is_address(address):
        address, port = match[1] or match[2], int(match[3])
    bracketed = match is not None and match[1] is not None
    if not is_address(address) or not 0 < port < 65536 or (bracketed and ":" not in address):
        raise ValueError(
            f"{text[:SHOWN]!r} is no resolver; write an address such as 192.0.2.53, 192.0.2.53:5353 or "
            "[2001:db8::53]:53"
        )
    return str(ipaddress.ip_address(address)), port


def _kept(text: str) -> str:
    parse_nameserver(text)
    return text.strip()


Nameserver = Annotated[str, AfterValidator(_kept)]
"""A resolver in a profile."""
