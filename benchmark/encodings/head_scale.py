"""Head scale: on a trained model, each head gets a temperature, tuned on rows longer than it was trained on.

    score[i, j] = lambda[layer, h] q[i] . k[j] / sqrt(D),   lambda >= 1

In long rows, attention without positions spreads over too many keys; scaled up, it keeps its focus.

Source: Wang et al. 2024, https://arxiv.org/abs/2404.12224, with https://github.com/AntNLP/nope_head_scale.
Convention: wraps any encoding that is used in training (`base`), none as in the paper, and takes over its weights,
which stay as they are. The lambdas start at `start` (1.6 in the authors' script for 4 times the trained length), are
tuned on rows of `factor` trained lengths that no test asks, by Adam with the authors' rate, decay and clipping, and are
never below 1, as in their code. Here `steps` steps see the same rows; the authors take 200 steps on 8 new rows each.
Queries are scaled after the inner rotation; a bias is added to the scaled product and not scaled itself, and `rescore`
sees scaled queries. Until they are tuned, all lambdas are 1.
"""

import math

import torch
from torch import Tensor

from benchmark.encodings.encoding import Loss, Shape, Site
from benchmark.encodings.temperature import Temperature, take_over

RATE = 0.1  # at its peak
WARM_UP = 0.1  # share of the steps in which the rate rises to its peak; a cosine then takes it to a tenth
CLIP = 1.0


class HeadScale(Temperature):
    """No training: one number per layer and head, for a model trained with the inner encoding."""

    name = "head-scale"
    title = "Head scale"
    source = "https://arxiv.org/abs/2404.12224"
    learned = "as its base"
    past = "as its base, sharper"
    adapts = "none"

    def __init__(
        self, shape: Shape, *, base: str = "none", factor: float = 4.0, steps: int = 40, start: float = 1.6
    ) -> None:
        super().__init__(shape, base)
        if factor < 1:
            raise ValueError(f"head-scale: factor is {factor}, but must be at least 1")
        if steps < 1:
            raise ValueError(f"head-scale: steps is {steps}, but must be at least 1")
        if start < 1:
            raise ValueError(f"head-scale: start is {start}, but must be at least 1")
        self.times = factor
        self.steps = steps
        self.start = start
        self.found = torch.ones(shape.layers, shape.heads)
        self.register_load_state_dict_pre_hook(take_over)  # type: ignore[no-untyped-call]

    def factor(self, site: Site, dtype: torch.dtype) -> Tensor:
        return self.found[site.layer].to(site.query_positions.device, dtype)[None, :, None]

    def search(self, loss: Loss, generator: torch.Generator) -> Tensor:
        """Tune all lambdas by gradient descent, in as many evaluations as there are steps."""
        scales = torch.full_like(self.found, self.start, requires_grad=True)
        optimiser = torch.optim.Adam([scales], betas=(0.9, 0.95))
        for step in range(self.steps):
            optimiser.zero_grad()
            loss(scales, self.times).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([scales], CLIP)
            optimiser.param_groups[0]["lr"] = RATE * self.rate(step)
            optimiser.step()
            with torch.no_grad():
                scales.clamp_(min=1)
        return scales.detach()

    def rate(self, step: int) -> float:
        """The learning rate of a step, as a share of its peak."""
        rising = math.ceil(WARM_UP * self.steps)
        if step < rising:
            return (step + 1) / rising
        return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * (step - rising) / (self.steps - rising)))
