"""One row being read: its KV cache, and attention through the hooks of an encoding.

    rotate -> scores / sqrt(D) -> + bias -> mask -> rescore -> mask -> weigh -> values      as in benchmark/model

Keys are rotated once, when they are read, and kept rotated: an encoding that is not `length_aware` and has no weights
turns a key by its own position only. A `length_aware` one is read whole, so that its hooks see every position at once.
Where a head is only partly rotated, `rotate` gets those channels; `rescore` gets all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from benchmark.checkpoints import kernels
from benchmark.checkpoints.facts import Facts
from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding, Site
from benchmark.model.attention import attend
from benchmark.model.hooks import needs_scores, overrides

WINDOWED = 1024  # queries at a time where each sees its window only
INTERFACE = "position_benchmark"  # the name under which transformers finds the attention of this module


class Softcapped(Wrapper):
    """An encoding whose final scores are bounded as in Gemma 2: cap * tanh(score / cap)."""

    def __init__(self, inner: Encoding, cap: float) -> None:
        super().__init__(inner.shape, inner)
        self.cap = cap

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return self.cap * torch.tanh(self.inner.rescore(scores, q, k, site) / self.cap)


@dataclass
class Row:
    """A row of tokens, read from left to right in blocks."""

    facts: Facts
    encodings: Sequence[Encoding]  # of each layer
    alike: Mapping[Encoding, bool]  # True if an encoding turns all heads alike
    positions: Sequence[Tensor]  # of each layer: of every token of the row, [B|1, T]
    capacity: int  # tokens that there is room for
    dtype: torch.dtype
    read: int = 0  # tokens whose keys and values every layer holds
    new: int = 0  # tokens of the block being read
    own: Tensor | None = None  # where one of the block's last m tokens sees another, [m, m], if they are continuations
    places: Tensor | None = None  # of the block's tokens in the row that each belongs to, [n]
    keys: dict[int, Tensor] = field(default_factory=dict)  # rotated, [B, G, T, D], by layer
    values: dict[int, Tensor] = field(default_factory=dict)
    sites: dict[tuple[bool, int, int | None, bool], Site] = field(default_factory=dict)  # of the block being read
    masks: dict[tuple[int, int], Tensor] = field(default_factory=dict)  # of the block, by window and first key

    def open_block(self, tokens: int) -> None:
        """Begin a block of `tokens` more."""
        self.new, self.sites, self.masks = tokens, {}, {}

    def close_block(self) -> None:
        """End a block: its keys and values are kept."""
        self.read += self.new

    def branch(self, tokens: int, positions: Sequence[Tensor], lengths: Sequence[int], *, again: bool) -> None:
        """Forget everything after the first `tokens`; continuations of these lengths come next, in one block.

        `positions` are those of the first `tokens` and of every continuation, one after the other. With `again`, the
        block begins with those tokens.
        """
        self.positions, self.read = positions, 0 if again else tokens
        if len(lengths) < 2:  # a row like any other
            self.own = self.places = None
            return
        device = positions[0].device
        steps = torch.cat([torch.arange(length, device=device) for length in lengths])
        branches = torch.arange(len(lengths), device=device).repeat_interleave(torch.tensor(lengths, device=device))
        self.own = (branches[:, None] == branches) & (steps[:, None] >= steps)
        self.places = torch.cat((torch.arange(self.read, tokens, device=device), tokens + steps))

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scaling: float, softcap: float | None) -> Tensor:
        """Values [B, H, n, D] mixed for a block's queries [B, H, n, D], from its keys and values [B, G, n, D]."""
        encoding = self.encodings[layer]
        nominal = encoding.shape.head_width**-0.5  # the scale that the hooks expect
        if scaling != nominal:
            q = q * (scaling / nominal)
        q, k = self._rotate(encoding, layer, q, k)
        k, v, first = self._extend(layer, k, v)
        if k.shape[1] != v.shape[1]:  # not turned alike
            v = v.repeat_interleave(k.shape[1] // v.shape[1], dim=1)
        window = self.facts.windows[layer]
        if window is not None and self.read + self.new - first <= window:
            window = None  # every key is near enough to every query
        if softcap is None and not needs_scores(encoding) and not overrides(encoding, "bias"):
            if window is None:
                return self._fused(q, k, v, nominal)
            return self._in_window(q, k, v, nominal, first, window)
        if softcap is not None:
            encoding = Softcapped(encoding, softcap)
        k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], dim=1) for x in (k, v))
        site = self._site(layer, first, masked=window is not None or self.own is not None)
        return attend(q, k, v, site, encoding, scale=nominal)[0]

    def _fused(self, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        """Values mixed where every token sees all before it in its row."""
        if self.own is None:
            return kernels.attend_to_all(q, k, v, scale=scale)
        stem = self.new - len(self.own)  # tokens of the block that all its continuations share
        apart = kernels.attend_to_all(q[:, :, stem:], k, v, scale=scale, own=self.own)
        if not stem:
            return apart
        shared = kernels.attend_to_all(q[:, :, :stem], k[:, :, :stem], v[:, :, :stem], scale=scale)
        return torch.cat((shared, apart), dim=2)

    def _in_window(self, q: Tensor, k: Tensor, v: Tensor, scale: float, first: int, window: int) -> Tensor:
        """Values mixed where a token sees the last `window` only; the keys are those from `first` on.

        Some queries at a time, so that memory does not grow with queries x keys.
        """
        mixed = []
        for start in range(0, self.new, WINDOWED):
            rows = slice(start, min(start + WINDOWED, self.new))
            # No key comes after its own place in the row, so the places that are too far back bound the keys.
            nearest = self.read + start if self.places is None else int(self.places[rows].min())
            keys = slice(max(first, nearest + 1 - window), self.read + rows.stop)
            seen, here = self._seen(keys, window, rows), slice(keys.start - first, keys.stop - first)
            mixed.append(kernels.attend_in_window(q[:, :, rows], k[:, :, here], v[:, :, here], seen, scale=scale))
        return torch.cat(mixed, dim=2)

    def _seen(self, keys: slice, window: int, rows: slice) -> Tensor:
        """`_visible`, made once for all layers unless the block is a whole long row, whose masks together are large."""
        if self.new > WINDOWED:
            return self._visible(keys, window, rows)
        asked = window, keys.start
        if asked not in self.masks:
            self.masks[asked] = self._visible(keys, window, rows)
        return self.masks[asked]

    def _rotate(self, encoding: Encoding, layer: int, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and keys of the block, rotated."""
        if not overrides(encoding, "rotate"):
            return q, k
        turned, site = self.facts.rotated, self._site(layer, self.read, masked=False)
        # The contract promises as many heads of keys as of queries.
        whole = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
        asked, own = encoding.rotate(q[..., :turned], whole[..., :turned], site)
        if turned < q.shape[-1]:
            asked = torch.cat((asked, q[..., turned:]), -1)
            own = torch.cat((own, whole[..., turned:]), -1)
        return asked, own[:, :: q.shape[1] // k.shape[1]] if self.alike[encoding] else own

    def _extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, int]:
        """The keys and values that the block sees, and the place of the first of them in the row."""
        stop, window = self.read + self.new, self.facts.windows[layer]
        for held, new in ((self.keys, k), (self.values, v)):
            if layer not in held:
                held[layer] = new.new_empty(*new.shape[:2], self.capacity, new.shape[-1])
            held[layer][:, :, self.read : stop] = new
        first = 0 if window is None else max(0, self.read + 1 - window)
        return self.keys[layer][:, :, first:stop], self.values[layer][:, :, first:stop], first

    def _site(self, layer: int, first: int, *, masked: bool) -> Site:
        """The site of the block with the keys from `first` on; layers share what it computes once."""
        key = self.facts.local[layer], first, self.facts.windows[layer] if masked else None, masked
        if key not in self.sites:
            self.sites[key] = self._make_site(layer, first, masked=masked)
        return replace(self.sites[key], layer=layer)

    def _make_site(self, layer: int, first: int, *, masked: bool) -> Site:
        positions = self.positions[layer][:, first : self.read + self.new]
        hidden = positions.new_empty(*positions.shape, 0, dtype=self.dtype)
        counted = self.own is None and not overrides(self.encodings[layer], "positions")
        site = Site.of(hidden, positions, queries=self.new, counted=counted)
        if not masked:
            return site
        keys = slice(first, self.read + self.new)
        return replace(site, mask=self._visible(keys, self.facts.windows[layer], slice(0, self.new))[None, None])

    def _visible(self, keys: slice, window: int | None, rows: slice) -> Tensor:
        """True where some tokens of the block see some keys, [rows, keys]; keys are counted from the row's first."""
        device = self.positions[0].device
        new = torch.arange(self.read, self.read + self.new, device=device) if self.places is None else self.places
        new = new.int()  # half the memory of the distances below
        before, after = slice(keys.start, min(keys.stop, self.read)), slice(max(0, keys.start - self.read), None)
        held = torch.arange(before.start, max(before.start, before.stop), device=device, dtype=torch.int32)
        behind = new[rows, None] - torch.cat((held, new[after]))[: keys.stop - keys.start]
        seen = behind >= 0 if window is None else (behind >= 0) & (behind < window)
        if self.own is not None:
            stem = self.new - len(self.own)  # tokens of the block that all its continuations share
            asking, asked = max(rows.start, stem), max(keys.start - self.read, stem)  # in the block
            own = self.own[
                asking - stem : max(0, rows.stop - stem), asked - stem : max(0, keys.stop - self.read - stem)
            ]
            seen[asking - rows.start :, asked + self.read - keys.start :] &= own
        return seen


def interface(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    row: Row,
    scaling: float,
    softcap: float | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """What transformers calls in every layer: mixed values [B, n, H, D] through the encoding of a row."""
    mixed = row.attend(module.layer_idx, query, key, value, scaling, softcap)  # type: ignore[arg-type]
    return mixed.transpose(1, 2), None
