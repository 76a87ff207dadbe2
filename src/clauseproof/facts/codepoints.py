"""Numbers of TLS that people know by name: alerts and named groups (IANA's TLS registries)."""

import enum


class Alert(enum.IntEnum):
    """Alert descriptions (RFC 8446, section 6; RFC 5246, section 7.2; RFC 6066, section 9; RFC 7507)."""

    CLOSE_NOTIFY = 0
    UNEXPECTED_MESSAGE = 10
    BAD_RECORD_MAC = 20
    DECRYPTION_FAILED = 21
    RECORD_OVERFLOW = 22
    DECOMPRESSION_FAILURE = 30
    HANDSHAKE_FAILURE = 40
    NO_CERTIFICATE = 41
    BAD_CERTIFICATE = 42
    UNSUPPORTED_CERTIFICATE = 43
    CERTIFICATE_REVOKED = 44
    CERTIFICATE_EXPIRED = 45
    CERTIFICATE_UNKNOWN = 46
    ILLEGAL_PARAMETER = 47
    UNKNOWN_CA = 48
    ACCESS_DENIED = 49
    DECODE_ERROR = 50
    DECRYPT_ERROR = 51
    EXPORT_RESTRICTION = 60
    PROTOCOL_VERSION = 70
    INSUFFICIENT_SECURITY = 71
    INTERNAL_ERROR = 80
    INAPPROPRIATE_FALLBACK = 86
    USER_CANCELED = 90
    NO_RENEGOTIATION = 100
    MISSING_EXTENSION = 109
    UNSUPPORTED_EXTENSION = 110
    UNRECOGNIZED_NAME = 112
    BAD_CERTIFICATE_STATUS_RESPONSE = 113
    UNKNOWN_PSK_IDENTITY = 115
    CERTIFICATE_REQUIRED = 116
    NO_APPLICATION_PROTOCOL = 120
    ECH_REQUIRED = 121


class Group(enum.IntEnum):
    """Named groups that offers are made for (RFC 8446, section 4.2.7; draft-ietf-tls-ecdhe-mlkem)."""

    X25519MLKEM768 = 0x11EC
    SECP256R1MLKEM768 = 0x11EB
    SECP384R1MLKEM1024 = 0x11ED
    X25519 = 0x001D
    SECP256R1 = 0x0017
    SECP384R1 = 0x0018
    SECP521R1 = 0x0019
    X448 = 0x001E
    FFDHE2048 = 0x0100
    FFDHE3072 = 0x0101
    MLKEM768 = 0x0201
    MLKEM1024 = 0x0202

    @property
    def post_quantum(self) -> bool:
        """Whether ML-KEM takes part."""
        return "MLKEM" in self.name


def alert_name(code: int) -> str:
    """`handshake_failure (40)`, or `alert 99` for a number that means nothing."""
    known = code in Alert.__members__.values()
    return f"{Alert(code).name.lower()} ({code})" if known else f"alert {code}"


def group_name(code: int) -> str:
    """`X25519MLKEM768`, `secp256r1`, or `group 0x4a4a` for one that no offer is made for."""
    if code not in Group.__members__.values():
        return f"group 0x{code:04x}"
    group = Group(code)
    spelled = {"SECP256R1MLKEM768": "SecP256r1MLKEM768", "SECP384R1MLKEM1024": "SecP384r1MLKEM1024"}
    return spelled.get(group.name, group.name if group.post_quantum else group.name.lower())
