"""The way back from a drill at the buyer's key service: the key is turned on again, and seen to be given."""

import json
import time
from datetime import timedelta
from pathlib import Path

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Answer
from clauseproof.facts.keyservice import Order, Switch
from clauseproof.model.drill import Undo
from clauseproof.model.errors import LookFailed, RestoreFailed
from clauseproof.model.frozen import Frozen
from clauseproof.model.look import Look
from clauseproof.model.marks import undoes
from clauseproof.model.profile import Network
from clauseproof.probes.datapath import MOST_BYTES, DataPathReader
from clauseproof.probes.kms.keyservice_switch import send
from clauseproof.secrets import reveal

WAY_BACK = "key-service-switch"
_CA_FILE = "ca.pem"
_RETRY_S = 1.0
_ROOT = Path("/")
"""Files that hold secrets are named by their full path."""


class Given(Frozen):
    """What a fetch of ours gave while the key was on, for whoever fetches it later: digests, never the key.

    Attributes:
        first: see `DataPathReader.first`.
    """

    addresses: tuple[str, ...]
    skipped: tuple[str, ...]
    first: str | None

    @classmethod
    def to(cls, reader: DataPathReader) -> "Given":
        """What a reader was given."""
        return cls(addresses=reader.addresses, skipped=reader.skipped, first=reader.first)

    def hand_to(self, reader: DataPathReader) -> None:
        """Let another reader expect the same."""
        reader.reopen(self.addresses, self.skipped, self.first)


def way_back(target: str, state: str, switch: Switch, given: Given, patience: timedelta, look: Look) -> Undo:
    """How another process turns the key on: the requests with their references to secrets, and what TLS trusts."""
    settings = {
        "on": switch.on.model_dump_json(),
        "ask": switch.ask.model_dump_json(),
        "given": given.model_dump_json(),
        "resolvers": json.dumps(look.network.resolvers),
        "patience_s": str(patience.total_seconds()),
    }
    if look.network.ca_file is not None:
        settings["ca"] = look.read_file(look.network.ca_file, MOST_BYTES).decode()
    return Undo(kind=WAY_BACK, target=target, prior=state, settings=settings)


@undoes(WAY_BACK)
def restore_switch(undo: Undo) -> None:
    """Turn the key on, and see that it is given; harmless when taken twice.

    It is turned on even where it is given already: a key service may lag, and an order to turn it off be under way.
    Secrets are opened anew at every further try, so that renewed ones are used.
    """
    until = time.monotonic() + float(undo.settings.get("patience_s", "60"))
    problem = _try_way_back(undo)
    while problem is not None:
        if time.monotonic() >= until:
            raise RestoreFailed(
                f"{undo.target} was {undo.prior} before the drill and could not be brought back: {problem}",
                "run clauseproof restore, or turn the key on at the key service",
            )
        time.sleep(min(_RETRY_S, max(0.0, until - time.monotonic())))
        problem = _try_way_back(undo)


def _try_way_back(undo: Undo) -> str | None:
    """What is still wrong, None if the key is given again."""
    look = _look(undo)
    try:
        order = Order.model_validate_json(undo.settings["on"])
        reader = DataPathReader(DataPath.model_validate_json(undo.settings["ask"]), look)
        Given.model_validate_json(undo.settings["given"]).hand_to(reader)
        send(order, "on", look)
    except LookFailed as error:
        return f"{error.what} ({error.what_to_do})"
    reading = reader.read()
    if reading.outcome is Answer.SERVED:
        return None
    if reading.outcome is Answer.REFUSED:
        return f"it is turned on and still refused ({reading.code})"
    return f"it is turned on, and whether it is given cannot be seen ({reading.code})"


def _look(undo: Undo) -> Look:
    ca = undo.settings.get("ca")
    network = Network(resolvers=tuple(json.loads(undo.settings["resolvers"])), ca_file=_CA_FILE if ca else None)
    look = Look(subject=undo.target, network=network, reveal=lambda ref: reveal(ref, _ROOT))
    if ca is not None:
        look.read_file = lambda name, limit: ca.encode()
    return look
