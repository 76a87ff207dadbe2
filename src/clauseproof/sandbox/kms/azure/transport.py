"""A way from a vault's real host name to a loopback port, with every check of the SDK left on."""

from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter


class _Pinned(HTTPAdapter):
    """Connects to one address whatever the URL says; TLS and the Host header go by the URL."""

    def __init__(self, host: str, port: int) -> None:
        self._address = {"scheme": "https", "host": host, "port": port}
        super().__init__()

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """As in requests, but for the address."""
        _, options = super().build_connection_pool_key_attributes(request, verify, cert)
        name = urlsplit(request.url).hostname
        return dict(self._address), {**options, "server_hostname": name, "assert_hostname": name}

    def add_headers(self, request: Any, **_: Any) -> None:
        """The name that the URL has, which is not the one connected to."""
        request.headers["Host"] = urlsplit(request.url).netloc


def pinned_transport(host: str, port: int, ca_file: str) -> RequestsTransport:
    """A transport for azure-core clients whose every request goes to `host` and `port`, verified against `ca_file`."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Pinned(host, port))
    return RequestsTransport(session=session, session_owner=True, connection_verify=ca_file)
