"""Self-Extend: near keys keep their distance; far ones are told apart only by group, at distances seen in training.

    d' = i - j for |i - j| < w,   floor(i / G) - floor(j / G) + w - floor(w / G) farther back
    score[i, j] = (turn(q[i], d' theta) . k[j]) / sqrt(D)

Source: Jin et al. 2024, https://arxiv.org/abs/2401.01325 (with https://github.com/datamllab/LongLM).
Convention: applied at test time to a model trained with rope of the same `base` (half-split, all channels but an odd
one). `group` is G, 8 as in the code; `window` is w, and 0 means a quarter of the trained length L, as in the code
(1,024 of 4,096 tokens). Mapped distances then stay below L in rows of up to 6 L. The code shifts by w - w / G, which is
a fraction where G does not divide w. Groups are counted from position 0, so attention is not relative. In bidirectional
attention, which the paper does not use, keys ahead are shifted the other way. Angles are float32.
"""

import torch
from torch import Tensor

from benchmark.encodings.encoding import Remap, Shape


class SelfExtend(Remap):
    """No parameters."""

    name = "self-extend"
    title = "Self-Extend (grouped)"
    source = "https://arxiv.org/abs/2401.01325"
    past = "repeats within groups"
    relative = False

    def __init__(self, shape: Shape, *, base: float = 10000.0, window: int = 0, group: int = 8) -> None:
        super().__init__(shape, base=base, window=window or max(1, shape.train_length // 4))
        if group < 1:
            raise ValueError(f"self-extend: group is {group}, but must be at least 1")
        self.group = group
        self.offset = self.window - self.window // group

    def far(self, positions: Tensor) -> Tensor:
        return torch.div(positions, self.group, rounding_mode="floor")
