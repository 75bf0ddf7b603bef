"""DAPE V2: as dape, but the network across heads also reads the scores of the two neighbouring keys.

    score[i, j] = A[i, j] + B[i, j] + W2 * leaky_relu(W1 * [A; B] + b1)[i, j]

where A holds the scores q . k / sqrt(D) of all heads, B their KERPLE biases (log), and W * x is a convolution along the
keys: W1 from 2H numbers of three neighbouring keys to 32, W2 from 32 of three to H.

Source: Zheng et al. 2024, https://arxiv.org/abs/2410.04798; what the text leaves open is as in the authors' code,
https://github.com/chuanyang-Zheng/DAPE (megatron/model/positional_embeddings.py, `Kerple_DAPEV2`), which calls it
DAPE 1x3.
Convention: 32 hidden units (`hidden`), slope .01 and torch's default initialisation of a convolution, as in the code; B
is initialised as in kerple-log; all of it per layer. Neighbours are the next keys, whatever their positions. The code's
final bias is omitted: softmax ignores a constant added to all keys.
The convolutions reach one key ahead. The code sets A and B to 0 there, and so does this file, wherever a key is hidden:
no later token is read. But the code leaves units at the key after the query as they come out, except in the last row,
whose padding is 0: a row would then depend on whether others follow it, and could not be decoded with a cache. Here
units of hidden keys are 0 throughout.
A and B are at least float32. In bidirectional attention, B ignores the sign of the distance. Any head count, any head
width. Memory: training keeps the units of every pair of tokens; without gradients, of a few queries at a time.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.bases import by_distance
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.kerple_log import KerpleLog

PAIRS = 65536  # pairs of a query and a key whose units are held at once without gradients (float32: 8 MiB)
GPU_PAIRS = 64 * PAIRS  # the same on a GPU, which small parts would leave idle
REACH = 1  # keys on either side that a convolution reads


class DapeV2(Encoding):
    """Per layer, two convolutions over three keys and the 2H numbers of KERPLE."""

    name = "dape-v2"
    title = "DAPE V2 (KERPLE log)"
    source = "https://arxiv.org/abs/2410.04798"
    acts = "scores"
    learned = "290·H + 32 per layer"
    past = "defined, like KERPLE"
    group = "content"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape, *, hidden: int = 32) -> None:
        super().__init__(shape)
        if hidden < 1:
            raise ValueError(f"dape-v2: hidden is {hidden}, but must be at least 1")
        self.kerple = KerpleLog(shape)
        size = (1, 2 * REACH + 1)
        self.widen = nn.Conv2d(2 * shape.heads, hidden, size, padding=(0, REACH))
        self.narrow = nn.Conv2d(hidden, shape.heads, size, padding=(0, REACH), bias=False)

    def schedule(self, done: float) -> None:
        self.kerple.schedule(done)

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        bias = by_distance(self.kerple.at, site)
        exact = torch.promote_types(scores.dtype, bias.dtype)  # a bias is at least float32
        # Queries do not meet in a convolution along the keys, so any number of them can be taken at once.
        held = GPU_PAIRS if scores.is_cuda else PAIRS
        rows = scores.shape[-2] if torch.is_grad_enabled() else held // max(1, len(scores) * scores.shape[-1])
        with torch.autocast(scores.device.type, enabled=False):  # it would round content and bias to bfloat16
            given = scores.to(exact), bias.to(exact), site.visible
            parts = [torch.split(each, max(1, rows), dim=-2) for each in given]
            return torch.cat([self.adapted(*part) for part in zip(*parts, strict=True)], dim=-2)

    def adapted(self, scores: Tensor, bias: Tensor, visible: Tensor) -> Tensor:
        """The final scores of a few queries, from A [B, H, Q, K], B [B|1, H, Q, K] and the mask [B|1, 1, Q, K]."""
        content, prior = scores.masked_fill(~visible, 0), bias.masked_fill(~visible, 0).expand_as(scores)
        units = F.leaky_relu(convolved(self.widen, torch.cat((content, prior), dim=1)))
        return content + prior + convolved(self.narrow, units.masked_fill(~visible, 0))


def convolved(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution in the dtype of x [B, channels, Q, K]; without queries or keys, there is nothing to convolve."""
    if x.numel() == 0:
        return x.new_zeros(len(x), layer.out_channels, *x.shape[2:])
    offset = None if layer.bias is None else layer.bias.to(x.dtype)
    return F.conv2d(x, layer.weight.to(x.dtype), offset, padding=(0, REACH))
