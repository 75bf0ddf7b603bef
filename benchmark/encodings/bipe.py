"""BiPE: a learned vector tells a token's place within its segment, another encoding how far apart segments are.

    x[t] += E[min(place[t], L - 1)],   place = tokens since the segment began, from 0
    the inner encoding takes segment[t] * scale as the position of token t, segment = segments that ended before it

A segment is a sentence, or whatever the task's own marks end; a mark belongs to the segment that it ends.

Source: He et al. 2024, https://arxiv.org/abs/2401.16421, with https://github.com/zhenyuhe00/BiPE (`get_bilevel_ids`).
Convention: wraps any encoding that is trained on plain positions (`base`): RoPE or ALiBi in the paper. The code gives
ALiBi 96 times its usual slopes, which is `bipe:base=alibi:scale=96`. Marks come from the task; for a text, they are its
sentence ends (`Language.marks`). The code has two ids of Llama's tokenizer in their place, the full stop and the line
end. A row that begins within a segment counts from its own beginning. E has `train_length` rows at unit variance, and
all later places share the last, as in the code. It reads what tokens mean, so it is offered only to tasks with segments
and compared in a league of its own.
"""

import math
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings import build
from benchmark.encodings.abacus import places
from benchmark.encodings.bases import Wrapper, by_distance
from benchmark.encodings.bias import Bias, ByDistance
from benchmark.encodings.encoding import CONTIGUOUS, Encoding, Shape, Site

STRIDE = 2**32  # a position is that of its segment times this, plus the place: past any place


class BiPE(Wrapper):
    """A table of `train_length` vectors, and what the encoding over segments has."""

    name = "bipe"
    title = "BiPE (bilevel)"
    source = "https://arxiv.org/abs/2401.16421"
    acts = "positions"
    learned = "L·C, and as its base"
    past = "unseen segments, clamps places"
    wraps = "base"
    segments = True

    def __init__(self, shape: Shape, *, base: str = "rope", scale: float = 1.0) -> None:
        if not shape.marks:
            raise ValueError("bipe: the task marks no ends of segments; choose a text with sentences, as in corpus")
        if scale <= 0:
            raise ValueError(f"bipe: scale is {scale}, but must be above 0")
        inner = build(base, shape)
        if inner.adapts is not None or type(inner).positions is not Encoding.positions:
            raise ValueError(f"bipe: base is {base!r}, but must be an encoding that is trained on plain positions")
        super().__init__(shape, inner)
        self.relative = False  # the place within a segment is absolute
        self.scale = scale
        self.table = nn.Parameter(torch.randn(shape.train_length, shape.width) / math.sqrt(shape.width))

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        mark = torch.isin(tokens, torch.tensor(self.shape.marks, device=tokens.device))
        begins = F.pad(mark, (1, 0), value=True)[:, :-1]
        return (begins.cumsum(dim=1) - 1) * STRIDE + places(~begins)

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        place = (positions % STRIDE).clamp(max=self.shape.train_length - 1)
        x = self.inner.embed(x, self.segment(positions))
        return x + (self.table[place] * math.sqrt(self.shape.width)).to(x.dtype)

    def bias(self, site: Site) -> Bias | None:
        bias, own = super().bias(site), self.inside(site)
        # The attention would take distances between the positions of this encoding.
        return by_distance(bias.at, own) if isinstance(bias, ByDistance) else bias

    def segment(self, positions: Tensor) -> Tensor:
        """The position that the inner encoding sees, of the same shape."""
        number = positions // STRIDE
        return number if self.scale == 1 else number * self.scale

    def inside(self, site: Site) -> Site:
        queries, keys, kept = site.once(("bipe", self), lambda: self.segments_of(site))
        return replace(site, query_positions=queries, key_positions=keys, shared=kept)

    def segments_of(self, site: Site) -> tuple[Tensor, Tensor, dict[Hashable, Any]]:
        """The positions of queries and keys for the inner encoding, and what it keeps for all layers."""
        return self.segment(site.query_positions), self.segment(site.key_positions), {CONTIGUOUS: False}
