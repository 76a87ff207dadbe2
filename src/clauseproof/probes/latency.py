"""Reads a record under the customer's key again and again, and in turn one without, to see how long it takes."""

import time
from dataclasses import dataclass, field

from clauseproof.facts.drills import Answer
from clauseproof.facts.keys import CloudKey
from clauseproof.facts.latency import Latency, Reads
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.datapath import DataPathReader

_DEADLINE_S = 3600.0
_SPARE_S = 130.0
"""Time left at which no further pair of reads is begun: two reads of at most a minute each, and some."""


@probe(permission=Permission.CONNECT, deadline_s=_DEADLINE_S)
def latency(key: CloudKey, look: Look) -> Latency:
    """Read both sides in turn, each read with a connection of its own. Raises LookFailed where a side does not serve.

    Both sides meet the same network at the same time, so that what differs between them is the vendor's.
    """
    if key.data_path is None:
        raise Unknowable(
            f"{look.subject} has no data path, so how fast the vendor reads under it cannot be seen",
            "give the key a data_path in the profile",
        )
    shape = key.latency
    sides = [_Side(DataPathReader(path, look), look) for path in (key.data_path, shape.baseline) if path is not None]
    for side in sides:
        side.reader.open()
    for _ in range(shape.reads):
        if look.stopping() or look.remaining_s() < _SPARE_S:
            break
        for side in sides:
            side.read()
            time.sleep(shape.pause.total_seconds())
    reads = [side.facts() for side in sides]
    return Latency(asked=shape.reads, with_key=reads[0], baseline=reads[1] if len(reads) > 1 else None)


@dataclass
class _Side:
    reader: DataPathReader
    look: Look
    took_s: list[float | None] = field(default_factory=list)
    codes: dict[str, None] = field(default_factory=dict)

    def read(self) -> None:
        self.reader.await_turns()
        began = self.look.clock()
        reading = self.reader.read()
        took_s = round(self.look.clock() - began, 6)
        served = reading.outcome is Answer.SERVED
        self.took_s.append(took_s if served else None)
        if not served:
            self.codes[str(reading.code)] = None

    def facts(self) -> Reads:
        return Reads(
            host=self.reader.path.host,
            addresses=self.reader.addresses,
            proxy=self.reader.path.proxy,
            took_s=tuple(self.took_s),
            codes=tuple(self.codes),
        )
