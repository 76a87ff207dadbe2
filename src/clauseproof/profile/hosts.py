"""How hosts are written in a profile: names, `*.suffix`, addresses, networks; and resolvers with their port."""

import ipaddress
import re

from clauseproof.facts.nameserver import parse_nameserver

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\.?")


def fault_of_host(text: str) -> str | None:
    """Why a text is no host of a permission; None if it is one."""
    if "/" in text:
        return _fault_of_network(text)
    if ":" in text or re.fullmatch(r"[\d.]+", text):
        return None if _is_address(text) else f"{text!r} is no address; write names without scheme and port"
    if len(text) > 253 or not _NAME.fullmatch(text):
        return f"{text!r} is no host name; write a name, *.suffix, an address or a network"
    return None


def fault_of_resolver(text: str) -> str | None:
    """Why a text is no resolver; None if it is an address, with or without `:port`."""
    try:
        parse_nameserver(text)
    except ValueError as error:
        return str(error)
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _fault_of_network(text: str) -> str | None:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        pass
    else:
        return None
    try:
        return f"{text!r} names a host inside a network; the network is {ipaddress.ip_network(text, strict=False)}"
    except ValueError:
        return f"{text!r} is no network in CIDR form, such as 192.0.2.0/24"
