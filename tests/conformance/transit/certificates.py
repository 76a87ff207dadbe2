"""What the servers of the table show: one good certificate, and one for every way to be wrong."""

from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.certificates import DAY, NOW, Holder, authority, leaf

NAMES = ("*.crm.example", "*.plain.example", "*.bogus.example")
_ROOT = authority()
_ISSUER = authority("Test Intermediate", _ROOT)
_OUTDATED = authority("Outdated Intermediate", _ROOT, until=NOW - DAY)


def write_all(folder: Path) -> None:
    """Each as `NAME.pem`, key and chain in one file that every user may read; `root.pem`; `client.crt`, keyless."""
    (folder / "root.pem").write_bytes(_ROOT.pem)
    made = _made()
    (folder / "client.crt").write_bytes(made["client"].pem + _ISSUER.pem)
    for name, holder in made.items():
        holder.write(folder, name).chmod(0o644)


def _made() -> dict[str, Holder]:
    good = leaf(_ISSUER, *NAMES)
    alone = Holder(good.certificate, good.key)
    return {
        "good": good,
        "RSA": leaf(_ISSUER, *NAMES, key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "self-signed": leaf(None, *NAMES),
        "expired": leaf(_ISSUER, *NAMES, since=NOW - 90 * DAY, until=NOW - timedelta(hours=1)),
        "not yet valid": leaf(_ISSUER, *NAMES, since=NOW + DAY),
        "another's": leaf(_ISSUER, "www.other.example"),
        "for clients": leaf(_ISSUER, *NAMES, serves=False),
        "without its issuer": alone,
        "of an expired issuer": leaf(_OUTDATED, *NAMES),
        "a megabyte": leaf(_ISSUER, *NAMES, padding=1 << 20),
        "with eleven above": Holder(good.certificate, good.key, good.above * 11),
        "client": leaf(_ISSUER, "buyer.acme.example", serves=False),
    }
