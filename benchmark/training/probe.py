"""Probes of a model: attention on one sentence, and an encoding's score as a function of distance.

`structure` is the score of a fixed query and key as the distance between them grows, averaged over draws of the content
that both share: the encoding's contribution to attention when content carries no information. Content is a
unit-variance vector. Position enters through the encoding's own hooks, and queries and keys are the content with its
position embedded, without any weights of the model. At distance 0 a query attends to itself.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Site
from benchmark.model.attention import scores as attention_scores
from benchmark.model.transformer import Transformer
from benchmark.seeds import generator
from benchmark.training.clock import part

DRAWS = 64  # contents to average over


@part("a look inside")
def attention(model: Transformer, tokens: Tensor) -> Tensor:
    """Attention weights of one row of tokens [T] in every layer and head, [layers, H, T, T]."""
    weights: list[Tensor] = []
    model.eval()
    with torch.inference_mode():
        model(tokens[None], weights=weights)
    return torch.stack([each[0] for each in weights]).float()


@part("a look inside")
def structure(model: Transformer, distances: int) -> Tensor:
    """Score by distance, [layers, H, n], for distances 0 .. n - 1: n is `distances` or the encoding's limit if less."""
    limit = model.encoding.max_length
    count = distances if limit is None else min(distances, limit)
    model.eval()
    with torch.inference_mode():
        return torch.stack(
            [_by_distance(model.encoding_of(index), index, count) for index in range(model.shape.layers)]
        )


def _by_distance(encoding: Encoding, layer: int, count: int) -> Tensor:
    shape = encoding.shape
    content = torch.randn(DRAWS, 1, shape.width, generator=generator("structure", shape.width))
    state = (*encoding.parameters(), *encoding.buffers())
    device = state[0].device if state else torch.device("cpu")
    content = content.expand(-1, count, -1).to(device)
    tokens = torch.zeros(1, count, dtype=torch.int64, device=device)
    positions = encoding.positions(tokens)
    placed = encoding.embed(content, positions)
    site = replace(Site.of(placed, positions, queries=1), layer=layer)
    heads = placed.view(DRAWS, count, shape.heads, shape.head_width).transpose(1, 2)
    q, k = encoding.rotate(heads[:, :, -1:], heads, site)
    final = attention_scores(q, k, site, encoding, 1 / math.sqrt(shape.head_width))
    return final[:, :, 0].mean(0).flip(-1).float()
