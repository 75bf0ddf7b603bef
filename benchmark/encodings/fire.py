"""FIRE: a small network reads distance as a fraction of how far the query can look back, on a logarithmic scale.

    score[i, j] += MLP(psi(|i - j|) / psi(max(T, i)))[h],   psi(x) = log(|c| x + 1)
    MLP(x) = W2 relu(W1 x + b1),   32 hidden units

Up to i = T distances count as they are; beyond it they shrink, so that for keys behind the query the input stays within
[0, 1].

Source: Li et al. 2024, https://arxiv.org/abs/2310.04418, section 3 and the listing of its appendix.
Convention: i is the query's position as given, not its index: shifting all positions changes the scores. T and c are
learned, T as a factor that starts at 1; c starts at .1. `threshold` is the initial T; 0 means a quarter of the trained
length, the paper's ratio (512 to 2048). A threshold above every position freezes the normaliser, so that only distance
matters. One network for all layers (the paper's FIRE-S), with torch's default initialisation of linear layers. The
listing's final bias is omitted: softmax ignores a constant added to all keys. psi and the quotient are float32, with
the listing's 1e-6 added to the denominator. In bidirectional attention the sign of the distance is ignored, and for
keys ahead the input may exceed 1. Any head count, any head width.
"""

import torch
from torch import Tensor, nn

from benchmark.encodings.bias import Bias, PairByPair, Pairwise
from benchmark.encodings.encoding import Encoding, Shape, Site

HIDDEN = 32
NEVER_ZERO = 1e-6  # added to the normaliser in case c vanishes


class Fire(Encoding):
    """A network with one input and H outputs, and two numbers."""

    name = "fire"
    title = "FIRE"
    source = "https://arxiv.org/abs/2310.04418"
    acts = "bias"
    learned = "32·H + 66"
    past = "input stays in [0, 1]"

    def __init__(self, shape: Shape, *, threshold: float = 0.0) -> None:
        super().__init__(shape)
        if threshold < 0:
            raise ValueError(
                f"fire: threshold is {threshold}, but must be above 0, or 0 for a quarter of the trained length"
            )
        self.threshold = threshold or shape.train_length / 4
        self.factor = nn.Parameter(torch.ones(()))
        self.c = nn.Parameter(torch.tensor(0.1))
        self.widen = nn.Linear(1, HIDDEN)
        self.narrow = nn.Linear(HIDDEN, shape.heads, bias=False)

    def bias(self, site: Site) -> Bias:
        def dense() -> Tensor:
            """[B|1, H, Q, K], computed once per forward pass."""
            return site.once(("fire", self), lambda: self.read(self.share(site)))

        # A subclass with another formula: `pairwise` does not compute that.
        varied = (type(self).share, type(self).read) != (Fire.share, Fire.read)
        if varied or len(site.query_positions) != 1:
            return dense()
        return PairByPair(dense=dense, pairwise=lambda: self.pairwise(site))

    def pairwise(self, site: Site) -> Pairwise:
        """The same bias at one pair."""
        rate, first, offset = self.c.abs().float(), self.widen.weight[:, 0].float(), self.widen.bias.float()
        second, asking, asked = (
            self.narrow.weight.float(),
            site.query_positions[0].float(),
            site.key_positions[0].float(),
        )
        threshold = self.threshold * self.factor.abs().float()
        whole = torch.log1p(rate * torch.maximum(asking, threshold)) + NEVER_ZERO  # of each query

        def at_pair(head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            share = torch.log1p(rate * (asking[query] - asked[key]).abs()) / whole[query]
            # Unit by unit: a kernel holds one number at a time.
            units = (second[head, unit] * torch.relu(first[unit] * share + offset[unit]) for unit in range(HIDDEN))
            total: Tensor = sum(units, start=torch.zeros_like(share))
            return total

        return at_pair

    def share(self, site: Site) -> Tensor:
        """Distance as a fraction of the query's normaliser, [B|1, 1, Q, K]."""
        # At least float32: bfloat16 cannot tell distances apart above 256.
        exact = torch.promote_types(site.key_positions.dtype, torch.promote_types(self.c.dtype, torch.float32))
        rate = self.c.abs().to(exact)
        threshold = self.threshold * self.factor.abs().to(exact)
        farthest = torch.maximum(site.query_positions[:, None, :, None].to(exact), threshold)
        near, all_of_it = torch.log1p(rate * site.distance.abs().to(exact)), torch.log1p(rate * farthest)
        return near / (all_of_it + NEVER_ZERO)

    def read(self, share: Tensor) -> Tensor:
        """Apply the network to every share [B|1, 1, Q, K]; returns [B|1, H, Q, K]."""
        heads, exact = self.shape.heads, share.dtype
        first, offset = self.widen.weight[..., None].to(exact), self.widen.bias[:, None, None].to(exact)
        second = self.narrow.weight.to(exact)
        total = share.new_zeros(heads, 1, 1)
        # H hidden units at a time: all 32 at once would take 32/H tensors the size of the bias.
        for start in range(0, HIDDEN, heads):
            some = slice(start, start + heads)
            units = torch.relu(first[some] * share + offset[some])
            total = total + torch.einsum("hu,buqk->bhqk", second[:, some], units)
        return total
