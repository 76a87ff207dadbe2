"""Key Vault's errors: an HTTP status, a code, sometimes an inner code that says more."""

from typing import Any


class AzureError(Exception):
    """An error answer. `inner` goes into `innererror.code`, where Key Vault tells one refusal from another."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner

    @property
    def name(self) -> str:
        """The most specific code."""
        return self.inner or self.code

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        return {"error": error if self.inner is None else {**error, "innererror": {"code": self.inner}}}


def bad_parameter(message: str) -> AzureError:
    """A request that can never succeed."""
    return AzureError(400, "BadParameter", message)


def key_not_found(name: str) -> AzureError:
    """A key or a version that does not exist."""
    return AzureError(404, "KeyNotFound", f"A key with (name/id) {name} was not found in this key vault.")


def forbidden(message: str, inner: str) -> AzureError:
    """A refusal; only the inner code says whether the key or the caller is the reason."""
    return AzureError(403, "Forbidden", message, inner)
