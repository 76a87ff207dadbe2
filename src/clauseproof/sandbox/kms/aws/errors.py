"""AWS's error codes, in its own words where they were seen in public."""

from clauseproof.sandbox.kms.keystate import KeyState


class AwsError(Exception):
    """An error answer: `code` goes into `__type`, `status` is the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation(message: str) -> AwsError:
    """A parameter that the service does not accept."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    """A key, alias or grant that does not exist."""
    return AwsError("NotFoundException", message)


def unsupported(message: str) -> AwsError:
    """A kind of key that the operation does not serve."""
    return AwsError("UnsupportedOperationException", message)


def invalid_ciphertext() -> AwsError:
    """A ciphertext that no material of the key opens."""
    # KMS answers this one without a message.
    return AwsError("InvalidCiphertextException", "")


def wrong_state(arn: str, state: KeyState) -> AwsError:
    """What a call gets that needs the key in another state."""
    if state is KeyState.DISABLED:
        return AwsError("DisabledException", f"{arn} is disabled.")
    return AwsError("KMSInvalidStateException", f"{arn} is {state.value}.")


def access_denied(principal: str, action: str, resource: str | None, because: str) -> AwsError:
    """A refusal for want of permission, which proves nothing about the key."""
    on = f" on resource: {resource}" if resource else ""
    return AwsError("AccessDeniedException", f"User: {principal} is not authorized to perform: {action}{on} {because}")
