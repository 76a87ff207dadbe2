"""Documents that the vendor hands over: what they are said to be, and what they say themselves."""

import enum
from typing import ClassVar

from pydantic import Field

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.subject import Subject
from clauseproof.model.units import Day
from clauseproof.model.unseen import Unseen


class ReportType(enum.StrEnum):
    """Reports and certificates of somebody who looked for the vendor's customers."""

    SOC2_TYPE_II = "SOC 2 Type II"
    """An auditor's report on controls over a period that is past (AICPA, SSAE 18, AT-C 205)."""
    ISO_27001 = "ISO 27001"
    """A certificate of an information security management system, valid until a day (ISO/IEC 27001)."""


class Stated(Frozen):
    """What whoever wrote the profile says of a document; nobody else's word.

    Attributes:
        type: what it is.
        period_end: the last day of the period that a report covers, or the last day that a certificate is valid.
        scope: products, sites or regions that it is said to cover, in the words that it uses for them.
    """

    type: ReportType | None = None
    period_end: Day | None = None
    scope: tuple[str, ...] = Field(default=(), max_length=50)


class Document(Stated, Subject):
    """A document: a PDF with a text layer, Markdown or UTF-8 text, relative to the profile.

    `type`, `period_end` and `scope` say what it is claimed to be; a check holds its own text against them.
    """

    key: ClassVar[str] = "document"

    document: str = Field(min_length=1)

    def files(self) -> tuple[str, ...]:
        """The document."""
        return (self.document,)

    def stated(self) -> Stated:
        """Only what is said of it."""
        return Stated(type=self.type, period_end=self.period_end, scope=self.scope)


class Report(Facts):
    """A document as it was read. Nobody's signature was verified: it says what its author says.

    Attributes:
        sha256: hex digest of the file.
        size: bytes of the file.
        pages: text of each page of a PDF, or of the whole file as one page; compatibility characters replaced (NFKC)
            and white space reduced to single spaces. Empty for a page without text. An Unseen where there is none.
        cut: whether text was left out because there is too much of it.
        stated: what the profile says of it.
    """

    kind = "documents.report"
    ceiling = Assurance.VOUCHED

    name: str
    sha256: str
    size: int
    pages: tuple[str, ...] | Unseen
    cut: bool
    stated: Stated
