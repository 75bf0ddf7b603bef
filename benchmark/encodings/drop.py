"""DroPE: trained with RoPE for most of the budget, then without any position, which is also how it is used.

    rotation as in RoPE while done < 1 - share, and none after; done: the share of training steps taken

Source: Gelberg et al. 2025, https://arxiv.org/abs/2512.12167.
Convention: `share` 1/8 is the paper's model from scratch, which drops at 14 of 16 billion tokens: recalibration is part
of the budget. Left out: the paper's second warm-up at a higher peak (the learning rate goes on as it was), its softmax
temperature tuned on longer rows, and the norm of queries and keys that its longest recalibrations add. At test time, or
where nothing tells of steps, nothing rotates: without a causal mask it is then blind to order, as NoPE is.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site


class DroPE(Rotation):
    """No parameters: RoPE's angles, while they last."""

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
        # The mode counts as well: a share below one step's would leave the last word to a step that rotates.
        return super().rotate(q, k, site) if self.rotating and self.training else (q, k)

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, self.rotated, self.rotated, dtype, site.key_positions.device)
