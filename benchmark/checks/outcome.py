"""What a check says: a status, the number that was measured beside the one that is allowed, and a remedy.

What an author's code raises is that check's failure, and the other checks go on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import shorten
from typing import Generic, Literal, TypeVar

Status = Literal["pass", "fail", "not applicable", "fact"]
Curve = tuple[tuple[int, float], ...]  # (position in tokens, value)
Checked = TypeVar("Checked")  # what is under check: an encoding in its models, or a task

LONGEST = 300  # characters of an error's message


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check measured."""

    status: Status
    detail: str
    curve: Curve = ()


@dataclass(frozen=True, kw_only=True)
class Outcome(Finding):
    """A finding under its check's name; `remedy` says what to do, where the check fails."""

    name: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Check(Generic[Checked]):
    """One line of a table of checks."""

    name: str
    measure: Callable[[Checked], Finding]
    remedy: str


def run(each: Check[Checked], subject: Checked) -> Outcome:
    """The outcome of one check."""
    try:
        found = each.measure(subject)
    except (Exception, SystemExit) as error:  # the author's own code: it may do anything
        found = Finding(status="fail", detail=raised(error))
    return Outcome(
        name=each.name,
        status=found.status,
        detail=" ".join(found.detail.split()),
        curve=found.curve,
        remedy=each.remedy if found.status == "fail" else "",
    )


def raised(error: BaseException) -> str:
    """What was raised, in a line."""
    return shorten(f"{type(error).__name__}: {error}", LONGEST, placeholder=" ...")


def held(passed: bool, detail: str) -> Finding:
    """Pass or fail."""
    return Finding(status="pass" if passed else "fail", detail=detail)


def within(measured: float, tolerance: float, what: str) -> Finding:
    """Pass where the measured number is at most the tolerance; what is not a number fails."""
    return held(measured <= tolerance, f"{what}: {measured:.2g} (allowed {tolerance:g})")


def spared(reason: str) -> Finding:
    """Not applicable, and why."""
    return Finding(status="not applicable", detail=reason)


def fact(detail: str) -> Finding:
    """Neither good nor bad."""
    return Finding(status="fact", detail=detail)


def listed(words: Iterable[str]) -> str:
    """Words with commas, each once; "none" of nothing."""
    return ", ".join(dict.fromkeys(words)) or "none"
