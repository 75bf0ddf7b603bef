"""Dual chunk attention: keys count from the start of their chunk, and queries so that no distance exceeds training's.

    d' = i % s - j % s              in the same chunk, i // s = j // s
         min(i % s + s, c) - j % s  from the next chunk: exact for the first c + 1 - s queries, so locality is kept
         c - j % s                  from any later chunk
    score[i, j] = (turn(q[i], d' theta) . k[j]) / sqrt(D)

Source: An et al. 2024, https://arxiv.org/abs/2402.17463, sections 3.1 to 3.3 (https://github.com/HKUNLP/ChunkLlama).
Convention: applied at test time to a model trained with rope of the same `base` (half-split, all channels but an odd
one). `chunk` is s, and 0 means three quarters of the trained length L; `farthest` is c, and 0 means L - 1, the farthest
distance of training. Both are the paper's. The authors' code has chunks of 5/8 L and a farthest distance of 3/4 L
(`chunk=40:farthest=48` for L = 64); past L it also multiplies cosines and sines by 0.05 ln(T / L) + 1 for T tokens,
which the paper does not use, and which is left out here. Chunks are counted from position 0, so attention is not
relative. In bidirectional attention, which the paper does not use, a pair with the key ahead gets minus the distance of
the pair turned round. Angles are float32.
"""

import torch

from benchmark.encodings.encoding import Piece, Remap, Shape, Site


class DualChunk(Remap):
    """No parameters."""

    name = "dca"
    title = "Dual chunk attention"
    source = "https://arxiv.org/abs/2402.17463"
    past = "in range, chunks repeat"
    relative = False

    def __init__(self, shape: Shape, *, base: float = 10000.0, chunk: int = 0, farthest: int = 0) -> None:
        super().__init__(shape, base=base)
        self.chunk = chunk or max(1, shape.train_length * 3 // 4)
        self.farthest = farthest or max(1, shape.train_length - 1)
        if not 1 <= self.chunk <= self.farthest + 1:
            raise ValueError(
                f"dca: chunk is {self.chunk}, but must be at least 1 and at most farthest + 1, {self.farthest + 1}"
            )

    def pieces(self, site: Site) -> tuple[Piece, ...]:
        queries, keys = site.query_positions, site.key_positions
        here, there = queries % self.chunk, keys % self.chunk
        begin, last = queries - here, torch.tensor(self.farthest, device=queries.device)
        behind = (
            Piece(queries=last.expand_as(here), keys=there),
            Piece(queries=(here + self.chunk).minimum(last), keys=there, after=begin - self.chunk - 1),
            Piece(queries=here, keys=there, after=begin - 1),
        )
        if site.mask is None:
            return behind
        return (
            *behind,
            Piece(queries=here, keys=(there + self.chunk).minimum(last), after=begin + self.chunk - 1),
            Piece(queries=here, keys=last.expand_as(there), after=begin + 2 * self.chunk - 1),
        )
