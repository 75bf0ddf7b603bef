"""One training step: the gradients of a batch's loss, and the update from them."""

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

Take = Callable[[Batch, float, torch.Generator], Tensor]  # (rows, learning rate, position sampler) -> loss


class AdamW(torch.optim.AdamW):
    """torch's AdamW without the wrappers that guard its methods against compilation.

    On their first call the wrappers import torch's compiler, which nothing here uses and which takes about as long to
    import as torch itself.
    """

    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
    add_param_group = unwrap(torch.optim.AdamW.add_param_group)
    zero_grad = unwrap(torch.optim.AdamW.zero_grad)
    state_dict = unwrap(torch.optim.AdamW.state_dict)
    load_state_dict = unwrap(torch.optim.AdamW.load_state_dict)


def make_optimiser(model: Transformer, budget: BudgetSpec) -> AdamW:
    """AdamW, with weight decay on the model's own matrices and on nothing else.

    An encoding's weights are never decayed, of whatever shape: decay by shape would pull the bias table of one encoding
    to zero and spare the same number of scalars in another.
    """
    weights = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    decayed = {name for name, weight in weights if weight.dim() > 1 and not name.startswith("encodings.")}
    groups = [
        {"params": [weight for name, weight in weights if name in decayed], "weight_decay": budget.weight_decay},
        {"params": [weight for name, weight in weights if name not in decayed], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=budget.learning_rate, betas=(0.9, 0.98), fused=True)


def stepping(
    model: Transformer, optimiser: AdamW, budget: BudgetSpec, precision: Precision, device: torch.device
) -> Take:
    """A function that takes one training step per call, running the code below each time."""
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
    """Compute the gradient of every weight, and return the detached loss in nats."""
    with autocast(precision, device):
        loss = batch_loss(model, batch, device, sampler)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


def batch_loss(
    model: Transformer, batch: Batch, device: torch.device, sampler: torch.Generator | None = None
) -> Tensor:
    """Mean cross-entropy over the scored places, in nats; 0 if there are none. A `sampler` is for training.

    The last layer's feed-forward network and the head run only on scored places.
    """
    places, targets = scored(batch)
    hidden = model(batch.tokens.to(device), sampler=sampler, places=places.to(device))
    if not len(places):
        return 0 * model.logits(hidden).sum()
    return cross_entropy(model.logits(hidden), targets.to(device))


def scored(batch: Batch) -> tuple[Tensor, Tensor]:
    """Indices of a batch's scored places, counted row by row, and the target token at each: both [places]."""
    targets = batch.targets.flatten()
    places = (targets != UNSCORED).nonzero().squeeze(1)
    return places, targets[places]


@part("optimiser")
def update(optimiser: torch.optim.Optimizer, weights: list[nn.Parameter], clip: float) -> None:
    """Clip the gradients, take an optimiser step, and free the gradients."""
    nn.utils.clip_grad_norm_(weights, clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """A context with matrix products in bfloat16 if that is the precision; weights stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if precision == "bfloat16" else nullcontext()
