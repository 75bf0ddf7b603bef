"""The table of sinusoidal positions, on the registered `sinusoidal`: A3."""

import torch
from torch import Tensor

from benchmark.claims.measures.rotation import shape
from benchmark.encodings import make
from benchmark.encodings.sinusoidal import Sinusoidal

WIDTH, POSITIONS = 64, 1024
STEPS = (1, 7, 100)


def linear() -> dict[str, float]:
    """How far PE(p + k) is from one linear map of PE(p), and PE(p) . PE(p + k) from PE(p) . PE(p - k).

    The map turns each pair (sin, cos) by the angle whose sine and cosine are PE(k) itself; it does not depend on p.
    """
    table = embedded(torch.arange(POSITIONS + max(STEPS), dtype=torch.float64))
    apart, uneven = [], []
    for step in STEPS:
        (sine, cosine), (a, b) = _pairs(table[step]), _pairs(table[:POSITIONS])
        mapped = torch.stack((a * cosine + b * sine, b * cosine - a * sine), dim=-1).flatten(-2)
        apart.append(float((mapped - table[step : step + POSITIONS]).abs().max()))
        products = (table[:POSITIONS] * table[step : step + POSITIONS]).sum(-1)  # PE(p) . PE(p + k), which is the
        uneven.append(float((products[step:] - products[:-step]).abs().max()))  # PE(p + k) . PE(p) of the one k behind
    return {"linear map": max(apart), "even": max(uneven)}


def embedded(positions: Tensor) -> Tensor:
    """PE of these positions [T], [T, WIDTH]."""
    encoding = make("sinusoidal", shape(WIDTH))
    assert isinstance(encoding, Sinusoidal)
    return encoding.table(positions, WIDTH)


def _pairs(table: Tensor) -> tuple[Tensor, Tensor]:
    return table[..., 0::2], table[..., 1::2]
