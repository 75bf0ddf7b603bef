"""STRING: far distances, which training saw too seldom, are shifted down to ones that it saw often.

    d' = d for d < S,   d - S + W for d >= S;   score[i, j] = (turn(q[i], d' theta) . k[j]) / sqrt(D),   d = i - j

Source: An et al. 2024, https://arxiv.org/abs/2410.18745 (with https://github.com/HKUNLP/STRING).
Convention: applied at test time to a model trained with rope of the same `base` (half-split, all channels but an odd
one). `window` is S, and 0 means 0.33 of the trained length L; `local` is W, and 0 means L / 1024, at least 1: the
authors' 128 of 131,072 tokens. Made for rows of up to L tokens; mapped distances stay below L in rows of up to 1.3 L.
The authors' code counts each key at distance S twice, once at S and once at W: here only at W, as in the paper. Its
version for transformers also multiplies cosines and sines by 0.1 ln 2 + 1, its version for vLLM does not, and neither
does this one. In bidirectional attention, which the paper does not use, keys ahead are shifted the other way. Angles
are float32.
"""

from torch import Tensor

from benchmark.encodings.encoding import Remap, Shape


class String(Remap):
    """No parameters."""

    name = "string"
    title = "STRING (shifted)"
    source = "https://arxiv.org/abs/2410.18745"
    past = "in range up to 1.3 L"
    relative = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, window: int = 0, local: int = 0) -> None:
        super().__init__(shape, base=base, window=window or max(1, int(0.33 * shape.train_length)))
        local = local or max(1, shape.train_length // 1024)
        if not 1 <= local <= self.window:
            raise ValueError(f"string: local is {local}, but must be at least 1 and at most window, {self.window}")
        self.offset = local - self.window

    def far(self, positions: Tensor) -> Tensor:
        return positions
