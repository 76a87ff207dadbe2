"""Whether whoever answered through a proxy is the endpoint, or the proxy in its place.

Whoever finishes a handshake holds the key of the certificate shown. A proxy that opens connections shows one of its
own, which no public authority gave for the endpoint's name: roots of the profile's own prove nothing here, since the
proxy's may be among them. Dates do not matter: an expired certificate is still the endpoint's.
"""

from collections.abc import Sequence

from clauseproof.facts.manner import Way
from clauseproof.facts.tls import Served
from clauseproof.hardware.certificate import read_certificate
from clauseproof.hardware.serverchain import Roots, Valid, judge_chain, read_roots
from clauseproof.model.errors import EvidenceRejected
from clauseproof.model.unseen import Unseen

DIRECTLY = "To settle it: look from where the endpoint is reached directly"


def doubt(way: Way, served: tuple[Served, ...] | Unseen | None, name: str, public: tuple[bytes, ...]) -> str:
    """Why the proxy may have answered in the place of `name`; empty where it did not, or there is none.

    Args:
        served: what handshakes that were finished on the same way showed.
        public: the roots that everybody trusts, PEM.
    """
    if way is Way.DIRECT:
        return ""
    if served is None or isinstance(served, Unseen):
        why = "nobody looked" if served is None else served.text
        return f"through a proxy, and no handshake shows who answered ({why})"
    try:
        roots = read_roots(public)
    except EvidenceRejected as error:
        return f"through a proxy, and who answered cannot be judged: {error.what}"
    if served and all(_vouched(one.chain, name, roots) for one in served):
        return ""
    return (
        f"through a proxy, and no public authority vouches for the certificate that was shown for {name}: the proxy "
        "itself may have answered"
    )


def _vouched(chain: Sequence[bytes], name: str, roots: Roots) -> bool:
    """Whether a chain led to an anchor for a name on the day on which the youngest of its certificates began."""
    try:
        began = max(read_certificate(der, "a certificate").not_before for der in chain)
        return isinstance(judge_chain(chain, name, began, roots), Valid)
    except EvidenceRejected:
        return False
