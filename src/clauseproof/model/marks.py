"""The marks a check, a probe or a way back carries. Decorators only mark; the engine's registry reads them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from clauseproof.model.drill import Undo
from clauseproof.model.finding import Finding
from clauseproof.model.permission import Permission

CheckFn = TypeVar("CheckFn", bound=Callable[..., Iterator[Finding]])
ProbeFn = TypeVar("ProbeFn", bound=Callable[..., Any])
UndoFn = TypeVar("UndoFn", bound=Callable[[Undo], None])

CHECK = "__clauseproof_check__"
PROBE = "__clauseproof_probe__"
UNDOES = "__clauseproof_undoes__"


@dataclass(frozen=True)
class ProbeMark:
    """How a probe wants to be run.

    Attributes:
        deadline_s: seconds one look may take.
        extra: the optional dependency group it needs, such as `sandbox`; None for none.
        rights: the least rights it needs in somebody's account, such as `kms:DescribeKey`, for docs/permissions.md.
        at_once: looks of this probe that may run at the same time, for one that is heavy on this machine; None for no
            limit of its own. Whoever waits for another look to end loses none of the time of its own.
    """

    permission: Permission
    deadline_s: float
    extra: str | None
    rights: tuple[str, ...]
    at_once: int | None


def check(kind: str) -> Callable[[CheckFn], CheckFn]:
    """Mark a function as the check of a claim kind. Its signature is its wiring:

    a `Claim` subclass; facts as `T` (of the claim's subject, once per vantage point), `T | Unseen` (may decide
    without), `All[T]` (every subject and vantage point), `Past[T]` (earlier observations); and `Case`.
    """

    def mark(fn: CheckFn) -> CheckFn:
        setattr(fn, CHECK, kind)
        return fn

    return mark


def probe(
    *,
    permission: Permission,
    deadline_s: float = 30.0,
    extra: str | None = None,
    rights: tuple[str, ...] = (),
    at_once: int | None = None,
) -> Callable[[ProbeFn], ProbeFn]:
    """Mark a function, plain or async, as a probe: a `Subject` in, `Facts` out.

    Further parameters by type: facts it needs (`T` or `T | Unseen`), `Look`, and for drills `Journal`.
    """

    def mark(fn: ProbeFn) -> ProbeFn:
        setattr(fn, PROBE, ProbeMark(permission, deadline_s, extra, rights, at_once))
        return fn

    return mark


def undoes(kind: str) -> Callable[[UndoFn], UndoFn]:
    """Mark the function that takes the way back of `Undo(kind=kind)`; it raises RestoreFailed where it cannot."""

    def mark(fn: UndoFn) -> UndoFn:
        setattr(fn, UNDOES, kind)
        return fn

    return mark
