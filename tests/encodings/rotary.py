"""What the value tests of rotations that are applied at test time share: sizes, draws, and the rotation itself.

A pair of channels is a complex number here, which turns by multiplication: another road than the code's.
"""

import cmath

import torch
from torch import Tensor

from benchmark.encodings.encoding import Site

BATCH, HEADS, LENGTH = 2, 3, 11
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 45, 55]
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def site(positions: Tensor) -> Site:
    return Site.of(torch.zeros(BATCH, positions.shape[-1], 5), positions)


def draw(width: int, dtype: torch.dtype, seed: int = 0) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, width, generator=draws, dtype=dtype)


def turned(x: Tensor, places: list[float], speeds: list[float], temperature: float = 1.0) -> Tensor:
    """Pairs as complex numbers, times the number of the angle."""
    half = len(speeds)
    angles = [[cmath.rect(temperature, place * speed) for speed in speeds] for place in places]
    spin = torch.tensor(angles, dtype=torch.complex128).view(len(places), half).to(x.dtype.to_complex())
    pairs = torch.complex(x[..., :half], x[..., half : 2 * half]) * spin
    return torch.cat((pairs.real, pairs.imag, x[..., 2 * half :]), dim=-1)
