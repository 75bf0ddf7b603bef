"""CAPE: sinusoidal embeddings of continuous positions, which training shifts, jitters and stretches.

    x[t] += sines and cosines of p[t] * base ** (-2k / C)
    p[t] = (t + g + l[t]) * e ** z      in training;   p[t] = t at test time
    g ~ U(-G, G), z ~ U(-ln S, ln S) for each row,   l[t] ~ U(-J, J) for each token

The shift hides where a row begins, the jitter makes positions continuous, the stretch hides their unit: what is left to
learn is how far apart tokens are.

Source: Likhomanenko et al. 2021, https://arxiv.org/abs/2106.03143, with https://github.com/gcambara/cape, whose
author checked it with those of the paper.
Convention: the repository's order of operations, with the values it gives for text: `shift` G = 5, `jitter` J = .5 (the
largest that keeps positions in order) and `stretch` S = 1.03. Its own defaults, 0, 0 and 1, are `sinusoidal`. It can
also subtract the mean position of a row, which it does for audio but not for text: here that would tell the first token
how long its row is. Sines and cosines are interleaved, as in `sinusoidal`.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Shape
from benchmark.encodings.sinusoidal import Sinusoidal


class Cape(Encoding):
    """No parameters: the augmentation is drawn in training only."""

    name = "cape"
    title = "CAPE (augmented sinusoidal)"
    source = "https://arxiv.org/abs/2106.03143"
    acts = "embedding"
    past = "unseen phases"

    def __init__(
        self, shape: Shape, *, shift: float = 5.0, jitter: float = 0.5, stretch: float = 1.03, base: float = 10000.0
    ) -> None:
        super().__init__(shape)
        for name, value, least in (("shift", shift, 0), ("jitter", jitter, 0), ("stretch", stretch, 1)):
            if value < least:
                raise ValueError(f"cape: {name} is {value}, but must be at least {least}")
        if base <= 1:
            raise ValueError(f"cape: base is {base}, but must be greater than 1")
        self.shift = shift
        self.jitter = jitter
        self.stretch = math.log(stretch)
        self.waves = Sinusoidal(shape, base=base)

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        plain = super().positions(tokens)
        if generator is None:
            return plain

        def uniform(limit: float, count: int) -> Tensor:
            """Draws from U(-limit, limit), [B, count]."""
            drawn = torch.rand(len(tokens), count, generator=generator)
            return (limit * (2 * drawn - 1)).to(tokens.device)

        moved = plain + uniform(self.shift, 1) + uniform(self.jitter, tokens.shape[1])
        return moved * uniform(self.stretch, 1).exp()

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return self.waves.embed(x, positions)
