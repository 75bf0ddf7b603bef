"""Sinusoidal: sines and cosines of geometrically spaced wavelengths, added to the token embeddings.

    PE[p, 2k] = sin(p * base ** (-2k / C)),   PE[p, 2k + 1] = cos(p * base ** (-2k / C))

Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.5.
Convention: interleaved, as in the paper's formula (its code concatenates the halves, which is a permutation of
channels). An odd width ends with a sine.
"""

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Shape


class Sinusoidal(Encoding):
    """Added once, before the first layer, to embeddings of unit variance."""

    name = "sinusoidal"
    title = "Sinusoidal"
    source = "https://arxiv.org/abs/1706.03762"
    acts = "embedding"
    past = "unseen phases"

    def __init__(self, shape: Shape, *, base: float = 10000.0) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"sinusoidal: base is {base}, but must be greater than 1")
        self.base = base

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return x + self.table(positions, x.shape[-1]).to(x.dtype)

    def table(self, positions: Tensor, width: int) -> Tensor:
        """Encode positions [...] as [..., width], in float32 (float64 for float64 positions)."""
        # float32: at position 4096 a bfloat16 angle is wrong by whole turns.
        places = positions if positions.dtype == torch.float64 else positions.float()
        exponents = torch.arange(0, width, 2, device=places.device, dtype=places.dtype) / width
        angles = places[..., None] * self.base**-exponents
        return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)[..., :width]
