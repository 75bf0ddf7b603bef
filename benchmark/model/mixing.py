"""Local mixing before attention: a short causal convolution, the same for all encodings.

    hidden[t] + sum over lag = 0 .. 3 of weight[:, lag] * hidden[t - lag],    zeros before the first token

One kernel of four taps per channel (depthwise), with a residual and without bias or activation, on the normed input of
each layer's attention. It knows tokens by their order in the row, not by the positions that an encoding gives them. An
encoding that reads content (`Site.hidden`) reads the mixed tokens, like queries, keys and values.

Source: the layer "Canon-A" of Allen-Zhu 2025, https://arxiv.org/abs/2512.17351, and its code,
https://github.com/facebookresearch/PhysicsLM4 (`canon_helper.py`), with Canon-B, C and D left out.
Convention: that code keeps torch's initial kernel, uniform on +-1 / sqrt(4). This one is normal, like all weights of
the model, with the same standard deviation; like all its matrices, it decays.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

TAPS = 4  # tokens that an output reads: the token itself and the three before it
DEVIATION = 1 / math.sqrt(3 * TAPS)  # of the initial weights


class Convolution(nn.Module):
    """A depthwise causal convolution with a residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, TAPS))  # by channel and lag

    def forward(
        self, hidden: Float[Tensor, "batch time width"], before: Float[Tensor, "batch 3 width"] | None = None
    ) -> tuple[Float[Tensor, "batch time width"], Float[Tensor, "batch 3 width"]]:
        """Mix tokens that follow the inputs `before`, or begin a row; also return the inputs before the next token."""
        reach, time = TAPS - 1, hidden.shape[1]
        inputs = F.pad(hidden, (0, 0, reach, 0)) if before is None else torch.cat((before, hidden), dim=1)
        mixed = hidden
        # Not F.conv1d, which refuses rows of no token; on a CPU, in training, this also takes .6 to .9 of its time.
        for lag in range(TAPS):
            mixed = mixed + self.weight[:, lag] * inputs[:, reach - lag : reach - lag + time]
        return mixed, inputs[:, time:]
