"""RePo, context re-positioning: a token's content decides where it stands, and RoPE turns it by that position.

    z[h] = w[h] . (silu(x W_g) * (x W_c))               x: the layer's input after its norm
    (x[k], x[k + d/2]) of head h turns by z[h] * theta[k],   theta[k] = base ** (-2k / d)

Positions are real numbers, one per token and head, in no order: tokens may share one.

Source: Li et al. 2025, https://arxiv.org/abs/2512.14391; what the text leaves open is as in the authors' code,
https://github.com/SakanaAI/repo (OLMo/olmo/model.py, `swigluex_multihead`).
Convention: W_g and W_c have C/8 outputs, rounded down but at least one, and are shared by the heads of a layer. The
first `kept` of all layers, rounded, are plain RoPE, and the last layer never is: 5 of 16 in the authors' configuration,
which names the layer and not the share. The authors' base is 500000, that of their pretrained model; it is 10000 here,
as in rope. In their model the layer's input has no norm, and the weights of all three matrices are drawn from
N(0, 0.02^2) at width 2048; here they are drawn from N(0, 1/C), which is nearly the same at that width. Positions and
angles are float32. An odd channel is left unrotated.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.bases import Rotation, exactly, geometric
from benchmark.encodings.encoding import Shape, Site


class RePo(Rotation):
    """In each of the R layers that are not plain RoPE, two C x C/8 matrices and one C/8 x H."""

    name = "repo"
    title = "RePo (re-positioning)"
    source = "https://arxiv.org/abs/2512.14391"
    acts = "rotation"
    learned = "R·(2C + H)·(C//8)"
    past = "partly unseen phases"
    group = "content"
    relative = True

    def __init__(self, shape: Shape, *, base: float = 10000.0, kept: float = 0.3125) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"repo: base is {base}, but must be greater than 1")
        if not 0 <= kept < 1:
            raise ValueError(f"repo: kept is {kept}, but must be a share of the layers, at least 0 and below 1")
        self.base = base
        self.plain = min(round(kept * shape.layers), shape.layers - 1)
        self.maps = nn.ModuleList(Places(shape) for _ in range(self.plain, shape.layers))

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        rotated = self.shape.head_width // 2 * 2
        return geometric(self.base, rotated, rotated, dtype, site.key_positions.device)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        if site.layer < self.plain:
            return super().rotate(q, k, site)
        places: Tensor = self.maps[site.layer - self.plain](site.hidden)
        angles = places.transpose(1, 2)[..., None] * self.theta(places.dtype, site)
        cos, sin = angles.cos().to(q.dtype), angles.sin().to(q.dtype)
        own = slice(site.first_query, site.first_query + q.shape[-2])
        return self.turn(q, cos[..., own, :], sin[..., own, :]), self.turn(k, cos, sin)


class Places(nn.Module):
    """The position of every token in every head of one layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        narrow = max(1, shape.width // 8)
        self.gate = nn.Linear(shape.width, narrow, bias=False)
        self.content = nn.Linear(shape.width, narrow, bias=False)
        self.place = nn.Linear(narrow, shape.heads, bias=False)
        for layer in (self.gate, self.content, self.place):
            nn.init.normal_(layer.weight, std=1 / math.sqrt(shape.width))

    def forward(self, hidden: Tensor) -> Tensor:
        """[B, K, C] to [B, K, H], at least float32."""
        # Not in bfloat16: a place of 300 would be off by 1, and so by radians for the fastest pair.
        return exactly(self.place, F.silu(exactly(self.gate, hidden)) * exactly(self.content, hidden))
