"""The page as a whole: its groups and its circumstances, and the policy that lets nothing but its own style run."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clauseproof.model.assurance import Assurance
from clauseproof.model.profile import Grant
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Ruling
from clauseproof.reporting import dates, scope, sentences, text, vocabulary
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.html.anchors import anchors, numbers
from clauseproof.reporting.html.environment import environment, listed, trusted
from clauseproof.reporting.html.leaf import Leaf
from clauseproof.reporting.unfinished import unfinished

_UNSEEN_LIMIT = 20

_MEANING = {
    Ruling.NOT_SATISFIED: "What was seen speaks against the marked words.",
    Ruling.INCONCLUSIVE: "Nothing that decides was seen, or the proof is weaker than the clause asks. "
    "Each entry says what would settle it.",
    Ruling.NOT_TESTED: "Nobody looked, or not at all of it. That speaks neither for the vendor nor against it.",
    Ruling.WAIVED: "The buyer has accepted these deviations for a time; what was seen stands here all the same.",
    Ruling.SATISFIED: "Nothing was seen against the marked words, on these subjects and at these hours. "
    "That says nothing about other words or other days.",
}
_ANCHOR = {
    Ruling.NOT_SATISFIED: "contradicted",
    Ruling.INCONCLUSIVE: "undecided",
    Ruling.NOT_TESTED: "not-tested",
    Ruling.WAIVED: "waived",
    Ruling.SATISFIED: "consistent",
}


@dataclass(frozen=True)
class Group:
    """The clauses of one ruling."""

    ruling: Ruling
    anchor: str
    of: str
    meaning: str
    leaves: tuple[Leaf, ...]


def build(dossier: Dossier) -> str:
    """The whole page. The same run always gives the same page."""
    style, script = trusted("style.css"), trusted("script.js")
    leaves = _leaves(dossier)
    return environment().get_template("report.html.j2").render(
        policy=policy(style, script),
        style=style,
        script=script,
        groups=tuple(_groups(dossier, leaves)),
        contents=tuple(leaves.values()),
        **_result(dossier),
        **_circumstances(dossier),
    )  # fmt: skip


def policy(style: str, script: str) -> str:
    """A Content-Security-Policy that allows this style and this script, and no request at all."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _leaves(dossier: Dossier) -> dict[str, Leaf]:
    """By clause id, in the profile's order."""
    ids = [one.clause.id for one in dossier.in_order]
    named, numbered = anchors(ids), numbers(ids)
    return {
        one.clause.id: Leaf(one, dossier, named[one.clause.id], numbered[one.clause.id]) for one in dossier.in_order
    }


def _groups(dossier: Dossier, leaves: Mapping[str, Leaf]) -> Iterator[Group]:
    total = text.count(len(dossier.entries), "promise")
    for ruling, entries in dossier.groups.items():
        shown = tuple(leaves[one.clause.id] for one in entries)
        yield Group(ruling, _ANCHOR[ruling], f"{len(shown):,} of {total}", _MEANING[ruling], shown)


def _result(dossier: Dossier) -> dict[str, Any]:
    bare, tested = len(sentences.bare(dossier)), sentences.tested(dossier)
    return {
        "title": f"{text.line(dossier.record.profile.vendor, 120)}: {sentences.short(dossier)}",
        "lead": sentences.lead(dossier),
        "bare": f"In {bare:,} of the {tested:,} tested promises, some words were tested by nobody." if bare else "",
        "total": len(dossier.entries),
        "levels": tuple(Assurance),
        "word": vocabulary.WORD,
        "whose": vocabulary.WHOSE,
        "disclaimer": sentences.DISCLAIMER,
    }


def _circumstances(dossier: Dossier) -> dict[str, Any]:
    record = dossier.record
    unseen = list(scope.unseen(dossier))
    return {
        "run": record,
        "profile": record.profile,
        "when": _when(record),
        "permission": _permission(record),
        "allowed": listed(vocabulary.LOOKS[one] for one in record.permission).capitalize() + ".",
        "kinds": scope.kinds(dossier),
        "ways": scope.ways(dossier),
        "looks": f"{text.count(len(dossier.exhibits), 'look')} made, of which {len(unseen):,} gave nothing.",
        "unseen": unseen,
        "unseen_limit": _UNSEEN_LIMIT,
        "truncated": dossier.truncated,
        "unfinished": unfinished(dossier),
        "files": tuple(_files(dossier)),
    }


def _when(record: RunRecord) -> str:
    end = "Run complete." if record.complete else "Interrupted."
    return f"{dates.weekday(record.started)}, {dates.span(record.started, record.finished)}. {end}"


def _permission(record: RunRecord) -> str:
    grant = record.profile.permission
    if grant is None:
        return "None was given: only looks were made that need nobody’s leave."
    return f"{_granted(grant)}{'' if grant.valid.covers(record.started) else '. Not valid on the day of this run'}."


def _granted(grant: Grant) -> str:
    looks = listed(vocabulary.LOOKS[one] for one in grant.allows)
    hosts = f", at {listed(grant.hosts)}" if grant.hosts else ""
    paper = f" ({text.line(grant.file)})" if grant.file else ""
    window = dates.days(grant.valid.from_, grant.valid.to)
    return f"{text.line(grant.granted_by)}{paper}, {window}: {looks}{hosts}"


def _files(dossier: Dossier) -> Sequence[tuple[str, str]]:
    record = dossier.record
    trusted = (*record.tls_anchors, *record.hsm_anchors, *record.dnssec_anchors)
    anchors_ = [(f"trust anchor {n}", digest) for n, digest in enumerate(trusted, 1)]
    atlas = [("jurisdictions", record.atlas)] if record.atlas else []
    named = [*dossier.files.items(), *sorted(record.files.items()), *atlas, *anchors_]
    return [(name, digest.removeprefix("sha256:")) for name, digest in named]
