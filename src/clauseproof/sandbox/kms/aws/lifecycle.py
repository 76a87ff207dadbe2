"""Creating, showing, listing, enabling, disabling and deleting keys; aliases and tags."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from clauseproof.sandbox.kms.aws.access import default_policy
from clauseproof.sandbox.kms.aws.account import (
    SYMMETRIC,
    Account,
    AwsKey,
    make_secret,
    material_id,
    new_key_id,
    new_material,
)
from clauseproof.sandbox.kms.aws.errors import AwsError, unsupported, validation
from clauseproof.sandbox.kms.aws.metadata import key_metadata, state_name
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request, window_days
from clauseproof.sandbox.kms.aws.sharing import check_policy
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.keystore import Key

_ANY_BUT_DELETION: Final = (KeyState.ENABLED, KeyState.DISABLED, KeyState.PENDING_IMPORT, KeyState.UNAVAILABLE)


def _create_key(request: Request) -> Answer:
    request.authorise_account()
    params = request.params
    spec = params.get("KeySpec", params.get("CustomerMasterKeySpec", SYMMETRIC))
    origin = params.get("Origin", "AWS_KMS")
    policy = params.get("Policy") or default_policy(request.account.id, request.account.partition)
    check_policy(request, policy)
    _check_store(request, origin, spec)
    key = add_key(
        request.account,
        spec=spec,
        origin=origin,
        policy=policy,
        usage=_usage(params, spec),
        description=params.get("Description", ""),
        multi_region=params.get("MultiRegion", False),
        store=params.get("CustomKeyStoreId"),
        xks_key=params.get("XksKeyId"),
    )
    key.tags.update({tag["TagKey"]: tag["TagValue"] for tag in params.get("Tags", [])})
    request.keys.append(key.arn)
    return {"KeyMetadata": key_metadata(request.account, key)}


def _usage(params: Mapping[str, Any], spec: str) -> str:
    default = "GENERATE_VERIFY_MAC" if spec.startswith("HMAC_") else "ENCRYPT_DECRYPT" if spec == SYMMETRIC else None
    usage: str | None = params.get("KeyUsage", default)
    if usage is None:
        raise validation("You must specify a KeyUsage value for an asymmetric KMS key.")
    possible = (
        {"SIGN_VERIFY"}
        if spec.startswith("ECC_")
        else {"SIGN_VERIFY", "ENCRYPT_DECRYPT"}
        if spec.startswith("RSA_")
        else {default}
    )
    if usage not in possible:
        raise validation(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return usage


def _check_store(request: Request, origin: str, spec: str) -> None:
    store = request.params.get("CustomKeyStoreId")
    in_store = origin in ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")
    if in_store != (store is not None):
        raise validation(f"Origin {origin} and CustomKeyStoreId do not go together")
    if store is None:
        return
    if store not in request.account.stores:
        raise AwsError("CustomKeyStoreNotFoundException", f"Custom key store {store} does not exist.")
    if spec != SYMMETRIC or request.params.get("MultiRegion"):
        raise unsupported("A custom key store holds symmetric encryption keys of one Region only.")
    if request.account.stores[store].connection != "CONNECTED":
        raise AwsError("CustomKeyStoreInvalidStateException", f"Custom key store {store} is not connected.")


def add_key(
    account: Account,
    *,
    spec: str,
    origin: str,
    created: Any = None,
    owner: str | None = None,
    id: str | None = None,
    **more: Any,
) -> AwsKey:
    """Put a new key into the account; the operation CreateKey and the seeding of a vendor both end here."""
    at = created or account.clock.now()
    name = id or new_key_id(more.get("multi_region", False))
    secret = None if origin == "EXTERNAL" else make_secret(spec)
    key = Key(
        created=at,
        first=new_material(account.clock, id=material_id(name), created=at, secret=secret),
        make=lambda date: new_material(account.clock, id=material_id(name), created=date, secret=make_secret(spec)),
        clock=account.clock,
        empty=secret is None,
    )
    if secret is None:
        key.switch.turn(KeyState.PENDING_IMPORT, account.faults)
    owner = owner or account.id
    account.keys[name] = AwsKey(
        id=name, arn=account.arn(f"key/{name}", owner), account=owner, key=key, spec=spec, origin=origin, **more
    )
    return account.keys[name]


def _describe_key(request: Request) -> Answer:
    return {"KeyMetadata": key_metadata(request.account, request.key())}


def _list_keys(request: Request) -> Answer:
    request.authorise_account()
    own = (key for key in request.account.living() if key.account == request.caller.account)
    keys, more = request.page(own)
    return {"Keys": [{"KeyId": key.id, "KeyArn": key.arn} for key in keys], **more}


def _enable_key(request: Request) -> Answer:
    return _turn(request, KeyState.ENABLED)


def _disable_key(request: Request) -> Answer:
    return _turn(request, KeyState.DISABLED)


def _turn(request: Request, state: KeyState) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    request.managed_in(key, KeyState.ENABLED, KeyState.DISABLED, KeyState.UNAVAILABLE)
    if key.key.switch.declared is not state:
        key.key.switch.turn(state, request.account.faults)
    return {}


def _schedule_key_deletion(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    days = window_days(request.params)
    request.managed_in(key, *_ANY_BUT_DELETION)
    key.deletion = request.account.clock.now() + timedelta(days=days)
    key.window_days = days
    key.key.switch.turn(KeyState.PENDING_DELETION, request.account.faults)
    state = state_name(KeyState.PENDING_DELETION)
    return {"KeyId": key.arn, "DeletionDate": key.deletion, "KeyState": state, "PendingWindowInDays": days}


def _cancel_key_deletion(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    request.managed_in(key, KeyState.PENDING_DELETION)
    key.deletion = key.window_days = None
    state = KeyState.DISABLED if key.complete else KeyState.PENDING_IMPORT
    key.key.switch.turn(state, request.account.faults)
    return {"KeyId": key.arn}


def _update_key_description(request: Request) -> Answer:
    key = request.key(alias=False)
    request.managed_in(key, *_ANY_BUT_DELETION)
    key.description = request.params["Description"]
    return {}


def _create_alias(request: Request) -> Answer:
    name = request.params["AliasName"]
    key = request.key("TargetKeyId", alias=False)
    request.own_account_only(key)
    if not name.startswith("alias/") or name.startswith("alias/aws/"):
        raise AwsError(
            "InvalidAliasNameException", f"Alias must start with the prefix 'alias/' and not be reserved: {name}"
        )
    if name in request.account.aliases:
        raise AwsError("AlreadyExistsException", f"An alias with the name {request.account.arn(name)} already exists")
    request.managed_in(key, *_ANY_BUT_DELETION)
    request.account.aliases[name] = (key.id, request.account.clock.now())
    return {}


def _list_aliases(request: Request) -> Answer:
    request.authorise_account()
    wanted = request.account.find(request.params["KeyId"], request.caller).id if "KeyId" in request.params else None
    living = {key.id for key in request.account.living()}
    shown = [
        {
            "AliasName": name,
            "AliasArn": request.account.arn(name),
            "TargetKeyId": target,
            "CreationDate": created,
            "LastUpdatedDate": created,
        }
        for name, (target, created) in sorted(request.account.aliases.items())
        if target in living and wanted in (None, target)
    ]
    aliases, more = request.page(shown, default=50)
    return {"Aliases": aliases, **more}


def _list_resource_tags(request: Request) -> Answer:
    key = request.key(alias=False)
    tags, more = request.page(({"TagKey": name, "TagValue": value} for name, value in key.tags.items()), default=50)
    return {"Tags": tags, **more}


def _tag_resource(request: Request) -> Answer:
    key = request.key(alias=False)
    request.managed_in(key, *_ANY_BUT_DELETION)
    key.tags.update({tag["TagKey"]: tag["TagValue"] for tag in request.params["Tags"]})
    return {}


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CancelKeyDeletion": _cancel_key_deletion,
    "CreateAlias": _create_alias,
    "CreateKey": _create_key,
    "DescribeKey": _describe_key,
    "DisableKey": _disable_key,
    "EnableKey": _enable_key,
    "ListAliases": _list_aliases,
    "ListKeys": _list_keys,
    "ListResourceTags": _list_resource_tags,
    "ScheduleKeyDeletion": _schedule_key_deletion,
    "TagResource": _tag_resource,
    "UpdateKeyDescription": _update_key_description,
}
