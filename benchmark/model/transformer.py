"""The transformer in which all encodings are compared: decoder-only, pre-norm, no dropout.

    x = E[token] * sqrt(C)            unit variance, so that added encodings and tokens start on equal terms
    x = encoding.embed(x)
    x = x + attention(norm(x));  x = x + mlp(norm(x))        per layer; `mixing` may follow the first norm
    logits = norm(x) @ W.T            W starts small: the first loss is that of a uniform guess

The initial value of every weight outside the encoding comes from a generator named after that weight: two models that
differ only in their encoding start with the same values, bit for bit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import Attention
from benchmark.model.blocks import block
from benchmark.model.hooks import overrides
from benchmark.model.mixing import DEVIATION, Convolution
from benchmark.seeds import generator


@dataclass
class Cache:
    """The KV cache: the tokens so far and, per layer, the input of attention, the keys (unrotated) and the values."""

    tokens: Tensor | None = None
    layers: dict[int, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)
    unmixed: dict[int, Tensor] = field(default_factory=dict)  # the last inputs of each layer's convolution

    def mix(self, layer: int, convolution: Convolution, new: Tensor) -> Tensor:
        """Mix the new tokens [B, T, C] with those before them."""
        mixed: Tensor
        mixed, self.unmixed[layer] = convolution(new, self.unmixed.get(layer))
        return mixed

    def extend(self, layer: int, *new: Tensor) -> tuple[Tensor, ...]:
        """The layer's hidden [B, K, C], keys and values [B, H, K, D], with the new tokens appended."""
        old = self.layers.get(layer)
        whole = new if old is None else tuple(torch.cat(pair, dim=-2) for pair in zip(old, new, strict=True))
        self.layers[layer] = (whole[0], whole[1], whole[2])
        return whole


class Layer(nn.Module):
    """Attention and a feed-forward network of four times the width, each with a pre-norm and a residual."""

    def __init__(self, shape: Shape, *, convolve: bool) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width, bias=False)
        self.mixing = Convolution(shape.width) if convolve else None
        self.attention = Attention(shape)
        self.mlp_norm = nn.LayerNorm(shape.width, bias=False)
        self.widen = nn.Linear(shape.width, 4 * shape.width, bias=False)
        self.narrow = nn.Linear(4 * shape.width, shape.width, bias=False)

    def forward(
        self,
        x: Tensor,
        site: Site,
        encoding: Encoding,
        *,
        layer: int,
        cache: Cache | None,
        weights: bool,
        places: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        hidden, time = self.attention_norm(x), x.shape[1]
        if self.mixing is not None:
            hidden = self.mixing(hidden)[0] if cache is None else cache.mix(layer, self.mixing, hidden)
        first = 0 if places is None or weights or cache is not None else first_asked(places, time)
        q, k, v = self.attention.project(hidden, first)
        if cache is not None:
            hidden, k, v = cache.extend(layer, hidden, k, v)
        site = replace(site, layer=layer, hidden=hidden)
        if first:
            site, x = block(site, first, time), x[:, first:]
        mixed, attended = self.attention(q, k, v, site, encoding, weights=weights)
        x = x + mixed
        if places is not None:  # the last layer: nothing reads the other places
            x = x.flatten(0, 1).index_select(0, places - first * (1 + places // time) if first else places)
        return x + self.narrow(F.gelu(self.widen(self.mlp_norm(x)))), attended


def first_asked(places: Int[Tensor, " place"], time: int) -> int:
    """The earliest token of a row that `places` include, if it is in the last quarter of the row; otherwise 0.

    If only the end of each row is scored, no other queries are needed. If more is, dropping queries costs more than it
    saves. With gradients it saved nothing on most tasks, and on a GPU it would force a synchronisation.
    """
    if torch.is_grad_enabled() or places.device.type != "cpu" or not len(places):
        return 0
    first = int((places % time).min())
    return first if 4 * first >= 3 * time else 0


def encodings_for(shape: Shape, encode: Callable[[Shape, int], Encoding]) -> list[Encoding]:
    """The encoding of all layers, or one for each layer if it is `per_layer`."""
    first = encode(shape, 0)
    rest = range(1, shape.layers) if first.per_layer else ()
    return [first, *(encode(shape, layer) for layer in rest)]


class Transformer(nn.Module):
    """`encode(shape, layer)` makes an encoding: for layer 0 and, if the encoding is `per_layer`, for every other.

    With `convolve`, a short causal convolution precedes each layer's attention.
    """

    def __init__(
        self, vocabulary: int, shape: Shape, encode: Callable[[Shape, int], Encoding], *, convolve: bool = False
    ) -> None:
        super().__init__()
        self.shape = shape
        self.convolve = convolve
        self.embedding = nn.Parameter(torch.empty(vocabulary, shape.width))
        self.head = nn.Parameter(torch.empty(vocabulary, shape.width))
        self.layers = nn.ModuleList(Layer(shape, convolve=convolve) for _ in range(shape.layers))
        self.final_norm = nn.LayerNorm(shape.width, bias=False)
        self.encodings = nn.ModuleList(encodings_for(shape, encode))
        self.scheduled = any(overrides(each, "schedule") for each in self.encodings)  # type: ignore[arg-type]

    @property
    def encoding(self) -> Encoding:
        """The encoding, or the first layer's if each layer has its own."""
        return self.encodings[0]  # type: ignore[return-value]

    def encoding_of(self, layer: int) -> Encoding:
        """The encoding of a layer."""
        return self.encodings[layer % len(self.encodings)]  # type: ignore[return-value]

    def schedule(self, done: float) -> None:
        """Tell every encoding, before a training step, what share of training is done."""
        if not self.scheduled:
            return
        for encoding in self.encodings:
            encoding.schedule(done)  # type: ignore[operator]

    def initialise(self, seed: int) -> None:
        """Draw every weight except the encoding's, each from a generator of its own."""
        for name, weight in self.named_parameters():
            if not name.startswith("encodings.") and weight.dim() > 1:
                with torch.no_grad():
                    weight.copy_(torch.randn(weight.shape, generator=generator("weight", seed, name)))
                    weight.mul_(self._deviation(name, weight))

    def _deviation(self, name: str, weight: Tensor) -> float:
        """Standard deviation 1/sqrt(inputs); smaller for the head and for layers that write to the residual stream."""
        if name == "head":
            return 0.02
        if name.endswith("mixing.weight"):
            return DEVIATION
        into_residual = name.endswith(("out.weight", "narrow.weight"))
        return (1 / math.sqrt(2 * self.shape.layers) if into_residual else 1.0) / math.sqrt(weight.shape[-1])

    def forward(
        self,
        tokens: Int[Tensor, "batch time"],
        *,
        causal: bool = True,
        sampler: torch.Generator | None = None,
        positions: Tensor | None = None,
        cache: Cache | None = None,
        weights: list[Tensor] | None = None,
        places: Int[Tensor, " place"] | None = None,
    ) -> Float[Tensor, "batch time width"] | Float[Tensor, "place width"]:
        """Final hidden states of `tokens`, ready for `logits`.

        With a `cache`, `tokens` continue those that it holds. A list passed as `weights` is filled with the attention
        weights [B, H, Q, K] of every layer. `sampler` is for encodings that sample positions in training; the positions
        [B|1, T] of all tokens may be given instead. With `places`, numbered row by row, only the hidden states at those
        places are computed and returned.
        """
        if self.encoding.causal_only and not causal:
            raise ValueError(
                f"{self.encoding.name} is defined only for causal attention, where no query sees a later key"
            )
        if self.convolve and not causal:
            raise ValueError("the convolution before attention is causal: pass causal=True, or build without convolve")
        new = tokens.shape[1]
        if cache is not None:
            tokens = tokens if cache.tokens is None else torch.cat((cache.tokens, tokens), dim=1)
            cache.tokens = tokens
        counted = positions is None and not overrides(self.encoding, "positions")
        if positions is None:
            positions = self.encoding.positions(tokens, sampler)
        start = tokens.shape[1] - new
        x = F.embedding(tokens[:, start:], self.embedding) * math.sqrt(self.shape.width)
        x = self.encoding.embed(x, positions[:, start:])
        keys = x.new_empty(x.shape[0], tokens.shape[1], 0)  # each layer puts its own input here
        site = Site.of(keys, positions, queries=new, causal=causal, counted=counted)
        for index, layer in enumerate(self.layers):
            last = index == len(self.layers) - 1
            x, attended = layer(
                x,
                site,
                self.encoding_of(index),
                layer=index,
                cache=cache,
                weights=weights is not None,
                places=places if last else None,
            )
            if weights is not None:
                weights.append(attended)
        final: Tensor = self.final_norm(x)
        return final

    def logits(self, hidden: Float[Tensor, "*any width"]) -> Float[Tensor, "*any vocabulary"]:
        """Scores of every next token. Apply it only to the hidden states that are scored."""
        return F.linear(hidden, self.head)
