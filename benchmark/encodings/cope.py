"""CoPE: position is counted in context, as the number of gates that open from a key to the query.

    gate[i, t]  = sigmoid(q[i] . k[t] / sqrt(D))          over the keys t that query i may see
    place[i, j] = min(P - 1, sum of gate[i, t] over t = j .. i)
    score[i, j] += scale * (q[i] . e[floor(place)] and q[i] . e[ceil(place)], interpolated)

Source: Golovneva et al. 2024, https://arxiv.org/abs/2405.18719, section 4 and its listing.
Convention: content scores carry the model's 1/sqrt(D), inside the gates too; position logits carry none, as in the
paper's listing. `scaled` gives them 1/sqrt(D) as well: equation 5 adds e to the key inside the scaled product. The P
vectors are shared by the heads of a layer and start at zero, as in the listing. `places` sets P; 0 means half the
trained length plus one (the paper uses P = 64, less than its length of 1024), and places past P - 1 share the last
vector. Only visible keys are counted, in float32. Causal only: in bidirectional attention, "from key to query" has no
order. Odd head widths are fine.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site


class CoPE(Encoding):
    """A table of P vectors of head width per layer."""

    name = "cope"
    title = "CoPE"
    source = "https://arxiv.org/abs/2405.18719"
    acts = "scores"
    learned = "P·d per layer"
    past = "defined, clamps"
    group = "content"
    relative = True
    per_layer = True
    causal_only = True

    def __init__(self, shape: Shape, *, places: int = 0, scaled: bool = False) -> None:
        super().__init__(shape)
        if places < 0 or places == 1:
            raise ValueError(f"cope: places is {places}, but must be at least 2, or 0 for half the trained length")
        self.places = places or max(2, shape.train_length // 2 + 1)
        self.scale = 1 / math.sqrt(shape.head_width) if scaled else 1.0
        self.table = nn.Parameter(torch.zeros(self.places, shape.head_width))

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        queries, keys = scores.shape[-2:]
        # The queries' own keys and 4 P before them: twice what half-open gates need to reach the last place.
        rest = max(0, keys - queries - 4 * self.places)
        places = self.count(scores[..., rest:])
        logits = (q @ self.table.to(q.dtype).T).to(places.dtype) * self.scale  # [B, H, Q, P]
        near = scores[..., rest:] + self.at(places, logits)
        if rest == 0:
            return near
        far = scores[..., :rest] + logits[..., -1:]
        going_on = places[..., 0] < self.places - 1  # queries that have not reached the last place yet
        raw = scores[..., :rest][going_on]
        far[going_on] = raw + self.at(self.count(raw) + places[going_on][:, :1], logits[going_on])
        return torch.cat((far, near), dim=-1)

    def count(self, scores: Tensor) -> Tensor:
        """Sum the gates from each key to the last, [.., K]; masked scores are -inf, so their gates are 0."""
        # At least float32: bfloat16 cannot count past 256.
        exact = scores.to(torch.promote_types(scores.dtype, torch.float32))
        return exact.sigmoid().flip(-1).cumsum(-1).flip(-1)

    def at(self, places: Tensor, logits: Tensor) -> Tensor:
        """Interpolate each query's logits [.., P] at places [.., K]; past the last place they stay constant."""
        places = places.clamp(max=self.places - 1)
        floor = places.detach().floor()
        below = floor.nan_to_num_(0).long()  # a diverged model's NaN is not a valid index
        steps = F.pad(logits.diff(dim=-1), (0, 1))  # from each place to the next; 0 past the last
        return torch.addcmul(logits.gather(-1, below), places - floor, steps.gather(-1, below))
