"""Slow, then clipped: distances are exact up to a window w, then half as long, and never more than 2 w.

    d' = d for d < w,   (d + w) / 2 for w <= d < 3 w,   2 w beyond

For models trained with RoPE. With w a third of the trained length, 2 w is well within what training saw.
"""

import torch

from benchmark.encodings.encoding import Piece, Remap, Shape, Site


class SlowThenClipped(Remap):
    """A map of distances in three pieces, from the farthest keys to the nearest."""

    name = "slow-then-clipped"
    title = "Slow, then clipped (example)"
    source = "https://kexue.fm/archives/9708"  # ReRoPE, of which this is a softer form
    past = "defined, clips"
    causal_only = True  # no piece is for keys ahead of the query

    def __init__(self, shape: Shape, *, base: float = 10000.0, window: int = 0) -> None:
        super().__init__(shape, base=base, window=window or max(1, shape.train_length // 3))

    def pieces(self, site: Site) -> tuple[Piece, ...]:
        """The place of each query minus that of each key is their mapped distance."""
        queries, keys, window = site.query_positions.float(), site.key_positions.float(), self.window
        return (
            Piece(queries=torch.full_like(queries, 2 * window), keys=torch.zeros_like(keys)),
            Piece(queries=(queries + window) / 2, keys=keys / 2, after=queries - 3 * window),
            Piece(queries=queries, keys=keys, after=queries - window),
        )
