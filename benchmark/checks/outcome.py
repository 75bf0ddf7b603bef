"""The outcome of a check: a status, the measured value with the allowed one, and a remedy.

An exception in an author's code fails the check that met it, and the other checks go on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import shorten
from typing import Generic, Literal, TypeVar

from benchmark.interrupts import pass_on
from benchmark.standard_input import NoInputError

Status = Literal["pass", "fail", "not applicable", "fact"]
Curve = tuple[tuple[int, float], ...]  # (position in tokens, value)
Checked = TypeVar("Checked")  # the subject of a check: an encoding in its models, or a task

ASKS_NOBODY = "compute without asking a person: the code also runs in processes without a terminal"
LONGEST = 300  # characters of an error's message


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The measurement of one check."""

    status: Status
    detail: str
    curve: Curve = ()


@dataclass(frozen=True, kw_only=True)
class Outcome(Finding):
    """A finding with its check's name and, if the check failed, a remedy."""

    name: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Check(Generic[Checked]):
    """One row of a table of checks."""

    name: str
    measure: Callable[[Checked], Finding]
    remedy: str


def run(each: Check[Checked], subject: Checked) -> Outcome:
    """Run one check."""
    remedy = each.remedy
    try:
        found = each.measure(subject)
    except BaseException as error:  # the author's own code: it may do anything
        pass_on(error)
        found = Finding(status="fail", detail=raised(error))
        if isinstance(error, NoInputError):  # the same whichever check met it
            remedy = ASKS_NOBODY
    return Outcome(
        name=each.name,
        status=found.status,
        detail=" ".join(found.detail.split()),
        curve=found.curve,
        remedy=remedy if found.status == "fail" else "",
    )


def raised(error: BaseException) -> str:
    """An exception as one line."""
    return shorten(f"{type(error).__name__}: {error}", LONGEST, placeholder=" ...")


def held(passed: bool, detail: str) -> Finding:
    """A pass if the condition holds, else a failure."""
    return Finding(status="pass" if passed else "fail", detail=detail)


def within(measured: float, tolerance: float, what: str) -> Finding:
    """A pass if the measured value is at most the tolerance; NaN fails."""
    return held(measured <= tolerance, f"{what}: {measured:.2g} (allowed {tolerance:g})")


def spared(reason: str) -> Finding:
    """Not applicable, with the reason."""
    return Finding(status="not applicable", detail=reason)


def fact(detail: str) -> Finding:
    """A fact, neither good nor bad."""
    return Finding(status="fact", detail=detail)


def listed(words: Iterable[str]) -> str:
    """Words separated by commas, each once; "none" if there are none."""
    return ", ".join(dict.fromkeys(words)) or "none"
