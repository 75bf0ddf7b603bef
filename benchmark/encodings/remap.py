"""RoPE at another distance than the true one, for models trained with RoPE: a map of distances, in pieces."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Part, Shape, Site

Table = tuple[Tensor, Tensor]  # cosines and sines


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A part of the map of distances: the place of each query and of each key, for the pairs that belong to it.

    The mapped distance of a pair is the place of its query minus that of its key. To a query belong the keys whose
    positions are greater than its `after`, up to where the next piece begins.
    """

    queries: Tensor  # [B|1, Q]
    keys: Tensor  # [B|1, K]
    after: Tensor | None = None  # [B|1, Q]; None: from the first key on


class Remap(Rotation):
    """RoPE at another distance than the true one, for a model trained with RoPE.

    Define `far`, and `self.offset` in `__init__`: a pair less than `window` apart keeps its distance d; farther back,
    it becomes far(i) - far(j) + offset, and farther ahead far(i) - far(j) - offset. Maps of another kind define
    `pieces` instead.

    Queries and keys are rotated to the places of the first piece, and for every other piece turned on to its own. In
    evaluation each piece is then a fused call of its own (`rotated_parts`), so a long row costs little more than with
    RoPE. Elsewhere, `rescore` replaces the scores of the keys within reach of another piece.
    """

    acts: ClassVar[str] = "scores"
    adapts: ClassVar[str | None] = "rope"
    offset: float = 0.0

    def __init__(self, shape: Shape, *, base: float, window: int = 1) -> None:
        super().__init__(shape)
        if base <= 1:
            raise ValueError(f"{self.name}: base is {base}, but must be greater than 1")
        if window < 1:
            raise ValueError(f"{self.name}: window is {window}, but must be at least 1, or 0 for the default")
        self.base = base
        self.window = window

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        rotated = self.shape.head_width // 2 * 2
        return geometric(self.base, rotated, rotated, dtype, site.key_positions.device)

    def far(self, positions: Tensor) -> Tensor:
        """The places of tokens that are `window` or farther apart, of the same shape as `positions`."""
        raise NotImplementedError(f"{type(self).__name__} must define far(positions)")

    def pieces(self, site: Site) -> tuple[Piece, ...]:
        """The map of distances, from the keys farthest behind a query to those farthest ahead.

        Only the first piece has no `after`. Without a mask, no query sees a later key, so pieces ahead may be left out.
        """
        exact = torch.promote_types(site.hidden.dtype, torch.float32)
        queries, keys = site.query_positions.to(exact), site.key_positions.to(exact)
        here, there = self.far(queries), self.far(keys)
        behind = Piece(queries=here + self.offset, keys=there)
        near = Piece(queries=queries, keys=keys, after=queries - self.window)
        if site.mask is None:
            return behind, near
        return behind, near, Piece(queries=here - self.offset, keys=there, after=queries + self.window - 1)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        first = self._pieces(site)[0]
        of_query, of_key = site.once(
            ("remap", self, q.dtype),
            lambda: (self.table_at(first.queries, site, q.dtype), self.table_at(first.keys, site, q.dtype)),
        )
        return self.turn(q, *of_query), self.turn(k, *of_key)

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        for piece, keys, pairs in site.once(("others", self), lambda: self._others(site)):
            turned_q, turned_k = self._turned(q, k[..., keys, :], self._onwards(piece, keys, site, exact_for(q)))
            moved = turned_q / math.sqrt(self.shape.head_width) @ turned_k.transpose(-1, -2)
            replaced = torch.where(pairs, moved.to(scores.dtype), scores[..., keys])
            if torch.is_grad_enabled():
                scores = torch.cat((scores[..., : keys.start], replaced, scores[..., keys.stop :]), dim=-1)
            else:  # in place: a copy of all scores would cost about as much as making them
                scores[..., keys] = replaced
        return scores

    def rotated_parts(self, q: Tensor, k: Tensor, site: Site) -> Sequence[Part]:
        """A part for each piece, where positions are contiguous."""
        firsts = site.once(("firsts", self), lambda: self._firsts(site))
        if not firsts:
            return ()
        tables = site.once(("tables", self, exact_for(q)), lambda: self._tables(site, exact_for(q)))
        turned = [(q, k), *(self._turned(q, k, each) for each in tables)]
        return [Part(queries=a, keys=b, first=first) for (a, b), first in zip(turned, firsts, strict=True)]

    def _turned(self, q: Tensor, k: Tensor, tables: tuple[Table, Table]) -> tuple[Tensor, Tensor]:
        """Queries and keys turned on, in the precision of the tables."""
        (of_query, of_key), exact = tables, exact_for(q)
        return self.turn(q.to(exact), *of_query), self.turn(k.to(exact), *of_key)

    def _tables(self, site: Site, dtype: torch.dtype) -> list[tuple[Table, Table]]:
        every = slice(0, site.pairs[1])
        return [self._onwards(piece, every, site, dtype) for piece in self._pieces(site)[1:]]

    def _onwards(self, piece: Piece, keys: slice, site: Site, dtype: torch.dtype) -> tuple[Table, Table]:
        """The turn of queries, and of some keys, from the places of the first piece to those of another."""
        first = self._pieces(site)[0]
        of_query = self.table_at(piece.queries - first.queries, site, dtype)
        return of_query, self.table_at((piece.keys - first.keys)[:, keys], site, dtype)

    def _pieces(self, site: Site) -> tuple[Piece, ...]:
        return site.once(("pieces", self), lambda: self.pieces(site))

    def _others(self, site: Site) -> list[tuple[Piece, slice, Tensor]]:
        """The other pieces that queries of a site meet keys in: those keys, and the pairs of the piece among them."""
        if 0 in site.pairs:
            return []
        pieces, found = self._pieces(site), []
        for piece, following in zip(pieces[1:], (*pieces[2:], None), strict=True):
            end = None if following is None else following.after
            keys = _reach(site.key_positions, piece.after, end)
            pairs = site.visible[..., keys] & _between(site.key_positions[:, None, None, keys], piece.after, end)
            found.append((piece, keys, pairs))
        return [each for each in found if each[1].stop > each[1].start]

    def _firsts(self, site: Site) -> list[Tensor]:
        """Each query's first key in each piece, as an index, [Q], for a causal site.

        Empty unless positions are contiguous, so that a key's position tells its index.
        """
        if not site.contiguous:
            return []
        start, queries = site.key_positions[0, 0], site.query_positions
        ends, firsts = queries[0] - start + 1, []
        for piece in reversed(self._pieces(site)):
            first = torch.zeros_like(ends) if piece.after is None else (piece.after[0] - start).floor().long() + 1
            ends = torch.minimum(first.clamp(min=0), ends)
            firsts.append(ends)
        return firsts[::-1]


def _between(places: Tensor, after: Tensor | None, end: Tensor | None) -> Tensor:
    """True for places [B|1, 1, 1, K] of a piece that begins after one and ends at another, each [B|1, Q] or None."""
    inside = torch.ones_like(places, dtype=torch.bool)
    if after is not None:
        inside = inside & (places > after[:, None, :, None])
    return inside if end is None else inside & (places <= end[:, None, :, None])


def _reach(places: Tensor, after: Tensor | None, end: Tensor | None) -> slice:
    """From the first to the last key, at places [B|1, K], that any query may meet in a piece; empty if none."""
    edges = (
        None if after is None else after.amin(-1, keepdim=True),
        None if end is None else end.amax(-1, keepdim=True),
    )
    met = _between(places[:, None, None], *edges).flatten(0, 2).any(0).nonzero()
    return slice(int(met[0]), int(met[-1]) + 1) if len(met) else slice(0, 0)


def exact_for(x: Tensor) -> torch.dtype:
    """The precision of a further turn: at least float32, as bfloat16 would round queries and keys once more."""
    return torch.promote_types(x.dtype, torch.float32)
