"""Turns a key off and on at the buyer's key service, and asks for it, by the requests that the profile describes.

What a fetch gives is a key: it is held against what the first one gave, and leaves this module as a digest.
"""

import asyncio

from clauseproof.facts.keyservice import FetchedKey, Order, Switch
from clauseproof.model.errors import Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.datapath import Trust, exchange, headers_of, kind_of, resolve, trust_for


def switch_of(key: FetchedKey) -> Switch:
    """The key's switch; Unknowable where the profile names none."""
    if key.switch is None:
        raise Unknowable(
            f"how {key.name} is turned off at its key service is not said", "give the key a switch: {off, on, ask}"
        )
    return key.switch


def send(order: Order, name: str, look: Look) -> None:
    """Send an order of the switch to one address after another until one does it. Raises LookFailed."""
    said = asyncio.run(_sent(order, look))
    if said[-1:] != [""]:
        raise Unreachable(
            f"the key service {order.host} did not do switch.{name}: {', '.join(dict.fromkeys(said))}",
            f"mend switch.{name} (url, method, headers, body) until it is answered with status 2xx",
        )


async def _sent(order: Order, look: Look) -> list[str]:
    """What each address answered; the last is empty where it did what it was told."""
    headers, tls, said = headers_of(order, look), trust_for(order, look), list[str]()
    for address in await resolve(order, look):
        said.append(await _answer(order, address, headers, tls))
        if not said[-1]:
            break
    return said


async def _answer(order: Order, address: str, headers: dict[str, str], tls: Trust) -> str:
    import httpx

    try:
        async with asyncio.timeout(order.timeout.total_seconds()):
            status, _ = await exchange(order, address, headers, tls)
    except (TimeoutError, httpx.TimeoutException):
        return "Timeout"
    except (httpx.HTTPError, OSError) as error:
        return kind_of(error)
    return "" if 200 <= status < 300 else f"HTTP {status}"
