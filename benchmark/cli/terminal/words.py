"""Quantities in words, for several parts of the terminal."""

from collections.abc import Iterable

from benchmark.reports.words import later, listed, said, t


def many(count: int, one: str, several: str) -> str:
    """A number of things by two messages: "1 cell", "{n} cells"."""
    return said(one) if count == 1 else said(several).format(n=f"{count:,}")


def cells(count: int) -> str:
    """A number of cells."""
    return many(count, later("1 cell"), later("{n} cells"))


def either(items: Iterable[object]) -> str:
    """Alternatives: "4 or 8"."""
    *others, last = [*map(str, items)] or [""]
    return t("{items} or {last}", items=listed(others), last=last) if others else last


def duration(seconds: float | None) -> str:
    """Seconds in a readable unit."""
    if seconds is None:
        return t("unknown")
    if seconds < 90:
        return t("{n} s", n=f"{seconds:.0f}")
    if seconds < 5400:
        return t("{n} min", n=f"{seconds / 60:.0f}")
    return t("{n} h", n=f"{seconds / 3600:.1f}" if seconds < 3_600_000 else f"{seconds / 3600:,.0f}")


def size(count: float) -> str:
    """A number of bytes in a readable unit."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
