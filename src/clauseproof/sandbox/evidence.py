"""What lies beside a profile and is no prose: trust anchors, the attestation of the root key, address sources."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clauseproof.sandbox.attestation import EXPORTABLE_UNDER_WRAP, SIGN_ECDSA, make_device
from clauseproof.sandbox.character import Character
from clauseproof.sandbox.places import Standing, geofeed, ip_ranges, write_countries


def write_evidence(folder: Path, character: Character, roots: Mapping[str, bytes], now: datetime) -> None:
    """Write `evidence/*.pem` and `data/*` into `folder`; `roots` are trust anchors (PEM) by file name."""
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    for name, pem in roots.items():
        (folder / f"evidence/{name}.pem").write_bytes(pem)
    _write_attestation(folder / "evidence", exportable=character.exportable, now=now)
    _write_places(folder / "data", character, now)


def _write_attestation(folder: Path, *, exportable: bool, now: datetime) -> None:
    # The private key stays where it was generated; here that is nowhere.
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    capabilities = SIGN_ECDSA | (EXPORTABLE_UNDER_WRAP if exportable else 0)
    made = make_device(now=now).attest(key, capabilities=capabilities, label="root key of the Service")
    (folder / "root-key.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "root-key-attestation.pem").write_bytes(made.attestation)
    (folder / "root-key-chain.pem").write_bytes(b"".join(made.chain))
    (folder / "hsm-root.pem").write_bytes(made.root)


def _write_places(folder: Path, character: Character, now: datetime) -> None:
    folder.mkdir(exist_ok=True)
    standings = [Standing(character.address(stand), stand.site) for stand in character.stands]
    (folder / "ip-ranges.json").write_text(ip_ranges(standings, published=now))
    (folder / "geofeed.csv").write_text(geofeed(standings))
    write_countries(standings, folder / "countries.mmdb")
