"""Servers of our own that do not play along, each a process: `python -m tests.conformance.transit.hostile KIND ...`."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.conformance.transit.process import Site, Start, begin
from tests.support import hostile
from tests.support.certificates import Holder
from tests.support.processes import Process
from tests.support.tls import Talk, dripping, garbage, listening, resetting, silent
from tests.support.weak import Weak, weak

_ROOT = Path(__file__).parents[3]


def _holder(pem: Path) -> Holder:
    """Key and certificates of a file."""
    certificate, *above = x509.load_pem_x509_certificates(pem.read_bytes())
    key = load_pem_private_key(pem.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Holder(certificate, key, tuple(above))


KINDS: dict[str, Callable[[Path], Talk]] = {
    "closing everything": lambda pem: hostile.closing_all,
    "dripping": lambda pem: dripping,
    "garbage": lambda pem: garbage,
    "handshake_failure": lambda pem: hostile.alerting(pem, 40),
    "internal_error": lambda pem: hostile.alerting(pem, 80),
    "intolerant": hostile.intolerant,
    "limiting": hostile.limited,
    "lying": hostile.lying,
    "resetting": lambda pem: resetting,
    "silent": lambda pem: silent,
    "Heartbleed": lambda pem: weak(_holder(pem), Weak(leaks=True)),
    "ssl 3.0": lambda pem: hostile.ssl_3_0,
}


def spoken(kind: str) -> Start:
    """One of `KINDS`."""

    def start(site: Site) -> Process:
        words = ["-m", __name__, kind, str(site.pem), site.address, str(site.port)]
        return begin([sys.executable, *words], site, python_path=_ROOT)

    return start


def main(kind: str, pem: str, address: str, port: str) -> None:
    """Serve until the process is ended."""
    with listening(KINDS[kind](Path(pem)), address, int(port)):
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
