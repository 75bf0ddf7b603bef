"""iRoPE: every k-th layer has no position encoding; there, queries sharpen with each trained length that they are past.

    layer l, counted from 1:  no encoding where l is a multiple of `every`, the base elsewhere
    in layers without:        q[p] *= 1 + scale * ln(1 + floor((p + 1) / L))

Source: Llama 4, https://ai.meta.com/blog/llama-4-multimodal-intelligence/ (formula as in transformers' `llama4`).
Convention: wraps any encoding that is used in training (`base`). `every` is 2 by default, so that a model with two
layers has one of each; in Llama 4 every fourth layer has none. L is the trained length in tokens where Llama 4 has
8,192, the length of its pretraining, so that nothing is sharpened before position L - 1. `every` 0 is the rule of
Ministral 3: every layer has the base, and the factor 1 + scale * ln(1 + floor(p / L)). A base that acts on embeddings
or positions reaches every layer. Left out, since they are not part of the encoding: attention within chunks of 8,192
tokens in the layers with RoPE, and the norm of their queries and keys.
"""

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.temperature import Temperature


class IRoPE(Temperature):
    """No parameters of its own."""

    name = "irope"
    title = "iRoPE (Llama 4)"
    source = "https://ai.meta.com/blog/llama-4-multimodal-intelligence/"
    learned = "as its base"
    past = "as its base, sharper"

    def __init__(self, shape: Shape, *, base: str = "rope", every: int = 2, scale: float = 0.1) -> None:
        super().__init__(shape, base)
        if not 0 <= every <= shape.layers:
            raise ValueError(f"irope: every is {every}, but must be from 0 to the number of layers, {shape.layers}")
        if scale < 0:
            raise ValueError(f"irope: scale is {scale}, but must be at least 0")
        self.relative = False  # the factor depends on the absolute position
        self.every = every
        self.scale = scale
        self.nothing = Encoding(shape)

    def plain(self, layer: int) -> bool:
        """True if a layer, counted from 0, has no position encoding."""
        return self.every > 0 and (layer + 1) % self.every == 0

    def inner_at(self, site: Site) -> Encoding:
        return self.nothing if self.plain(site.layer) else self.inner

    def factor(self, site: Site, dtype: torch.dtype) -> Tensor | None:
        if self.every > 0 and not self.plain(site.layer):
            return None
        return site.once(("irope", self, dtype), lambda: self.sharpened(site.query_positions.to(dtype))[:, None])

    def sharpened(self, positions: Tensor) -> Tensor:
        """The factor of a query at each position, of the same shape."""
        seen = positions + 1 if self.every else positions
        return 1 + self.scale * (seen / self.shape.train_length).floor().log1p()
