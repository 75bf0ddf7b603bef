"""Sandwich: of sinusoidal embeddings, keeps only their inner product with each other, as a bias.

    score[i, j] += (sum over k of cos((i - j) * base ** (-2k / d)) - d/2) / ratio[h],   k = 0 .. d/2 - 1
    ratio[h] = 8h / H,   h = 1 .. H

The sum is PE[i] . PE[j], the inner product of two sinusoidal embeddings of width d = `d_bar`.

Source: Chi et al. 2023, https://arxiv.org/abs/2212.10356, section 5 and its listing.
Convention: d = 128 whatever the model's width, base 10,000, k from 0 and ratios from 8/H to 8, as in the listing. d/2,
the value at distance 0, is subtracted: softmax ignores it, and bfloat16 keeps the fine steps. Angles are float32.
Causal only, as in the paper: a cosine cannot tell behind from ahead. Any head count, any head width.
"""

import torch
from torch import Tensor

from benchmark.encodings.bases import RelativeBias, geometric
from benchmark.encodings.encoding import Shape


class Sandwich(RelativeBias):
    """No parameters: frequencies and ratios are fixed."""

    name = "sandwich"
    title = "Sandwich"
    source = "https://arxiv.org/abs/2212.10356"
    acts = "bias"
    past = "defined, decays"
    relative = True
    causal_only = True

    def __init__(self, shape: Shape, *, d_bar: int = 128, base: float = 10000.0) -> None:
        super().__init__(shape)
        if d_bar < 2 or d_bar % 2:
            raise ValueError(f"sandwich: d_bar is {d_bar}, but must be even and at least 2")
        if base <= 1:
            raise ValueError(f"sandwich: base is {base}, but must be greater than 1")
        self.d_bar = d_bar
        self.base = base

    def at(self, distance: Tensor) -> Tensor:
        # At least float32: a bfloat16 angle at distance 4096 is wrong by whole turns.
        exact = torch.promote_types(distance.dtype, torch.float32)
        far = distance.to(exact)
        apart = torch.zeros_like(far)
        # One frequency at a time: all at once would take d/2 tensors the size of the scores if positions have gaps.
        for frequency in geometric(self.base, self.d_bar, self.d_bar, exact, distance.device):
            apart = apart + ((far * frequency).cos() - 1)
        heads = self.shape.heads
        ratio = torch.arange(1, heads + 1, dtype=exact, device=distance.device) * (8 / heads)
        return apart / ratio.view(-1, *(1,) * distance.dim())
