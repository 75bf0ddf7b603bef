"""Transformer-XL: a query meets a sinusoidal vector of the distance as well as the key, each with its own bias.

    score[i, j] = ((q[i] + u) . k[j] + (q[i] + v) . W R[i - j]) / sqrt(D)
    R[x] = (sin(x theta), cos(x theta)),   theta[k] = 10000 ** (-2k / C)

Source: Dai et al. 2019, https://arxiv.org/abs/1901.02860, section 3.3.
Convention: u and v per head and layer, W (C x C, no bias) per layer; the paper's code may tie u and v across layers. u
and v start at 0 and W is drawn from N(0, 1/C), like the model's other matrices; the code draws all of them from
N(0, 0.02^2). Sines first, then cosines, as in the code; an odd C leaves out the last cosine. In bidirectional
attention, distances ahead are negative, as in XLNet. The recurrence over segments is architecture and left out. Angles
are float32.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site


class TransformerXL(Encoding):
    """Per layer, a C x C matrix and two vectors of width C."""

    name = "xl"
    title = "Transformer-XL"
    source = "https://arxiv.org/abs/1901.02860"
    acts = "scores"
    learned = "C² + 2C per layer"
    past = "unseen distances"
    relative = True
    per_layer = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.u = nn.Parameter(torch.zeros(shape.heads, shape.head_width))
        self.v = nn.Parameter(torch.zeros(shape.heads, shape.head_width))
        self.project = nn.Linear(shape.width, shape.width, bias=False)
        nn.init.normal_(self.project.weight, std=1 / math.sqrt(shape.width))

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        if scores.numel() == 0:
            return scores
        scale = 1 / math.sqrt(self.shape.head_width)
        liked = scale * (k @ self.u[..., None]).transpose(-1, -2)  # [B, H, 1, K]
        asked = scale * (q + self.v[:, None])
        placed = self.in_a_row(asked, site) if site.contiguous else self.anywhere(asked, site)
        return (scores + placed).add_(liked)

    def in_a_row(self, asked: Tensor, site: Site) -> Tensor:
        """(q + v) . W R for contiguous tokens, [B, H, Q, K]: one product per distance, then each row shifted by one."""
        queries, keys = asked.shape[-2], site.key_positions.shape[1]
        farthest = site.first_query + queries - 1
        # Causal: what is shifted in from beyond distance 0 lands where the mask hides it.
        nearest = 0 if site.causal else site.first_query - keys + 1
        exact = torch.promote_types(asked.dtype, torch.float32)
        distances = torch.arange(farthest, nearest - 1, -1, device=asked.device)
        waves = site.once(("xl", exact), lambda: torch.cat(self.waves(distances.to(exact)), dim=-1))
        vectors = self.project(waves[:, : self.shape.width].to(self.project.weight.dtype))
        count = len(distances)
        by_head = F.pad(vectors, (0, 0, 0, 1)).view(count + 1, self.shape.heads, self.shape.head_width)
        products = asked @ by_head.permute(1, 2, 0)  # [B, H, Q, distances + 1]; the last column is padding
        # Row r begins queries - 1 - r places in: with rows of count + 1 places, count places after the row above.
        flat = products.flatten(-2)[..., queries - 1 : queries - 1 + queries * count]
        return flat.view(*asked.shape[:-1], count)[..., :keys]

    def anywhere(self, asked: Tensor, site: Site) -> Tensor:
        """The same at any positions: sines and cosines of a difference are sums of products of those of its ends."""
        exact = torch.promote_types(asked.dtype, torch.float32)
        sin_q, cos_q = self.waves(site.query_positions[:, None].to(exact))
        sin_k, cos_k = self.waves(site.key_positions[:, None].to(exact))
        by_head = self.project.weight.view(self.shape.heads, self.shape.head_width, self.shape.width)
        shares = (asked @ by_head).to(exact)  # the weight of every sine and cosine, [B, H, Q, C]
        sine, cosine = F.pad(shares, (0, self.shape.width % 2)).chunk(2, dim=-1)
        of_query = torch.cat((sine * sin_q + cosine * cos_q, cosine * sin_q - sine * cos_q), dim=-1)
        return of_query @ torch.cat((cos_k, sin_k), dim=-1).transpose(-1, -2)

    def waves(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Sines and cosines of places [...] at every frequency, each [..., ceil(C / 2)]."""
        # At least float32: a bfloat16 angle at distance 4096 is wrong by whole turns.
        exponents = torch.arange(0, self.shape.width, 2, dtype=places.dtype, device=places.device) / self.shape.width
        angles = places[..., None] * 10000.0**-exponents
        return angles.sin(), angles.cos()
