"""ReRoPE: distances are clipped at a window, so that a model trained with RoPE never sees a larger one.

    score[i, j] = (turn(q[i], clip(i - j, -w, w) theta) . k[j]) / sqrt(D),   theta[k] = base ** (-2k / r)

Source: Su 2023, https://kexue.fm/archives/9708 (with https://github.com/bojone/rerope).
Convention: applied at test time to a model trained with rope of the same `base` (half-split, all channels but an odd
one). `window` is w; 0 means half the trained length, within which training saw every distance often. In bidirectional
attention, keys ahead are clipped at -w. The post's additional factor log(i + 1) / log(L) on queries is a separate
encoding (logn) and left out. Angles are float32.
"""

import torch
from torch import Tensor

from benchmark.encodings.encoding import Remap, Shape


class ReRoPE(Remap):
    """No parameters."""

    name = "rerope"
    title = "ReRoPE (clipped)"
    source = "https://kexue.fm/archives/9708"
    past = "defined, clips"

    def __init__(self, shape: Shape, *, base: float = 10000.0, window: int = 0) -> None:
        super().__init__(shape, base=base, window=window or max(1, shape.train_length // 2))
        self.offset = self.window

    def far(self, positions: Tensor) -> Tensor:
        return torch.zeros_like(positions)
