"""Classes of looks, and who must have allowed them."""

import enum


class Permission(enum.StrEnum):
    """What a look does to whom. `connect` and `own-account` need nobody's leave; the others stand in the profile."""

    CONNECT = "connect"
    """What any client does: names, a few handshakes of any version, a GET, timing."""
    OWN_ACCOUNT = "own-account"
    """Reads in the buyer's own account, and the buyer's own files."""
    SCAN = "scan"
    """Many connections to one address, or deliberately wrong messages."""
    VENDOR_ACCOUNT = "vendor-account"
    """Reads with a role that the vendor granted."""
    DRILL = "drill"
    """Changes state, and changes it back."""

    @property
    def always(self) -> bool:
        """Whether it needs no grant."""
        return self in (Permission.CONNECT, Permission.OWN_ACCOUNT)
