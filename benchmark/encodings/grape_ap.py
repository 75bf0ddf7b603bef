"""GRAPE-AP, path-integral GRAPE: every token after a key lowers the key's score, by as much as the query makes of it.

    edge[i, l] = m[h] * log sigmoid(p[i] . R(l) n[l] / P)
    score[i, j] += sum of edge[i, l] over l = j + 1 .. i

where p = W x is a vector of width P per head, x the layer's input after its norm, n is p over its root mean square,
R(l) turns all pairs by l radians, and m[h] are the slopes of ALiBi.

It is not relative: R turns the keys by their absolute position and the query by nothing, in the paper (equation 5.1)
and in the code alike. So it sees where a row begins, as long as float32 can tell positions apart.

Source: Zhang et al. 2025, https://arxiv.org/abs/2512.07805, section 5; what the text leaves open is as in the authors'
code, https://github.com/model-architectures/GRAPE (llama-mha-grape-ap-v1.py).
Convention: the paper normalises p on both sides; the code, followed here, only on the side of the keys. P is 8, as in
the code's runs, and set by `width`. Pairs are half-split, as in the code. W is drawn from N(0, 1/C), like the model's
other matrices. The code's forms with p tied to q, k or v are left out. Hidden keys are on no path. Angles, edges and
sums are float32. Causal only: there are no tokens between a query and a key ahead of it. Odd head widths are fine.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.alibi import slopes
from benchmark.encodings.bases import exactly, of_keys
from benchmark.encodings.encoding import Encoding, Shape, Site


class GrapeAP(Encoding):
    """Per layer, a vector of width P for each head from C channels."""

    name = "grape-ap"
    title = "GRAPE-AP (path integral)"
    source = "https://arxiv.org/abs/2512.07805"
    acts = "bias"
    learned = "8·H·C per layer"
    past = "decays; unseen phases"
    group = "content"
    per_layer = True
    causal_only = True

    def __init__(self, shape: Shape, *, width: int = 8) -> None:
        super().__init__(shape)
        if width < 2 or width % 2:
            raise ValueError(f"grape-ap: width is {width}, but must be an even number of channels, at least 2")
        self.width = width
        self.probe = nn.Linear(shape.width, shape.heads * width, bias=False)
        nn.init.normal_(self.probe.weight, std=1 / math.sqrt(shape.width))

    def bias(self, site: Site) -> Tensor:
        """[B, H, Q, K]; the values for keys ahead of the query are always masked."""
        p = of_keys(site, "grape-ap", lambda: self.probes(site.hidden))
        asked = p[..., site.first_query : site.first_query + site.query_positions.shape[1], :]
        met = turned(F.rms_norm(p, (self.width,)), site.key_positions)
        with torch.autocast(p.device.type, enabled=False):  # it would round the edges to bfloat16
            meetings = asked @ met.transpose(-1, -2) / self.width
        slope = slopes(self.shape.heads, p.dtype, p.device)[:, None, None]
        edges = (F.logsigmoid(meetings) * slope).masked_fill(~site.visible, 0)
        return edges.flip(-1).cumsum(-1).flip(-1) - edges

    def probes(self, hidden: Tensor) -> Tensor:
        """The vector p of every key, [B, H, K, P]."""
        flat = exactly(self.probe, hidden)
        return flat.view(*hidden.shape[:2], self.shape.heads, self.width).transpose(1, 2)


def turned(x: Tensor, positions: Tensor) -> Tensor:
    """Turn the half-split pairs of x [B, H, K, P] by the position [B|1, K] in radians."""
    angles = positions[:, None, :, None].to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()), dim=-1)
