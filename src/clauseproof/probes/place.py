"""Looks the addresses of an endpoint up in the buyer's files: providers' ranges, operators' feeds, a country database.

Nothing is asked over the network. Files are read and parsed once per process and content, however many subjects there
are.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from clauseproof.facts.dns import Origin, Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.place import AddressPlace, Countries, Feeds, Placed, Ranges, Source, Statement
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes import countrydb, geofeed
from clauseproof.probes import ranges as rangelist


class _Asked(Protocol):
    """A parsed file that can be asked for an address."""

    def statement(self, source: str, address: str) -> Statement | None: ...


A = TypeVar("A", bound=_Asked)
P = TypeVar("P", bound=Placed)


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60)
def ranges(endpoint: Endpoint, names: Resolution, look: Look) -> Ranges:
    """What the providers' published ranges in `sources.ranges` say of every address.

    Raises:
        Unknowable: the profile names no such file. EvidenceRejected: one cannot be read.
    """
    if not look.sources.ranges:
        raise Unknowable("the profile names no provider's ranges", "name some in sources.ranges of the profile")
    opened = [
        (_source(name, data, one.provider, one.serial, one.dated, len(one.table)), one)
        for name in look.sources.ranges
        for data, one in [_opened(name, rangelist.MOST_BYTES, rangelist.read_ranges, look)]
    ]
    return _placed(Ranges, opened, names)


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60)
def feeds(endpoint: Endpoint, names: Resolution, look: Look) -> Feeds:
    """What the operators' geofeeds in `sources.geofeeds` say of every address.

    Raises:
        Unknowable: the profile names no such file. EvidenceRejected: one cannot be read.
    """
    if not look.sources.geofeeds:
        raise Unknowable("the profile names no geofeed", "name the operator's in sources.geofeeds of the profile")
    opened = [
        (_source(name, data, "feed", None, None, len(one.table), one.unread), one)
        for name in look.sources.geofeeds
        for data, one in [_opened(name, geofeed.MOST_BYTES, geofeed.read_feed, look)]
    ]
    return _placed(Feeds, opened, names)


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60)
def countries(endpoint: Endpoint, names: Resolution, look: Look) -> Countries:
    """What the country database in `sources.countries` says of every address.

    Raises:
        Unknowable: the profile names none. EvidenceRejected: it cannot be read, or tells who holds an address.
    """
    name = look.sources.countries
    if name is None:
        raise Unknowable("the profile names no country database", "name one in sources.countries of the profile")
    data, database = _opened(name, countrydb.MOST_BYTES, countrydb.read_database, look)
    return _placed(Countries, [(_source(name, data, database.kind, None, database.dated, None), database)], names)


def _source(
    name: str,
    sha256: str,
    publisher: str,
    serial: str | None,
    dated: datetime | None,
    entries: int | None,
    unread: int = 0,
) -> Source:
    age = None if dated is None else max(0, (datetime.now(UTC) - dated).days)
    return Source(
        name=name,
        publisher=publisher,
        sha256=sha256,
        serial=serial,
        dated=dated,
        days_old=age,
        entries=entries,
        unread=unread,
    )


def _placed(kind: type[P], opened: list[tuple[Source, A]], names: Resolution) -> P:
    if names.origin is Origin.PROXY:
        raise Unknowable(
            f"a proxy looks {names.host} up, and to which address it leads is not known here",
            "fix addresses of the endpoint, or name resolvers that know it",
        )
    per_address = tuple(
        AddressPlace(
            address=address,
            statements=tuple(
                told for source, one in opened if (told := one.statement(source.name, address)) is not None
            ),
        )
        for address in names.reachable
    )
    return kind(sources=tuple(source for source, _ in opened), per_address=per_address, missing=names.missing)


_MOST_OPEN = 16
_open: "OrderedDict[tuple[str, str], _Asked]" = OrderedDict()
_lock = threading.Lock()


def _opened(name: str, limit: int, read: Callable[[bytes, str], A], look: Look) -> tuple[str, A]:
    """A file's digest and its content, parsed at most once while the process lives."""
    data = look.read_file(name, limit)
    digest = hashlib.sha256(data).hexdigest()
    key = (digest, read.__name__)
    with _lock:
        if key not in _open:
            _open[key] = read(data, name)
        _open.move_to_end(key)
        while len(_open) > _MOST_OPEN:
            _open.popitem(last=False)
        found = _open[key]
    return digest, found  # type: ignore[return-value]  # the reader's name in the key keeps the kinds apart
