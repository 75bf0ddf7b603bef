"""Wavelet: to each key is added a fixed vector of its distance, whose channels are Ricker wavelets of d shapes.

    score[i, j] += q[i] . p[i - j] / sqrt(d)
    p[x][c] = (1 - t ** 2) * exp(-t ** 2 / 2),   t = (x - b) / a
    (a, b) = (2 ** (c mod s), floor(c / s)),   c = 0 .. d - 1

Shaw's learned vectors become a wavelet transform over distance, with s widths of window and d / s shifts of each.

Source: Oka et al. 2025, https://arxiv.org/abs/2502.02004, section 5.1, equations 10 to 14; no code is published.
Convention: `scales` sets s, 8 as in the paper for rows of 512 and 1,024 (with d = 128, 16 shifts). x is query minus
key, as stated below equation 11, so that shifted wavelets peak b tokens behind the query; footnote 8 and appendix A.6
speak of keys behind the query as t < 0. The paper does not order the d pairs (a, b): here the scale varies fastest, and
if s does not divide d, the last pairs are left out. For rows of 4,096, the paper's scales run from 2^2 to 2^9. Heads
and layers share the wavelets, and nothing is learned. Wavelets are at least float32; beyond ten of the largest scales
they are below 1e-19 and count as 0, so in long rows a fused kernel takes the keys there. Fractional distances are
rounded.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Shape, Site

WIDTHS = 10  # of the largest scale: beyond so many, a wavelet is 0 for all purposes


class Wavelet(Encoding):
    """No parameters: the wavelets are fixed."""

    name = "wavelet"
    title = "Wavelet (Ricker)"
    source = "https://arxiv.org/abs/2502.02004"
    acts = "scores"
    past = "defined, fades"
    relative = True

    def __init__(self, shape: Shape, *, scales: int = 8) -> None:
        super().__init__(shape)
        if not 1 <= scales <= 16:
            raise ValueError(f"wavelet: scales is {scales}, but must be from 1 to 16")
        self.scales = scales
        self.reach = WIDTHS * 2 ** (scales - 1) + shape.head_width // scales

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        if scores.numel() == 0:
            return scores
        far = keys_behind(site, self.reach)
        exact = torch.promote_types(q.dtype, torch.float32)
        waves, places = site.once(("wavelet", self.scales, exact), lambda: self.table(site, far, exact))
        products = q @ waves.to(q.dtype).T / math.sqrt(self.shape.head_width)
        near = scores[..., far:] + products.gather(-1, places.expand(*scores.shape[:-1], -1))
        return torch.cat((scores[..., :far], near), dim=-1) if far else near

    def table(self, site: Site, far: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Wavelets of every distance, [D, d], and the place of each pair among the distances, without the far keys."""
        distances, places = distinct_distances(site, -self.reach, self.reach, far)
        channels = torch.arange(self.shape.head_width, device=distances.device)
        width, shift = 2.0 ** (channels % self.scales), channels // self.scales
        squared = ((distances.to(dtype)[:, None] - shift) / width).square()
        return (1 - squared) * (-squared / 2).exp(), places


def distinct_distances(site: Site, lowest: int, highest: int, skip: int = 0) -> tuple[Tensor, Tensor]:
    """The distances of a site, each once from the farthest behind, [D], and the place of every pair among them.

    The places are [B|1, 1, Q, K - skip], without the first `skip` keys; a hidden pair may have any. Distances beyond
    `lowest` and `highest` count as those, and fractional ones are rounded.
    """
    queries, keys = site.pairs
    if site.contiguous:
        highest = min(highest, site.first_query + queries - 1)
        lowest = max(lowest, 0 if site.mask is None else site.first_query - keys + 1)
    found = torch.arange(highest, lowest - 1, -1, device=site.key_positions.device)
    return found, (highest - site.distance[..., skip:].round().long()).clamp(0, max(0, highest - lowest))


def keys_behind(site: Site, distance: int) -> int:
    """How many of the first keys are at least this far behind every query; 0 if positions are not contiguous."""
    return max(0, site.first_query - distance + 1) if site.first_query >= distance and site.contiguous else 0
