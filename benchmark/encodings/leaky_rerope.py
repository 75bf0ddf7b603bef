"""Leaky ReRoPE: beyond a window, distance goes on growing, but more slowly, so that a longer row stays in range.

    d' = d for |d| < w,   w + (d - w) / k beyond;   score[i, j] = (turn(q[i], d' theta) . k[j]) / sqrt(D),   d = i - j

Source: Su 2023, https://kexue.fm/archives/9708 (with https://github.com/bojone/rerope).
Convention: applied at test time to a model trained with rope of the same `base` (half-split, all channels but an odd
one). `slope` is k, 16 as in the code; `window` is w, and 0 means an eighth of the trained length L, as in the code (512
for 4,096). Mapped distances then stay below L in rows of up to 14 L. In bidirectional attention, keys ahead are mapped
to -d'. The additional factor log(i + 1) / log(L) on queries is a separate encoding (logn) and left out. Angles are
float32.
"""

from torch import Tensor

from benchmark.encodings.encoding import Remap, Shape


class LeakyReRoPE(Remap):
    """No parameters."""

    name = "leaky-rerope"
    title = "Leaky ReRoPE"
    source = "https://kexue.fm/archives/9708"
    past = "in range up to 14 L"
    relative = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, window: int = 0, slope: float = 16.0) -> None:
        super().__init__(shape, base=base, window=window or max(1, shape.train_length // 8))
        if slope < 1:
            raise ValueError(f"leaky-rerope: slope is {slope}, but must be at least 1")
        self.slope = slope
        self.offset = self.window - self.window / slope

    def far(self, positions: Tensor) -> Tensor:
        return positions / self.slope
