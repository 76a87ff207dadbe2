"""Custom key stores: where keys live that AWS only relays to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from clauseproof.sandbox.kms.aws.account import CustomKeyStore
from clauseproof.sandbox.kms.aws.errors import AwsError
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request


def _describe_custom_key_stores(request: Request) -> Answer:
    request.authorise_account()
    wanted, name = request.params.get("CustomKeyStoreId"), request.params.get("CustomKeyStoreName")
    stores = [
        store for store in request.account.stores.values() if wanted in (None, store.id) and name in (None, store.name)
    ]
    if not stores and (wanted or name):
        raise _absent(wanted or name)
    page, more = request.page([_shown(store) for store in stores])
    return {"CustomKeyStores": page, **more}


def _connect_custom_key_store(request: Request) -> Answer:
    return _connect(request, "CONNECTED")


def _disconnect_custom_key_store(request: Request) -> Answer:
    return _connect(request, "DISCONNECTED")


def _connect(request: Request, connection: str) -> Answer:
    request.authorise_account()
    name = request.params["CustomKeyStoreId"]
    if name not in request.account.stores:
        raise _absent(name)
    request.account.stores[name] = replace(request.account.stores[name], connection=connection, connection_error=None)
    return {}


def _absent(name: object) -> AwsError:
    return AwsError("CustomKeyStoreNotFoundException", f"Custom key store {name} does not exist.")


def _shown(store: CustomKeyStore) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "CustomKeyStoreId": store.id,
        "CustomKeyStoreName": store.name,
        "CustomKeyStoreType": store.kind,
        "ConnectionState": store.connection,
        "ConnectionErrorCode": store.connection_error,
        "CreationDate": store.created,
        "CloudHsmClusterId": store.cluster,
    }
    if store.kind == "EXTERNAL_KEY_STORE":
        shown["XksProxyConfiguration"] = {
            "Connectivity": "VPC_ENDPOINT_SERVICE" if store.vpc_service else "PUBLIC_ENDPOINT",
            "AccessKeyId": store.proxy_access_key,
            "UriEndpoint": store.endpoint,
            "UriPath": store.path,
            "VpcEndpointServiceName": store.vpc_service,
            "VpcEndpointServiceOwner": store.vpc_owner,
        }
    return shown


OPERATIONS: Final[Mapping[str, Operation]] = {
    "ConnectCustomKeyStore": _connect_custom_key_store,
    "DescribeCustomKeyStores": _describe_custom_key_stores,
    "DisconnectCustomKeyStore": _disconnect_custom_key_store,
}
