"""RoPE's frequencies and what follows from them by counting: A6, A8 and A10."""

import math

import torch

from benchmark.claims.measures.rotation import WIDTHS, theta

LONG = 4096  # distances that are searched for the first zero
FACTOR = 4.0


def first_negative() -> dict[str, float]:
    """The first distance at which B(m) = sum cos(m theta) is negative, by head width."""
    distance = torch.arange(LONG, dtype=torch.float64)
    found = {}
    for width in WIDTHS:
        sums = (distance[:, None] * theta(head_width=width)).cos().sum(dim=1)
        found[f"d = {width}"] = float((sums < 0).nonzero()[0])
    return found


def whole_turns() -> dict[str, float]:
    """The number of channels whose wavelength is at most L."""
    return {"LLaMA-2": _turning(128, 4096), "d = 64, L = 128": _turning(64, 128)}


def ntk_ends() -> dict[str, float]:
    """How far NTK's fastest frequency is from RoPE's, and its slowest from RoPE's divided by the factor."""
    ratio = theta(f"ntk:factor={FACTOR:g}") / theta()
    return {"fastest": abs(float(ratio[0]) - 1), "slowest": abs(float(ratio[-1]) * FACTOR - 1)}


def _turning(head_width: int, length: int) -> float:
    return 2.0 * int((2 * math.pi / theta(head_width=head_width) <= length).sum())
