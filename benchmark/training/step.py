"""One training step: gradients of a batch's loss, and the update that follows from them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from inspect import unwrap

import torch
from torch import Tensor, nn

from benchmark.model.transformer import Transformer
from benchmark.results.spec import BudgetSpec, Precision
from benchmark.tasks.task import UNSCORED, Batch
from benchmark.training.clock import part
from benchmark.training.loss import cross_entropy

Take = Callable[[Batch, float, torch.Generator], Tensor]  # (rows, learning rate, sampler of positions) -> the loss


class AdamW(torch.optim.AdamW):
    """Torch's own, without what guards its methods against being compiled.

    Those guards import torch's compiler at their first call, which nothing here uses, and which takes about as long as
    the import of torch itself.
    """

    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
    add_param_group = unwrap(torch.optim.AdamW.add_param_group)
    zero_grad = unwrap(torch.optim.AdamW.zero_grad)
    state_dict = unwrap(torch.optim.AdamW.state_dict)
    load_state_dict = unwrap(torch.optim.AdamW.load_state_dict)


def make_optimiser(model: Transformer, budget: BudgetSpec) -> AdamW:
    """AdamW, with weight decay on matrices alone."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in weights if weight.dim() > 1], "weight_decay": budget.weight_decay},
        {"params": [weight for weight in weights if weight.dim() <= 1], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=budget.learning_rate, betas=(0.9, 0.98), fused=True)


def stepping(
    model: Transformer, optimiser: AdamW, budget: BudgetSpec, precision: Precision, device: torch.device
) -> Take:
    """What takes one step after another, each by the code below."""
    weights = list(model.parameters())

    def take(batch: Batch, rate: float, sampler: torch.Generator) -> Tensor:
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = gradients(model, batch, precision, device, sampler)
        update(optimiser, weights, budget.clip)
        return loss

    return take


@part("gradients")
def gradients(
    model: Transformer, batch: Batch, precision: Precision, device: torch.device, sampler: torch.Generator
) -> Tensor:
    """Give every weight its gradient; the loss, in nats, whose graph is gone."""
    with autocast(precision, device):
        loss = batch_loss(model, batch, device, sampler)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


def batch_loss(model: Transformer, batch: Batch, device: torch.device, sampler: torch.Generator) -> Tensor:
    """Mean cross-entropy over the scored places, in nats, 0 if there are none.

    Of other places, neither the last layer's network nor the head is asked.
    """
    places, targets = scored(batch)
    hidden = model(batch.tokens.to(device), sampler=sampler, places=places.to(device))
    if not len(places):
        return 0 * model.logits(hidden).sum()
    return cross_entropy(model.logits(hidden), targets.to(device))


def scored(batch: Batch) -> tuple[Tensor, Tensor]:
    """The scored places of a batch, numbered row by row, and the token to be predicted at each: both [places]."""
    targets = batch.targets.flatten()
    places = (targets != UNSCORED).nonzero().squeeze(1)
    return places, targets[places]


@part("optimiser")
def update(optimiser: torch.optim.Optimizer, weights: list[nn.Parameter], clip: float) -> None:
    """Step by the gradients, whose norm is clipped; they are given back, and the next ones begin at nothing."""
    nn.utils.clip_grad_norm_(weights, clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Matrix products in bfloat16 where that is the precision; weights stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if precision == "bfloat16" else nullcontext()
