"""One KMS request on its way through: find the key, ask whether the caller may and whether the key's state lets it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from clauseproof.sandbox.kms.aws.access import Caller, Grant, refusal
from clauseproof.sandbox.kms.aws.account import Account, AwsKey
from clauseproof.sandbox.kms.aws.errors import AwsError, access_denied, validation, wrong_state
from clauseproof.sandbox.kms.keystate import KeyState

Answer = Mapping[str, Any]
Operation = Callable[["Request"], Answer]


class Request:
    """The parameters of one call, decoded and validated, with the account it is made in.

    Attributes:
        keys: ARNs of the keys resolved so far, for the log.
    """

    def __init__(self, operation: str, params: Mapping[str, Any], caller: Caller, account: Account) -> None:
        self.operation = operation
        self.params = params
        self.caller = caller
        self.account = account
        self.keys: list[str] = []

    def key(
        self,
        member: str = "KeyId",
        *,
        action: str | None = None,
        context: str = "EncryptionContext",
        alias: bool = True,
    ) -> AwsKey:
        """The key that `member` names, if the caller may perform the operation (or `action`) on it."""
        name = self.params[member]
        if not alias and "alias/" in name:
            raise AwsError(
                "InvalidArnException" if name.startswith("arn:") else "NotFoundException", f"Invalid keyId {name}"
            )
        found = self.account.find(name, self.caller)
        self.authorise(found, action or self.operation, self.params.get(context, {}))
        return found

    def authorise(self, key: AwsKey, operation: str, context: Mapping[str, str] | None = None) -> None:
        """Raises `AwsError` with code AccessDeniedException."""
        self.keys.append(key.arn)
        action = f"kms:{operation}"
        grants = [*key.grants.values(), *foreign_grants(self.account, key)]
        because = self._withheld(operation) or refusal(key.statements, grants, self.caller, action, context or {})
        if because is not None:
            raise access_denied(self.caller.arn, action, key.arn, because)

    def authorise_account(self, operation: str | None = None) -> None:
        """The same for an operation on no key in particular."""
        action = f"kms:{operation or self.operation}"
        because = self._withheld(operation or self.operation) or self.caller.refusal(action)
        if because is not None:
            raise access_denied(self.caller.arn, action, None, because)

    def _withheld(self, operation: str) -> str | None:
        if {operation, self.operation} & self.account.faults.denies:
            return f"because no identity-based policy allows the kms:{operation} action"
        return None

    def own_account_only(self, key: AwsKey) -> None:
        """For operations that the API reference marks "Cross-account use: No"."""
        if key.account != self.caller.account:
            raise access_denied(
                self.caller.arn, f"kms:{self.operation}", key.arn, "because the key is in a different account"
            )

    def managed_in(self, key: AwsKey, *states: KeyState) -> None:
        """A control-plane operation that needs the key in one of `states`."""
        state = self.account.state(key)
        if state in states:
            return
        if states == (KeyState.PENDING_DELETION,):
            raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        raise wrong_state(key.arn, state)

    def usable(self, key: AwsKey, usage: str) -> None:
        """A cryptographic operation: needs the key enabled, as far as the data plane knows, and meant for this use."""
        state = self.account.obeyed(key)
        if state is not KeyState.ENABLED:
            raise wrong_state(key.arn, state)
        if key.usage != usage:
            raise AwsError(
                "InvalidKeyUsageException",
                f"{key.arn} key usage is {key.usage} which is not valid for {self.operation}.",
            )
        if self.params.get("DryRun"):
            raise AwsError(
                "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.", 412
            )

    def page(self, items: Iterable[Any], default: int = 100) -> tuple[list[Any], Answer]:
        """One page of `items` by Limit and Marker, and the members that say whether more follow."""
        everything = list(items)
        start = self._marker(len(everything))
        end = start + self.params.get("Limit", default)
        if end >= len(everything):
            return everything[start:], {"Truncated": False}
        return everything[start:end], {"Truncated": True, "NextMarker": str(end)}

    def _marker(self, longest: int) -> int:
        marker = self.params.get("Marker", "0")
        if not marker.isascii() or not marker.isdigit() or int(marker) > longest:
            raise AwsError("InvalidMarkerException", "The marker is not valid.")
        return int(marker)


def foreign_grants(account: Account, key: AwsKey) -> list[Grant]:
    """The grants that a fault adds to every key."""
    return [
        Grant(
            id=f"{number:064x}",
            token=f"foreign-{number}",
            grantee=grantee,
            retiring=None,
            operations=frozenset({"Encrypt", "Decrypt", "GenerateDataKey"}),
            constraints={},
            name=None,
            created=key.key.created,
            issuer=f"arn:{account.partition}:iam::{key.account}:root",
        )
        for number, grantee in enumerate(account.faults.foreign_grantees, 1)
    ]


def window_days(params: Mapping[str, Any]) -> int:
    """Days until deletion. The API reference allows 7 to 30; botocore's own model would let 1 to 365 pass."""
    days: int = params.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise validation("PendingWindowInDays must be between 7 and 30 (inclusive)")
    return days
