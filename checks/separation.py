"""Separation of keys: who is let in to a key, and whether each dataset or tenant has a key of its own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import field_validator

from clauseproof import All, Case, Claim, Finding, Outcome, Unseen, broken, check, holds, note, unknown
from clauseproof.facts import keyaccess, keys, keystores
from clauseproof.facts.keyaccess import EVERYONE, Admission, Level
from clauseproof.facts.keyrights import Right, matches, operations
from clauseproof.facts.keys import Origin, Provider
from clauseproof.facts.listed import Listed


class KeySeparation(Claim):
    """Nobody but the principals on the list can use the key, and the vendor only for what the contract allows.

    Principals are written as the provider writes them; `*` stands for any text. On AWS an account's root ARN, or its 12
    digits, stands for everybody whom that account lets: list it only where the whole account is the customer's own. On
    Google they are `serviceAccount:...`, `user:...`, `group:...`, `projectOwner:...`.

    Wildcards, exceptions and denials in policies are understood; of conditions those that say who may call, and those
    that only narrow the use, and on Google those of time and of the resource's name. Any other condition leaves the
    question open, and so do a denial that was not seen and one of a group, whose members nobody here knows. Who can
    merely see the key and its settings is noted, and counts where `seeing_counts`.

    Attributes:
        allowed: principals that may do anything.
        vendor: principals of the vendor.
        vendor_may: what they may do; of encrypt, decrypt, sign, read, manage, share.
        inherited: whether what the key inherits from above (key ring, project, folders, organisation) counts too.
        seeing_counts: whether seeing the key counts as use.
    """

    allowed: Listed
    vendor: tuple[str, ...] = ()
    vendor_may: tuple[Right, ...] = (Right.ENCRYPT, Right.DECRYPT, Right.READ)
    inherited: bool = True
    seeing_counts: bool = False

    @field_validator("allowed", "vendor")
    @classmethod
    def _names_somebody(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if "?" in name or not name.strip("*"):
                raise ValueError(f"{name!r} names nobody; write a principal, in which * stands for any text")
        return value


class _Entry(NamedTuple):
    """Somebody whom an admission lets in further than the claim allows; `excess` is None for an unreadable role."""

    who: str
    admission: Admission
    excess: Mapping[str, Right] | None


@check("key-separation")
def key_separation(claim: KeySeparation, access: keyaccess.Access, case: Case) -> Iterator[Finding]:
    levels = {Level.KEY, Level.ABOVE} if claim.inherited else {Level.KEY}
    told = [a for a in access.admissions if (a.level in levels or not a.allows) and not _over(a, case.now)]
    in_force = [a for a in told if not _to_come(a, case.now)]
    bars = _Bars(
        tuple(a for a in in_force if not a.allows),
        tuple(gap.unseen for gap in access.gaps if gap.keeps_out),
    )
    judged = [(entry.admission, _judge(claim, entry, bars)) for entry in _entries(claim, told, access.provider)]
    problems = [finding for admission, finding in judged if not _to_come(admission, case.now)]
    open_ = [unknown(gap.unseen.sentence) for gap in access.gaps if gap.level in levels and not gap.keeps_out]
    yield from (*problems, *open_)
    coming = [(a, finding) for a, finding in judged if _to_come(a, case.now) and finding.outcome is not Outcome.NOTE]
    yield from (
        note(f"From {a.starts:%Y-%m-%d %H:%M} UTC on: {finding.text}", about=finding.about) for a, finding in coming
    )
    if not open_ and all(problem.outcome is Outcome.NOTE for problem in problems):
        yield holds(
            f"Nobody off the list can use the key: {_count(in_force)} let in by {', '.join(access.looked_at)}",
            until=min((a.starts for a, _ in coming if a.starts), default=None),
        )
    yield from _limits(access.provider, told, problems)


class _Bars(NamedTuple):
    """What keeps somebody out, and the policies of that kind that were not seen."""

    denials: tuple[Admission, ...]
    unseen: tuple[Unseen, ...]


def _over(admission: Admission, now: datetime) -> bool:
    return admission.ends is not None and admission.ends <= now


def _to_come(admission: Admission, now: datetime) -> bool:
    return admission.starts is not None and now < admission.starts


def _entries(claim: KeySeparation, told: Iterable[Admission], provider: Provider) -> Iterator[_Entry]:
    for admission in told:
        for who in _let_in(admission):
            if _inside(who, admission, claim.allowed):
                continue
            if admission.operations is None:
                yield _Entry(who, admission, None)
                continue
            may = set(claim.vendor_may) if _inside(who, admission, claim.vendor) else set[Right]()
            held = operations(provider, admission.operations, admission.but)
            excess = {name: right for name, right in held.items() if right not in may}
            if excess:
                yield _Entry(who, admission, excess)


def _let_in(admission: Admission) -> tuple[str, ...]:
    if not admission.allows:
        return ()
    return (EVERYONE,) if admission.others else admission.principals


def _judge(claim: KeySeparation, entry: _Entry, bars: _Bars) -> Finding:
    name, where = _spelled(entry), entry.admission.where
    if _DEAD.match(entry.who):
        return note(f"{name} is named by {where} and exists no more", about=entry.who)
    if entry.excess is None:
        return unknown(
            f"What {where} lets {name} do could not be read. To settle it: iam.roles.get for whoever looks",
            about=entry.who,
        )
    left = {
        operation: right
        for operation, right in entry.excess.items()
        if not any(_denied(claim, entry, operation, right, denial) for denial in bars.denials)
    }
    deeds = _deeds({op: right for op, right in left.items() if claim.seeing_counts or right is not Right.READ})
    if not deeds:
        return note(f"{name} can do no more than see the key, by {where}", about=entry.who)
    text = f"{name} may {deeds}, by {where}{_narrowed(entry.admission)}"
    doubts = [*entry.admission.depends_on, *(c for d in bars.denials for c in _may_deny(entry, left, d))]
    if doubts:
        return unknown(
            f"{text}, unless a condition that was not evaluated keeps it out ({'; '.join(doubts)}). "
            "To settle it: look at who meets the condition",
            about=entry.who,
        )
    if bars.unseen:
        return unknown(
            f"{text}, unless a policy that was not seen keeps it out: {bars.unseen[0].sentence}", about=entry.who
        )
    whose = "the vendor may not" if _inside(entry.who, entry.admission, claim.vendor) else "it is not on the list"
    return broken(f"{text}; {whose}", about=entry.who)


def _denied(claim: KeySeparation, entry: _Entry, operation: str, right: Right, denial: Admission) -> bool:
    """Whether an unconditional denial takes this operation back."""
    if denial.confined_to or denial.narrowed_by or denial.depends_on or not _names(denial, operation):
        return False
    if not denial.others and not any(_covers(name, entry.who) for name in denial.principals):
        return False
    return all(_may(claim, name, right) for name in _left_out(denial) if _part_of(name, entry.who))


def _left_out(denial: Admission) -> tuple[str, ...]:
    """Those whom a denial does not speak of."""
    return (*denial.principals, *denial.spared) if denial.others else denial.spared


def _part_of(name: str, who: str) -> bool:
    """Whether `name` is, or may be, among those whom `who` stands for, or the other way round."""
    return who == EVERYONE or _covers(who, name) or _covers(name, who) or bool(_SET.match(name) or _SET.match(who))


def _may(claim: KeySeparation, name: str, right: Right) -> bool:
    if any(_covers(pattern, name) for pattern in claim.allowed):
        return True
    return right in claim.vendor_may and any(_covers(pattern, name) for pattern in claim.vendor)


def _may_deny(entry: _Entry, left: Iterable[str], denial: Admission) -> tuple[str, ...]:
    """What stands between this principal and a denial of one of these operations: conditions, and who is in a group."""
    if not any(_names(denial, operation) for operation in left):
        return ()
    conditions = (*denial.narrowed_by, *denial.depends_on, *(", ".join(names) for names in denial.confined_to))
    if denial.others or any(_covers(name, entry.who) for name in denial.principals):
        spared = (name for name in _left_out(denial) if _may_belong(entry.who, name) or _may_belong(name, entry.who))
        return (*conditions, *(f"{denial.where} spares {name}" for name in spared))
    return tuple(f"{denial.where} speaks of {name}" for name in denial.principals if _may_belong(entry.who, name))


def _may_belong(who: str, group: str) -> bool:
    """Whether somebody may be one of a group, or not. The whole world is one of none."""
    return _SET.match(group) is not None and who not in (EVERYONE, group)


def _names(denial: Admission, operation: str) -> bool:
    named = any(matches(pattern, operation) for pattern in denial.operations or ())
    return named and not any(matches(pattern, operation) for pattern in denial.but)


def _inside(who: str, admission: Admission, patterns: Iterable[str]) -> bool:
    """Whether a principal, or whoever the conditions leave of it, is named by the patterns."""
    listed = list(patterns)

    def covered(names: Iterable[str]) -> bool:
        return all(any(_covers(pattern, name) for pattern in listed) for name in names)

    return covered([who]) or any(names and covered(names) for names in admission.confined_to)


def _covers(pattern: str, name: str) -> bool:
    """Whether everybody whom `name` may stand for is named by `pattern`."""
    account = _ACCOUNT.fullmatch(pattern)
    if account:
        return (account["number"] or account["digits"]) == _account_of(name)
    return name == pattern or matches(pattern, name)


def _account_of(name: str) -> str | None:
    parts = name.split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" and "*" not in parts[4] else None


_ACCOUNT = re.compile(r"arn:aws[a-z-]*:iam::(?P<number>\d{12}):root|(?P<digits>\d{12})")
_SET = re.compile(r"(group|domain|projectOwner|projectEditor|projectViewer):|principalSet://")
"""How Google writes principals that are several, whose members are not known here."""
_DEAD = re.compile(r"(AIDA|AROA|AGPA|ANPA)[A-Z0-9]{12,}$|deleted:")


def _spelled(entry: _Entry) -> str:
    if entry.admission.others:
        return f"Everybody but {', '.join(entry.admission.principals)}"
    if entry.who != EVERYONE:
        return entry.who
    confined = " and ".join(" or ".join(names) for names in entry.admission.confined_to)
    return f"Everybody of {confined}" if confined else "Everybody in the world"


def _deeds(held: Mapping[str, Right]) -> str:
    """`decrypt, manage, kms:Brew`: rights, and by their names the operations that no table knows."""
    known = sorted({right for right in held.values() if right is not Right.OTHER})
    return ", ".join([*known, *sorted(operation for operation, right in held.items() if right is Right.OTHER)])


def _narrowed(admission: Admission) -> str:
    return f" (only where {'; '.join(admission.narrowed_by)})" if admission.narrowed_by else ""


def _count(told: Iterable[Admission]) -> str:
    names = {who for admission in told for who in _let_in(admission)}
    return "nobody is" if not names else "1 principal is" if len(names) == 1 else f"{len(names)} principals are"


def _limits(provider: Provider, told: Iterable[Admission], problems: Iterable[Finding]) -> Iterator[Finding]:
    if provider is Provider.AWS and any(who.endswith(":root") for a in told for who in _let_in(a)):
        yield note("The key policy lets an account admit its own principals by IAM policies, which KMS does not show")
    if provider is Provider.GOOGLE and any(problem.outcome is Outcome.BROKEN for problem in problems):
        yield note("Principal access boundaries, which could take an admission back, were not looked at")


class DistinctKeys(Claim):
    """Each dataset has a key of its own, or each tenant.

    Name in `where` the keys of all of them: no two may be the same key, a replica of the same, or lead to the same
    external key. With `per: dataset`, no key may hold more than one dataset of the profile.
    """

    per: Literal["dataset", "tenant"] = "dataset"


@check("distinct-keys")
def distinct_keys(
    claim: DistinctKeys, custody: All[keys.Custody], external: All[keystores.External], case: Case
) -> Iterator[Finding]:
    known = {seen.subject: seen.facts for seen in custody}
    outside = {seen.subject: _external_keys(seen.facts) for seen in external}
    if len(case.subjects) < 2:
        yield unknown("One key shows nothing of the others. To settle it: name the keys of all datasets or tenants")
    shared = [
        *_shared({name: [_identity(facts)] for name, facts in known.items()}, "the same key"),
        *_shared(outside, "the same external key"),
    ]
    yield from shared
    if claim.per == "dataset":
        yield from (finding for name, subject in case.subjects.items() for finding in _datasets(name, subject.holds))
    if len(known) > 1 and not shared:
        yield holds(f"{', '.join(sorted(known))} are {len(known)} different keys")
    for name, facts in known.items():
        if facts.origin is Origin.IMPORTED:
            yield note("Whether the same material was imported into another key cannot be seen", about=name)
        elif facts.origin is Origin.EXTERNAL_KEY_STORE and not outside.get(name):
            yield unknown("Which external key stands behind it is not known. To settle it: its key manager", about=name)


def _datasets(name: str, holds_: tuple[str, ...]) -> Iterator[Finding]:
    if len(holds_) > 1:
        yield broken(f"One key protects {' and '.join(holds_)}", about=name)
    elif not holds_:
        yield unknown("Which dataset it protects is not said. To settle it: holds: in the profile", about=name)


def _shared(by_subject: Mapping[str, Iterable[str]], what: str) -> Iterator[Finding]:
    holders: dict[str, list[str]] = {}
    for name, identities in by_subject.items():
        for identity in dict.fromkeys(identities):
            holders.setdefault(identity, []).append(name)
    for identity, names in holders.items():
        if len(names) > 1:
            yield broken(f"{' and '.join(names)} are {what}: {identity}")


def _identity(custody: keys.Custody) -> str:
    """Copies of one key in several regions have one id (AWS KMS developer guide, "Multi-Region keys")."""
    multi_region = custody.provider is Provider.AWS and custody.multi_region
    return custody.target.rpartition("/")[2] if multi_region else custody.target


def _external_keys(external: keystores.External) -> list[str]:
    return [
        f"{keeper.key} at {keeper.host}" for keeper in external.keepers if keeper.key and isinstance(keeper.host, str)
    ]
