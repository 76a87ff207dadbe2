"""What a key of AWS KMS is made of, who keeps it outside AWS, and how long it outlives the wish to delete it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from clauseproof.facts.keydeletion import Deletion
from clauseproof.facts.keymaterial import Generation, Materials
from clauseproof.facts.keys import AwsKey, Custody, KeyState, Origin, Protection
from clauseproof.facts.keystores import External, Keeper, Way
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes.kms.aws import describe
from clauseproof.probes.kms.aws_api import AwsApi, AwsReach

SHORTEST, LONGEST = timedelta(days=7), timedelta(days=30)
"""The waiting period of ScheduleKeyDeletion (AWS KMS API reference); botocore's model lets other values through."""

_PROTECTIONS = {
    Origin.HSM_CLUSTER: Protection.SINGLE_TENANT_HSM,
    Origin.EXTERNAL_KEY_STORE: Protection.EXTERNAL,
}
"""The API has no field for it: of a key in a store of the customer's, the kind of store says it."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("kms:ListKeyRotations",))
def materials(key: AwsKey, custody: Custody, look: Look) -> Materials:
    """ListKeyRotations with every key material, of imported symmetric keys; other kinds have one kind of material."""
    if custody.origin is not Origin.IMPORTED or custody.spec != "SYMMETRIC_DEFAULT":
        return Materials(generations=(_only(custody),))
    api = AwsApi(AwsReach.of(key), look)
    entries = api.pages("ListKeyRotations", "Rotations", IncludeKeyMaterial="ALL_KEY_MATERIAL")
    waiting = [entry for entry in entries if entry.get("KeyMaterialState") == "PENDING_ROTATION"]
    return Materials(generations=tuple(_imported(entry, custody) for entry in entries if entry not in waiting))


def _only(custody: Custody) -> Generation:
    return Generation(
        id=None,
        current=True,
        state=custody.state,
        origin=custody.origin,
        protection=_PROTECTIONS.get(custody.origin),
        fips=None,
        made=None,
        expires=custody.material_expires,
    )


def _imported(entry: Mapping[str, Any], custody: Custody) -> Generation:
    return Generation(
        id=entry.get("KeyMaterialId"),
        current=entry.get("KeyMaterialState") == "CURRENT",
        state=custody.state if entry.get("ImportState") == "IMPORTED" else KeyState.PENDING_IMPORT,
        origin=Origin.IMPORTED,
        protection=None,
        fips=None,
        made=_utc(entry.get("RotationDate")),
        expires=_utc(entry.get("ValidTo")),
    )


def _utc(date: datetime | None) -> datetime | None:
    return None if date is None else date.astimezone(UTC)


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("kms:DescribeKey", "kms:DescribeCustomKeyStores"))
def external(key: AwsKey, custody: Custody, look: Look) -> External:
    """DescribeKey and DescribeCustomKeyStores, of a key in an external key store. Other keys are not asked for."""
    if custody.origin is not Origin.EXTERNAL_KEY_STORE:
        return External(keepers=())
    api = AwsApi(AwsReach.of(key), look)
    store = _store(api, custody)
    proxy = store.get("XksProxyConfiguration", {}) if isinstance(store, dict) else {}
    keeper = Keeper(
        generation=None,
        store=custody.store,
        host=store if isinstance(store, Unseen) else str(proxy.get("UriEndpoint", "")).removeprefix("https://"),
        key=describe(api, key).get("XksKeyConfiguration", {}).get("Id"),
        way=Way.PRIVATE if proxy.get("Connectivity") == "VPC_ENDPOINT_SERVICE" else Way.INTERNET,
        connected=store.get("ConnectionState") == "CONNECTED" if isinstance(store, dict) else None,
        made_by_provider=False,
    )
    return External(keepers=(keeper,))


def _store(api: AwsApi, custody: Custody) -> dict[str, Any] | Unseen:
    try:
        stores = api.account_call("DescribeCustomKeyStores", CustomKeyStoreId=custody.store)["CustomKeyStores"]
    except LookFailed as error:
        return error.unseen()
    if not stores:
        return Unseen(reason=Reason.UNREADABLE, text=f"AWS shows no key store {custody.store}", remedy="run again")
    found: dict[str, Any] = stores[0]
    return found


@probe(permission=Permission.OWN_ACCOUNT)
def deletion(key: AwsKey, custody: Custody) -> Deletion:
    """No call beyond those for custody: AWS's waiting period is the same for every key, and chosen when asked for."""
    at_once = {
        Origin.IMPORTED: "deleting the imported key material",
        Origin.EXTERNAL_KEY_STORE: "destroying the key in the external key store",
    }
    return Deletion(
        shortest=SHORTEST,
        longest=None if custody.replicas else LONGEST,
        at_once=at_once.get(custody.origin),
        comes_back="importing the same key material again" if custody.origin is Origin.IMPORTED else None,
        due=custody.deletion,
        source="AWS's documentation",
    )
