"""Quantities in words, for several parts of the terminal."""


def duration(seconds: float | None) -> str:
    """Seconds in a readable unit."""
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 3_600_000 else f"{seconds / 3600:,.0f} h"


def size(count: float) -> str:
    """A number of bytes in a readable unit."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
