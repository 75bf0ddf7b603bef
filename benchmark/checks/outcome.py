"""What a check says: a status, the number that was measured beside the one that is allowed, and a remedy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from benchmark.checks.subject import Subject

Status = Literal["pass", "fail", "not applicable", "fact"]
Curve = tuple[tuple[int, float], ...]  # (position in tokens, value)


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
class Check:
    """One line of the table of checks."""

    name: str
    measure: Callable[[Subject], Finding]
    remedy: str


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
