"""Base classes for the common kinds of encoding, and the functions that they share.

`RelativeBias` for a bias that depends on distance only, `Rotation` for one that rotates pairs of channels, and
`Wrapper` for one built around another encoding. A fourth, `Remap`, is in `remap.py`.
"""

from collections.abc import Callable, Hashable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings.bias import Bias, ByDistance
from benchmark.encodings.encoding import Encoding, Shape, Site


class RelativeBias(Encoding):
    """An encoding whose bias depends on distance only: define `at`.

    A row of T tokens has only 2T - 1 distances: `at` is called on those, once per forward pass, and all layers share
    the result (if they share the encoding).
    """

    acts: ClassVar[str] = "bias"
    relative: bool = True

    def at(self, distance: Tensor) -> Tensor:
        """The bias of every head at each distance: any shape [...] in, [H, ...] out. Compute in float32."""
        raise NotImplementedError(f"{type(self).__name__} must define at(distance)")

    def bias(self, site: Site) -> Bias | None:
        return ByDistance(self.at)


def by_distance(at: Callable[[Tensor], Tensor], site: Site) -> Tensor:
    """`at`, as in `RelativeBias`, at the distance of every pair, [B|1, H, Q, K]; computed once per forward pass."""
    return site.once(("by distance", at), lambda: _lay_out(at, site))


def distances(site: Site) -> Tensor:
    """Every distance of a site with contiguous positions, from the farthest key behind to the farthest ahead."""
    queries, keys = site.pairs
    farthest, nearest = site.first_query + queries - 1, site.first_query - keys + 1
    return torch.arange(farthest, nearest - 1, -1, device=site.key_positions.device)


def _lay_out(at: Callable[[Tensor], Tensor], site: Site) -> Tensor:
    if 0 in site.pairs or not site.contiguous:
        return at(site.distance[:, 0]).transpose(0, 1)
    # Row r of the unfolded view starts r distances below the farthest, so the rows come out last query first.
    return at(distances(site)).unfold(-1, site.pairs[1], 1).flip(-2)[None]


class Rotation(Encoding):
    """An encoding that rotates pairs of channels of queries and keys by position times frequency: define `theta`.

    The first r channels rotate, r being twice the number of frequencies; the rest are left alone. Pairs are half-split,
    x[k] with x[k + r/2] as in GPT-NeoX and Llama, or x[2k] with x[2k + 1] if `interleaved`. Cosines and sines are
    computed once per forward pass and shared by all layers (if they share the encoding).
    """

    acts: ClassVar[str] = "rotation"
    relative: bool = True
    interleaved: bool = False
    temperature: float = 1.0  # multiplies cosines and sines: scores grow by its square

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        """Radians per position for each pair, in the given dtype and on the site's device.

        [r/2], or [B|1, 1, 1, r/2] where rows differ.
        """
        raise NotImplementedError(f"{type(self).__name__} must define theta(dtype, site)")

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        cos, sin = site.once(("rotation", self, q.dtype), lambda: self.table(site, q.dtype))
        own = slice(site.first_query, site.first_query + q.shape[-2])
        return self.turn(q, cos[..., own, :], sin[..., own, :]), self.turn(k, cos, sin)

    def table(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines of every angle of every key, each [B|1, 1, K, r/2]."""
        return self.table_at(site.key_positions, site, dtype)

    def table_at(self, places: Tensor, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The same for any places [B|1, P]: each [B|1, 1, P, r/2]."""
        # At least float32: a bfloat16 angle at position 4096 is wrong by whole turns.
        exact = torch.promote_types(dtype, torch.float32)
        angles = places[:, None, :, None].to(exact) * self.theta(exact, site)
        cos, sin = angles.cos(), angles.sin()
        if self.temperature != 1.0:
            cos, sin = cos * self.temperature, sin * self.temperature
        return cos.to(dtype), sin.to(dtype)

    def turn(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Rotate the pairs of the first r channels of x [B, H, T, D] by angles [B|1, H|1, T, r/2]; keep the rest."""
        rotated = 2 * cos.shape[-1]
        if rotated == 0:
            return x
        moving, still = x[..., :rotated], x[..., rotated:]
        if self.interleaved:
            a, b = moving[..., 0::2], moving[..., 1::2]
            turned = torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)
        elif cos.requires_grad or sin.requires_grad:
            a, b = moving.chunk(2, dim=-1)
            turned = torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)
        else:
            turned = _HalfTurn.apply(moving, cos, sin)  # type: ignore[no-untyped-call]
        return torch.cat((turned, still), dim=-1) if still.shape[-1] else turned


class _HalfTurn(torch.autograd.Function):
    """Rotate half-split pairs by fixed angles in three passes; the gradient takes three more, by the opposite angles.

    Autograd takes seven passes each way for the same, a fifth of a small model's training step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        half = cos.shape[-1]
        turned = x * torch.cat((cos, cos), dim=-1)
        turned[..., :half].addcmul_(x[..., half:], sin, value=-1)
        turned[..., half:].addcmul_(x[..., :half], sin)
        return turned

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _HalfTurn.apply(gradient, cos, -sin), None, None  # type: ignore[no-untyped-call]


def geometric(base: float | Tensor, rotated: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """RoPE's frequencies base ** (-2k / width) for k = 0 .. rotated/2 - 1, fastest first, [rotated/2].

    A base per row, [B, 1, 1, 1], gives frequencies per row, [B, 1, 1, rotated/2].
    """
    return base ** (-torch.arange(0, rotated, 2, dtype=dtype, device=device) / width)


class Wrapper(Encoding):
    """An encoding around another: hooks it does not override, claims and weights are the inner encoding's."""

    def __init__(self, shape: Shape, inner: Encoding) -> None:
        super().__init__(shape)
        self.inner = inner
        self.relative = inner.relative
        self.per_layer = inner.per_layer
        self.causal_only = inner.causal_only
        self.length_aware = inner.length_aware
        self.max_length = inner.max_length

    def schedule(self, done: float) -> None:
        self.inner.schedule(done)

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.inner.positions(tokens, generator)

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return self.inner.embed(x, positions)

    def inside(self, site: Site) -> Site:
        """The attention call as the inner encoding sees it: as it is, unless a wrapper has other positions for it."""
        return site

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        return self.inner_at(site).rotate(q, k, self.inside(site))

    def bias(self, site: Site) -> Bias | None:
        return self.inner_at(site).bias(self.inside(site))

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return self.inner_at(site).rescore(scores, q, k, self.inside(site))

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return self.inner_at(site).weigh(scores, self.inside(site))

    def inner_at(self, site: Site) -> Encoding:
        """The encoding that takes part in a site's layer: the inner one, unless layers differ."""
        return self.inner

    def each_layer(self, *sizes: int) -> tuple[int, ...]:
        """The shape of own values per layer: for every layer, or for one if each layer has an instance of its own."""
        return (1 if self.per_layer else self.shape.layers, *sizes)

    def of_layer(self, values: Tensor, site: Site) -> Tensor:
        """The values of a site's layer, from those of `each_layer`."""
        return values[0 if self.per_layer else site.layer]


def past_end(positions: Tensor, end: int) -> int | None:
    """The largest position, if it is `end` or more.

    Always None while a training step is being recorded on a GPU, which cannot wait for the answer: the step has been
    taken once before, and for sampled positions the GPU itself refuses an index past the table.
    """
    if not positions.numel() or (positions.is_cuda and torch.cuda.is_current_stream_capturing()):
        return None
    last = int(positions.max())
    return last if last >= end else None


def exactly(layer: nn.Linear, x: Tensor) -> Tensor:
    """A layer applied in at least float32, in a bfloat16 model and under autocast too.

    For what is added up along a row: a rounding error that all tokens share grows with the number of tokens.
    """
    exact = torch.promote_types(x.dtype, torch.float32)
    offset = None if layer.bias is None else layer.bias.to(exact)
    with torch.autocast(x.device.type, enabled=False):
        return F.linear(x.to(exact), layer.weight.to(exact), offset)


def of_keys(site: Site, key: Hashable, compute: Callable[[], Tensor]) -> Tensor:
    """What `compute` makes of all keys, [.., K, channels], made once for all blocks of a long row.

    The value of a key may depend on itself and earlier keys only, as later blocks see a prefix of the keys.
    """
    kept = {} if site.between_blocks is None else site.between_blocks
    if key not in kept:
        kept[key] = compute()
    value: Tensor = kept[key]
    return value[..., : site.key_positions.shape[1], :]
