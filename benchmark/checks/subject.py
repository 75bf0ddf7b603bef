"""The subject of a check: an encoding inside small models, and the ways to run them.

Sizes are distinct primes, so that no transposed axis fits: 2 rows, 11 tokens, 13 words, 3 heads of width 7.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.transformer import Transformer
from benchmark.seeds import generator

BATCH, VOCABULARY, LENGTH = 2, 13, 11
DIGITS = tuple(range(2, 12))  # for encodings that read numbers
MARKS = (1, 7, 12)  # for encodings that read the marks of segments
SHAPE = Shape(width=21, heads=3, layers=2, train_length=LENGTH, digits=DIGITS, marks=MARKS)
QUICK = Shape(width=64, heads=4, layers=2, train_length=64, digits=DIGITS, marks=MARKS)  # the preset's model


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An encoding to be checked."""

    choice: Choice
    size: Shape = QUICK  # of the model whose cost and precision are measured

    def model(self, shape: Shape = SHAPE, vocabulary: int = VOCABULARY) -> Transformer:
        """A new model with the encoding, whose weights are moved off their initial values."""
        model = Transformer(vocabulary, shape, lambda own, layer: make(self.choice, own, layer=layer))
        model.initialise(0)
        _shake(model)
        return model.eval()

    def long_model(self, train_length: int, vocabulary: int = VOCABULARY) -> Transformer:
        """The model of `size`, for a longer trained length if the encoding allows one."""
        try:
            return self.model(replace(self.size, train_length=train_length), vocabulary)
        except ValueError:  # its parameters do not allow this length
            return self.model(self.size, vocabulary)

    @property
    def acts(self) -> str:
        """What the encoding acts on, as it declares."""
        return str(self.choice.entry.attributes.get("acts", ""))

    @property
    def around_nothing(self) -> bool:
        """True if the encoding is built around one that acts on nothing."""
        inner = CATALOGUE.wrapped(self.choice)
        return inner is not None and (Subject(choice=inner).acts == "nothing" or Subject(choice=inner).around_nothing)

    @property
    def past(self) -> str:
        """The declared behaviour at positions past the trained length."""
        return str(self.choice.entry.attributes.get("past", ""))


def _shake(model: Transformer) -> None:
    """Move the encoding's own values off the initial ones: a table of zeros would hide what is done with it."""
    for name, weight in model.encodings.named_parameters():
        noise = torch.randn(weight.shape, generator=generator("check", name))
        with torch.no_grad():
            # Signs are kept: a logarithm may depend on one.
            weight.copy_(torch.where(weight == 0, noise / 2, weight * (noise / 10).exp()))
    for each in model.encodings.modules():
        if isinstance(found := getattr(each, "found", None), Tensor):  # what a `search` would replace
            noise = torch.randn(found.shape, generator=generator("check", "found"), dtype=found.dtype)
            each.found = found * (noise / 10).exp()


def rows(length: int = LENGTH, seed: int = 0, vocabulary: int = VOCABULARY) -> Tensor:
    """Random tokens, [B, length]."""
    return torch.randint(vocabulary, (BATCH, length), generator=generator("check", "tokens", seed))


def outputs(model: Transformer, tokens: Tensor, *, eager: bool = False, causal: bool = True) -> Tensor:
    """Final hidden states [B, T, C], by the fastest kernel or with eager attention."""
    hidden: Tensor = model(tokens, weights=[] if eager else None, causal=causal)
    return hidden


def gradients(model: Transformer, tokens: Tensor, *, eager: bool = False, causal: bool = True) -> dict[str, Tensor]:
    """The gradient of a fixed random weighting of the outputs, for every weight that it reaches."""
    model.zero_grad()
    weighted_sum(outputs(model, tokens, eager=eager, causal=causal)).backward()  # type: ignore[no-untyped-call]
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def weighted_sum(values: Tensor) -> Tensor:
    """The sum of all values, each with a fixed random weight."""
    return (values * torch.randn(values.shape, generator=generator("check", "weighting"), dtype=values.dtype)).sum()


def modes(encoding: Encoding) -> list[bool]:
    """The values of `causal` for which the encoding is defined."""
    return [True] if encoding.causal_only else [True, False]


def site_of(model: Transformer, tokens: Tensor, layer: int, *, queries: int | None = None, causal: bool = True) -> Site:
    """One attention call, in a layer that reads the embedded tokens."""
    positions = model.encoding.positions(tokens)
    x = model.encoding.embed(F.embedding(tokens, model.embedding) * math.sqrt(model.shape.width), positions)
    hidden = model.layers[layer].attention_norm(x)  # type: ignore[operator]
    return replace(Site.of(hidden, positions, queries=queries, causal=causal), layer=layer)


def projected(model: Transformer, site: Site) -> tuple[Tensor, Tensor, Tensor]:
    """The queries, keys and values of a site, before any rotation."""
    q, k, v = model.layers[site.layer].attention.project(site.hidden)  # type: ignore[operator, union-attr]
    return q[..., site.first_query : site.first_query + site.query_positions.shape[1], :], k, v


def attended(model: Transformer, site: Site, *, eager: bool = False) -> Tensor:
    """The output of attention at a site, [B, Q, C]."""
    attention, encoding = model.layers[site.layer].attention, model.encoding_of(site.layer)
    mixed, _ = attention(*projected(model, site), site, encoding, weights=eager)  # type: ignore[operator]
    return mixed  # type: ignore[no-any-return]


def weights_at(model: Transformer, site: Site, *, sharper: float = 1.0) -> Tensor:
    """The attention weights at a site, [B, H, Q, K], with queries that are `sharper` times as large."""
    attention, encoding = model.layers[site.layer].attention, model.encoding_of(site.layer)
    q, k, v = projected(model, site)
    _, weights = attention(q * sharper, k, v, site, encoding, weights=True)  # type: ignore[operator]
    return weights  # type: ignore[no-any-return]


def largest(difference: Tensor) -> float:
    """The largest absolute value; 0 for an empty tensor, NaN if there is one."""
    return float(difference.abs().amax()) if difference.numel() else 0.0


def worst(values: Iterable[float]) -> float:
    """The largest value; NaN if there is one."""
    return float(torch.tensor(list(values), dtype=torch.float64).amax())


def smallest(values: Iterable[float]) -> float:
    """The smallest value; NaN if there is one."""
    return float(torch.tensor(list(values), dtype=torch.float64).amin())
