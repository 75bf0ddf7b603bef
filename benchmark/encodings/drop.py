"""DroPE: trained with RoPE for most of the budget, then without positions, which is also how it is used.

    rotation as in RoPE while done < 1 - share, none afterwards;   done: the share of training steps taken

Source: Gelberg et al. 2025, https://arxiv.org/abs/2512.12167.
Convention: `share` 1/8 matches the paper's model trained from scratch, which drops RoPE at 14 of 16 billion tokens:
recalibration is part of the budget. Left out: the paper's second warm-up to a higher peak (here the learning rate
simply continues), its softmax temperature tuned on longer rows, and the norm of queries and keys that its longest
recalibrations add. At test time, or where training steps are not reported, nothing rotates: without a causal mask it is
then blind to order, like NoPE.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class DroPE(Rotation):
    """No parameters: RoPE's angles until they are dropped."""

    name = "drop"
    title = "DroPE (dropped RoPE)"
    source = "https://arxiv.org/abs/2512.12167"
    acts = "nothing"  # once trained
    past = "defined"

    def __init__(self, shape: Shape, *, base: float = 10000.0, share: float = 0.125) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"drop: base is {base}, but must be greater than 1")
        if not 0 < share < 1:
            raise ValueError(f"drop: share is {share}, but must be above 0 and below 1")
        self.base = base
        self.share = share
        self.rotated = shape.head_width // 2 * 2
        self.rotating = False

    def schedule(self, done: float) -> None:
        self.rotating = done < 1 - self.share

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        # Check the mode too: if `share` is less than one step, training ends with a step that rotates.
        return super().rotate(q, k, site) if self.rotating and self.training else (q, k)

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
