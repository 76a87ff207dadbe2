"""Reads self-published feeds of where an operator's networks are (RFC 8805)."""

import csv
from dataclasses import dataclass
from typing import NamedTuple

from clauseproof.facts.countries import country_or_none
from clauseproof.facts.place import Field, Said, Statement
from clauseproof.model.errors import EvidenceRejected
from clauseproof.probes.prefixes import PrefixTable

MOST_BYTES = 16 * 1024 * 1024
MOST_LINES = 1_000_000
_LONGEST = 64


class Entry(NamedTuple):
    """One line; empty texts for what it leaves out."""

    country: str
    subdivision: str
    city: str


@dataclass(frozen=True)
class Feed:
    """One feed, ready to be asked. `unread` lines name no network and say nothing."""

    table: PrefixTable[Entry]
    unread: int

    def statement(self, source: str, address: str) -> Statement | None:
        """What the feed's longest prefix says of an address; None where it does not know it.

        A longer prefix without a country asks that nobody place it (section 2.1.1), so a shorter one is not asked.
        """
        found = next(self.table.covering(address), None)
        if found is None:
            return None
        prefix, entry = found
        fields: tuple[tuple[Field, str], ...] = (
            ("country", entry.country),
            ("subdivision", entry.subdivision),
            ("city", entry.city),
        )
        said = tuple(Said(field=field, value=value, prefix=prefix) for field, value in fields if value)
        return Statement(source=source, country=country_or_none(entry.country), said=said)


def read_feed(data: bytes, name: str) -> Feed:
    """Read a feed: UTF-8 lines of `prefix,country,subdivision,city,postal`, `#` for comments.

    Lines whose prefix cannot be read are counted and left out, as section 2.1 asks; of a network given twice the last
    line counts.

    Raises:
        EvidenceRejected: it is not UTF-8, is too long, or has no line that can be read.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvidenceRejected(
            f"{name} is not UTF-8 at byte {error.start}, which RFC 8805 demands", "ask its publisher, or convert it"
        ) from error
    table, unread = PrefixTable[Entry](), 0
    for number, line in enumerate(text.splitlines()):
        if number >= MOST_LINES:
            raise EvidenceRejected(f"{name} has more than {MOST_LINES} lines")
        content = line.partition("#")[0].strip()
        if content and not _take(content, table):
            unread += 1
    if unread and not len(table):
        raise EvidenceRejected(f"{name} has no line that can be read as RFC 8805 writes them")
    return Feed(table, unread)


def _take(line: str, table: PrefixTable[Entry]) -> bool:
    try:
        cells = [cell.strip()[:_LONGEST] for cell in next(csv.reader([line]))]
        entry = Entry(*[*cells[1:4], "", "", ""][:3])
        table.put(cells[0], entry, lambda _first, last: last)
    except (ValueError, csv.Error):
        return False
    return True
