"""An encoding's bias, laid out as a kernel needs it: in full, as one value per distance, or as a function of a pair."""

import torch
from torch import Tensor

from benchmark.encodings.bases import by_distance, distances
from benchmark.encodings.bias import Bias, ByDistance, PairByPair, Pairwise
from benchmark.encodings.encoding import Site


def dense(bias: Bias, site: Site) -> Tensor:
    """The bias at every pair, [B|1, H|1, Q, K]."""
    if isinstance(bias, ByDistance):
        return by_distance(bias.at, site)
    return bias.dense() if isinstance(bias, PairByPair) else bias


def diagonals(bias: Bias | None, site: Site) -> Tensor | None:
    """The bias at each distance, from the farthest key behind to the farthest ahead, [H, Q + K - 1].

    None unless distance determines it and all rows share one set of contiguous positions.
    """
    if not isinstance(bias, ByDistance) or not site.contiguous or 0 in site.pairs:
        return None
    return site.once(("diagonals", bias), lambda: bias.at(distances(site)))


def pairwise(bias: Bias | None, site: Site) -> Pairwise | None:
    """The bias at one pair, as a function of head, query and key; None if it is not known pair by pair."""
    if isinstance(bias, PairByPair):
        return bias.pairwise()
    values = diagonals(bias, site)
    if values is None:
        return None
    # A tensor: a number would be part of the kernel, which would be compiled anew for every length.
    last = torch.tensor(site.pairs[0] - 1, device=values.device)
    return lambda head, query, key: values[head, last - query + key]
