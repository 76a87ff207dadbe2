"""The EKM service: connections to external key managers."""

from collections.abc import Mapping
from typing import Final

from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google.errors import invalid, precondition
from clauseproof.sandbox.kms.google.messages import connection_message
from clauseproof.sandbox.kms.google.names import EKM_CONFIG, LOCATION
from clauseproof.sandbox.kms.google.request import Method, Request


def _list_ekm_connections(request: Request) -> kms.ListEkmConnectionsResponse:
    parent = request.message.parent
    if not LOCATION.fullmatch(parent):
        raise invalid(f"Resource name [{parent[:200]}] is not a valid location name.")
    request.authorise(parent)
    found = [each for name, each in request.holdings.connections.items() if name.startswith(f"{parent}/")]
    page, more = request.page(found)
    return kms.ListEkmConnectionsResponse(ekm_connections=[connection_message(each) for each in page], **more)


def _get_ekm_connection(request: Request) -> kms.EkmConnection:
    request.authorise(request.message.name)
    return connection_message(request.connection(request.message.name))


def _get_ekm_config(request: Request) -> kms.EkmConfig:
    name = request.message.name
    if not EKM_CONFIG.fullmatch(name):
        raise invalid(f"Resource name [{name[:200]}] is not a valid EkmConfig name.")
    request.authorise(name)
    location = name.removesuffix("/ekmConfig")
    first = next((each for each in request.holdings.connections if each.startswith(f"{location}/")), "")
    return kms.EkmConfig(name=name, default_ekm_connection=first)


def _verify_connectivity(request: Request) -> kms.VerifyConnectivityResponse:
    request.authorise(request.message.name)
    connection = request.connection(request.message.name)
    if not connection.reachable:
        raise precondition(f"The external key manager at {connection.hostname} could not be reached.")
    return kms.VerifyConnectivityResponse()


_KIND: Final = "cloudkms.ekmConnections"

METHODS: Final[Mapping[str, Method]] = {
    "GetEkmConfig": Method(kms.GetEkmConfigRequest, kms.EkmConfig, "cloudkms.ekmConfigs.get", _get_ekm_config),
    "GetEkmConnection": Method(kms.GetEkmConnectionRequest, kms.EkmConnection, f"{_KIND}.get", _get_ekm_connection),
    "ListEkmConnections": Method(
        kms.ListEkmConnectionsRequest, kms.ListEkmConnectionsResponse, f"{_KIND}.list", _list_ekm_connections
    ),
    "VerifyConnectivity": Method(
        kms.VerifyConnectivityRequest,
        kms.VerifyConnectivityResponse,
        f"{_KIND}.verifyConnectivity",
        _verify_connectivity,
    ),
}
