"""Selective RoPE: each token decides how far it turns, and a pair's angle is the sum over all tokens up to it.

    u[t] = W2 W1 (x[t] / |x[t]|)                                    a low-rank step per head and pair
    step[t] = sigmoid(w[h] . x[t] / |x[t]| + c[h]) * (u convolved over t - 3 .. t, + exp(b[h, k]))
    angle[t] = tau[k] * sum of step[s] over s = 0 .. t,   tau[k] = base ** (-2k / d)
    (x[k], x[k + d/2]) of queries and keys turns by angle[t]

Source: Movahedi et al. 2025, https://arxiv.org/abs/2511.17388; where the text leaves a choice, the authors' code.
Convention: x is the layer's input after its norm, and |x| the norm of each head's part, as in the code. Of the paper's
optional parts, the gate and the constant exp(b) are included and can each be switched off; b starts at 0, so that a
fresh layer is close to RoPE at half speed. Left out are the SiLU after the convolution, which the paper adds for its
language models, the temperatures of random features, decay gates (see fox) and the full-rank projection. Temperatures
are fixed. Positions are not read: a token is one step, whatever its position. Tokens that the last query does not see
(padding) take no part in the convolution. Sums and angles are float32. An odd channel is left unrotated. In
bidirectional attention, a key ahead is turned by the sum over the tokens in between, in the opposite direction.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Shape, Site

TAPS = 4  # tokens that the convolution spans


class SelectiveRope(Rotation):
    """Per layer, a projection of rank r, a convolution with four taps, a gate and a constant."""

    name = "selective-rope"
    title = "Selective RoPE"
    source = "https://arxiv.org/abs/2511.17388"
    acts = "rotation"
    learned = "26.5·C + H(C+1) per layer"
    past = "unseen angles"
    group = "content"
    relative = True
    per_layer = True

    def __init__(
        self, shape: Shape, *, base: float = 500000.0, rank: int = 16, gate: bool = True, constant: bool = True
    ) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"selective-rope: base is {base}, but must be greater than 1")
        if rank < 1:
            raise ValueError(f"selective-rope: rank is {rank}, but must be at least 1")
        self.base = base
        self.pairs = shape.head_width // 2
        self.narrow = nn.Linear(shape.width, rank, bias=False)
        self.widen = nn.Linear(rank, shape.heads * self.pairs, bias=False)
        self.taps = nn.Parameter(torch.empty(TAPS, shape.heads * self.pairs))
        nn.init.uniform_(self.taps, -(TAPS**-0.5), TAPS**-0.5)  # torch's default for a depthwise convolution
        self.gate = nn.Linear(shape.width, shape.heads) if gate else None
        self.constant = nn.Parameter(torch.zeros(shape.heads, self.pairs)) if constant else None

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        return geometric(self.base, 2 * self.pairs, 2 * self.pairs, dtype, site.key_positions.device)

    def table(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines of every angle of every key, each [B, H, K, d/2]."""
        # At least float32: in bfloat16 a sum stops growing long before the sequence ends.
        exact = torch.promote_types(dtype, torch.float32)
        angles = self.steps(site, exact).cumsum(dim=1).transpose(1, 2) * self.theta(exact, site)
        return angles.cos().to(dtype), angles.sin().to(dtype)

    def steps(self, site: Site, dtype: torch.dtype) -> Tensor:
        """How far each token turns each pair, before the temperature, [B, K, H, d/2]."""
        batch, tokens, _ = site.hidden.shape
        by_head = site.hidden.reshape(batch, tokens, self.shape.heads, self.shape.head_width)
        x = F.normalize(by_head, dim=-1).flatten(-2)
        step = self.convolve(self.widen(self.narrow(x * seen(site, x.dtype))).to(dtype))
        step = step.reshape(batch, tokens, self.shape.heads, self.pairs)
        if self.constant is not None:
            step = step + self.constant.to(dtype).exp()
        if self.gate is not None:
            step = step * self.gate(x).to(dtype).sigmoid()[..., None]
        return step

    def convolve(self, x: Tensor) -> Tensor:
        """Convolve each channel of x [B, K, channels] over the last four tokens; the last tap is the token itself."""
        padded = F.pad(x, (0, 0, TAPS - 1, 0))
        shifted = torch.stack([padded[:, tap : tap + x.shape[1]] for tap in range(TAPS)], dim=-2)
        return (shifted * self.taps.to(x.dtype)).sum(dim=-2)


def seen(site: Site, dtype: torch.dtype) -> Tensor:
    """1 for each key that the last query sees and 0 for the others, [B|1, K, 1]."""
    queries, keys = site.pairs
    if site.mask is None:  # the last query, if there is one, is the last token
        return site.hidden.new_full((1, keys, 1), float(queries > 0), dtype=dtype)
    # A slice and any(), not an index: there may be no query.
    return site.visible[:, :, -1:].any(dim=-2).transpose(1, 2).to(dtype)
