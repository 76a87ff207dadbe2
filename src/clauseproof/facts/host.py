"""Hosts as a profile names them: a DNS name, or an IP address written out."""

import ipaddress
import re

SHOWN = 80
"""The most characters of a wrong value that an error repeats."""
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def is_address(text: str) -> bool:
    """Whether a text is an IP address, without brackets and without a zone."""
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def read_host(host: str, shown: str) -> str:
    """A host in lower case, without a final dot, an address in its usual form; ValueError names `shown`."""
    name = host.lower().removesuffix(".")
    if is_address(name):
        return str(ipaddress.ip_address(name))
    if not name.isascii():
        raise ValueError(f"{shown!r}: write an internationalised name in its ASCII form (xn--...)")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{shown!r}: {host[:SHOWN]!r} is neither a host name nor an IP address")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        raise ValueError(f"{shown!r}: {host[:SHOWN]!r} looks like an address and is none; write all of it")
    return name
