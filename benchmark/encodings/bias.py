"""Descriptions of a bias, which the attention lays out as its kernel needs, or not at all.

`Encoding.bias` may return one instead of a tensor. `RelativeBias` returns `ByDistance`, so few authors need to.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Pairwise = Callable[[Tensor, Tensor, Tensor], Tensor]  # head, query and key, as indices -> the bias there


@dataclass(frozen=True)
class ByDistance:
    """A bias that depends on distance only: `at` maps distances [...] to the bias of every head, [H, ...]."""

    at: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class PairByPair:
    """A bias that is the same in every row and can be computed for one pair at a time, as a GPU kernel prefers to.

    `pairwise()` returns the function that does so. torch compiles it: it may use torch operations only, on its three
    integer arguments and on tensors that it reads one element of.
    """

    dense: Callable[[], Tensor]  # the whole bias, [1, H|1, Q, K]
    pairwise: Callable[[], Pairwise]


Bias = Tensor | ByDistance | PairByPair
