"""Google's status codes, in its own words where they were seen in public."""

import grpc  # type: ignore[import-untyped]


class GoogleError(Exception):
    """A call that ends with this status."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(f"{status.name}: {message}")
        self.status = status
        self.message = message

    @property
    def code(self) -> str:
        """The status by its name, such as `FAILED_PRECONDITION`."""
        return str(self.status.name)


def invalid(message: str) -> GoogleError:
    """A request that can never succeed."""
    return GoogleError(grpc.StatusCode.INVALID_ARGUMENT, message)


def precondition(message: str) -> GoogleError:
    """A request that the resource's state does not allow now."""
    return GoogleError(grpc.StatusCode.FAILED_PRECONDITION, message)


def not_found(kind: str, name: str) -> GoogleError:
    """A resource that does not exist."""
    return GoogleError(grpc.StatusCode.NOT_FOUND, f"{kind} {name} not found.")


def exists(kind: str, name: str) -> GoogleError:
    """A resource that exists already."""
    return GoogleError(grpc.StatusCode.ALREADY_EXISTS, f"{kind} {name} already exists.")


def denied(permission: str, resource: str) -> GoogleError:
    """A refusal for want of permission, which proves nothing about the key."""
    message = f"Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
    return GoogleError(grpc.StatusCode.PERMISSION_DENIED, message)


def undecryptable() -> GoogleError:
    """A ciphertext that no version of the key opens."""
    return invalid("Decryption failed: verify that 'name' refers to the correct CryptoKey.")
