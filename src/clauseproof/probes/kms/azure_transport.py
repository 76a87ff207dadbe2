"""The way to a vault: azure-core's own transport, or one that is led to this machine and trusts a private authority.

Whatever it is led to, the URL keeps the vault's real name, and TLS, the Host header and the client library's check of
the challenge go by that name.
"""

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from clauseproof.model.errors import EvidenceRejected

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter

CONNECT_S = 5.0


def transport(connect_to: str | None, ca_pem: str | None, read_s: float) -> "RequestsTransport":
    """For the `transport` argument of one client, which closes it. EvidenceRejected where `ca_pem` is no PEM."""
    from azure.core.pipeline.transport import RequestsTransport

    times = {"connection_timeout": min(CONNECT_S, read_s), "read_timeout": read_s}
    if connect_to is None and ca_pem is None:
        return RequestsTransport(**times)
    import requests

    session = requests.Session()
    session.trust_env = connect_to is None
    session.mount("https://", _adapter(connect_to, _trust(ca_pem)))
    return RequestsTransport(session=session, session_owner=True, **times)


def _trust(ca_pem: str | None) -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    if ca_pem is not None:
        try:
            context.load_verify_locations(cadata=ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise EvidenceRejected("the vault's ca_file holds no certificates in PEM form", "mend ca_file") from error
    return context


def _adapter(connect_to: str | None, tls: ssl.SSLContext) -> "HTTPAdapter":
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
            place, _ = super().build_connection_pool_key_attributes(request, verify, cert)
            if connect_to is None:
                return place, {"ssl_context": tls}
            host, _, port = connect_to.rpartition(":")
            here = {"scheme": "https", "host": host.strip("[]"), "port": int(port)}
            return here, {"ssl_context": tls, "server_hostname": urlsplit(request.url).hostname}

        def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
            """Nothing: the context alone says whom to trust."""

        def add_headers(self, request: Any, **_: Any) -> None:
            request.headers["Host"] = urlsplit(request.url).netloc

    return Adapter()
