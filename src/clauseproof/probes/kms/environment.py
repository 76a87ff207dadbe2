"""The proxy that the environment names, as each provider's library finds it: a look that takes it says so.

A key service is asked in the buyer's own account, by libraries that go the way the environment says: `HTTPS_PROXY` and
`NO_PROXY` for AWS and Azure and for Google's IAM; `grpc_proxy`, else `https_proxy`, else `http_proxy`, and
`no_grpc_proxy`, else `no_proxy`, in lower case, for Cloud KMS and Cloud Logging (gRPC, "Environment Variables"). What
user name and password stand there is never written down.
"""

import ipaddress
import os
from urllib.parse import urlsplit

UNREADABLE = "a proxy of the environment"
_LONGEST_HOST = 253


def of_botocore(url: str) -> str | None:
    """The proxy by which botocore goes to a URL; None for none."""
    from botocore.utils import get_environ_proxies

    return _shown(get_environ_proxies(url).get(urlsplit(url).scheme))


def of_requests(url: str) -> str | None:
    """The proxy by which requests goes to a URL; None for none."""
    from requests.utils import get_environ_proxies, select_proxy

    return _shown(select_proxy(url, get_environ_proxies(url)))


def of_grpc(target: str) -> str | None:
    """The proxy by which gRPC goes to `HOST` or `HOST:PORT`; None for none."""
    named = next((os.environ[name] for name in ("grpc_proxy", "https_proxy", "http_proxy") if os.environ.get(name)), "")
    spared = next((os.environ[name] for name in ("no_grpc_proxy", "no_proxy") if os.environ.get(name)), "")
    host = urlsplit(f"//{target}").hostname or target
    if any(_spares(entry.strip(), host) for entry in spared.split(",")):
        return None
    return _shown(named)


def _spares(entry: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return bool(entry) and host.lower().endswith(entry.lower())


def _shown(proxy: str | None) -> str | None:
    if not proxy:
        return None
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return UNREADABLE
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # the password has a / ? or #, and the host is no host
        return UNREADABLE
    if not host or len(host) > _LONGEST_HOST or not f"{parts.scheme}{host}".isprintable():
        return UNREADABLE
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")
