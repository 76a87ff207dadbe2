"""Reads country databases in MaxMind's format, without trust in the file.

A database of registrations (who holds an address) looks like one of locations and is right for no cloud region outside
its owner's country. Nothing in the file tells them apart, so the database is asked for a few networks whose place is
known for years: one that puts most of them where their owner has its seat is refused.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clauseproof.facts.countries import country_or_none
from clauseproof.facts.place import Said, Statement
from clauseproof.model.errors import EvidenceRejected

if TYPE_CHECKING:
    from maxminddb import Reader

MOST_BYTES = 256 * 1024 * 1024
"""The largest database that is read; country databases have 5 to 10 MB, city databases up to 100."""

_LANDMARKS = {
    "3.120.0.1": "DE", "18.184.0.1": "DE", "52.28.0.1": "DE", "34.240.0.1": "IE", "52.16.0.1": "IE",
    "52.56.0.1": "GB", "35.176.0.1": "GB", "13.112.0.1": "JP", "54.248.0.1": "JP", "13.228.0.1": "SG",
    "52.64.0.1": "AU", "54.232.0.1": "BR",
}  # fmt: skip
"""Addresses inside large networks of AWS regions that have not moved since they were opened, 2011 to 2018."""
_SEAT = "US"
_FEWEST_LANDMARKS = 4


@dataclass(frozen=True)
class CountryDatabase:
    """One database, ready to be asked.

    Attributes:
        kind: the type that it gives itself, such as `GeoLite2-Country`.
    """

    reader: "Reader"
    kind: str
    dated: datetime | None

    def statement(self, source: str, address: str) -> Statement | None:
        """What the database says of an address; None where it has no record, or none of that family.

        Raises:
            EvidenceRejected: the record is damaged.
        """
        record, prefix = self._record(address, source)
        if record is None:
            return None
        code = _code(record)
        said = (Said(field="country", value=code, prefix=prefix),) if code else ()
        return Statement(source=source, country=country_or_none(code), said=said)

    def _record(self, address: str, source: str) -> tuple[object, str]:
        if ":" in address and self.reader.metadata().ip_version == 4:
            return None, ""
        try:
            record, length = self.reader.get_with_prefix_len(address)
            return record, str(_network(address, length))
        except _DAMAGE as error:
            raise _rejected(source, error) from error


def read_database(data: bytes, name: str) -> CountryDatabase:
    """Open a database from its bytes, by the pure Python reader: the C one needs a path, and can be made to crash.

    Raises:
        EvidenceRejected: it is none, is damaged, or tells who holds an address instead of where it is.
    """
    import maxminddb

    try:
        reader = maxminddb.open_database(io.BytesIO(data), maxminddb.MODE_FD)
        meta = reader.metadata()
        if meta.ip_version not in (4, 6):
            raise ValueError(f"IP version {meta.ip_version}")
        database = CountryDatabase(reader, str(meta.database_type)[:64], _moment(meta.build_epoch))
    except _DAMAGE as error:
        raise _rejected(name, error) from error
    _tells_places(database, name)
    return database


_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the reader raises on hostile files (its own InvalidDatabaseError is a RuntimeError): all of it is damage."""


def _rejected(name: str, error: Exception) -> EvidenceRejected:
    return EvidenceRejected(
        f"{name} is no readable MaxMind database: {type(error).__name__}: {str(error)[:200]}", "download it again"
    )


def _tells_places(database: CountryDatabase, name: str) -> None:
    told = [database.statement(name, address) for address in _LANDMARKS]
    countries = [statement.country for statement in told if statement is not None and statement.country]
    if len(countries) >= _FEWEST_LANDMARKS and 2 * countries.count(_SEAT) > len(countries):
        raise EvidenceRejected(
            f"{name} tells who holds an address, not where it is: it puts {countries.count(_SEAT)} of {len(countries)} "
            f"known networks of AWS in Europe, Asia and Brazil into the {_SEAT}",
            "name a database of locations in sources.countries",
        )


def _code(record: object) -> str | None:
    """The country code as MaxMind or ip-location-db lay it out; the registered country is no place."""
    if not isinstance(record, Mapping):
        return None
    nested: Any = record.get("country")
    code = nested.get("iso_code") if isinstance(nested, Mapping) else record.get("country_code")
    return code[:8] if isinstance(code, str) and code else None


def _moment(epoch: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(str(epoch)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _network(address: str, length: int) -> str:
    import ipaddress

    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))
