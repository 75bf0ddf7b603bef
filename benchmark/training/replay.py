"""Training steps on a GPU: recorded once per batch shape as a CUDA graph, then replayed.

The kernels of a small model's step take less time than launching them from Python. The first step of a shape runs
normally. At the second, the whole step (forward, backward, clipping, optimiser) is recorded as a CUDA graph, which a
single call launches from then on. Whatever changes between steps is copied to where the recording reads it: tokens,
scored places and their targets, sampled positions, the learning rate.

Scored places are padded to a multiple of FILLED, so that few shapes occur; the padding has no effect on the loss.
An encoding that reads a value back from the GPU within a step cannot be recorded, and its steps run one by one. State
that an encoding holds beside the values of its tensors (a mode that `schedule` changes) is part of the shape.
"""

import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from numbers import Number

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.errors import first_line
from benchmark.model.hooks import overrides
from benchmark.model.transformer import Transformer
from benchmark.results.spec import BudgetSpec, Precision
from benchmark.tasks.task import UNSCORED, Batch
from benchmark.training.step import AdamW, autocast, gradients, scored, update

FILLED = 128  # scored places are padded to a multiple of this
OWN_OF_MODULES = vars(nn.Module()).keys() - {"training"}  # attributes that torch itself keeps on a module
SHAPES = 1024  # most shapes that one training may record; further ones run step by step

Work = Callable[[], Tensor]


@dataclass
class Inputs:
    """The inputs of a recorded step, on the device."""

    tokens: Tensor  # [B, T]
    places: Tensor  # [P], padded with place 0
    targets: Tensor  # [P], padded with UNSCORED
    positions: Tensor | None  # [B|1, T]; None where they count from 0 and need no copy

    @property
    def shape(self) -> Hashable:
        """The key of a recording: steps with equal shapes may share one."""
        own = None if self.positions is None else (self.positions.shape, self.positions.dtype)
        return self.tokens.shape, self.places.shape, own

    def own(self) -> "Inputs":
        """A private copy."""
        copied = (self.tokens, self.places, self.targets, self.positions)
        return Inputs(*(x if x is None else x.clone(memory_format=torch.contiguous_format) for x in copied))  # type: ignore[arg-type]

    def fill(self, new: "Inputs") -> None:
        """Copy another's values into this one, in place."""
        self.tokens.copy_(new.tokens, non_blocking=True)
        self.places.copy_(new.places, non_blocking=True)
        self.targets.copy_(new.targets, non_blocking=True)
        if self.positions is not None and new.positions is not None:
            self.positions.copy_(new.positions, non_blocking=True)


class Recorder:
    """Records work as CUDA graphs that share one memory pool, so no two may be replayed at once."""

    def __init__(self) -> None:
        self.pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: Work) -> Work:
        """Record the work without running it; each call of the returned function runs it once."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool):
            result = work()

        def replay() -> Tensor:
            graph.replay()
            return result

        return replay


class Same:
    """Compares by identity, and keeps the object alive so that its id cannot be reused."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)


def held(encodings: nn.Module) -> Hashable:
    """Everything that encodings hold, except the values of parameters and buffers, which a recording reads itself."""
    return tuple(
        (
            tuple(map(Same, (*module._parameters.values(), *module._buffers.values()))),
            tuple((name, by_value(value)) for name, value in vars(module).items() if name not in OWN_OF_MODULES),
        )
        for module in encodings.modules()
    )


def by_value(value: object) -> Hashable:
    """A hashable key: plain values, containers and CPU tensors compare by value, all else by identity."""
    if isinstance(value, Number | str | bytes | Enum | None):
        return type(value), value
    if isinstance(value, dict):
        return tuple((by_value(key), by_value(each)) for key, each in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(map(by_value, value))
    if isinstance(value, Tensor) and value.device.type == "cpu":  # a recording may have baked its value in
        return value.shape, value.dtype, tuple(value.flatten().tolist())
    return Same(value)


class Replay:
    """Takes training steps, by replaying recordings where possible: CUDA graphs, or those that `record` makes."""

    def __init__(
        self,
        model: Transformer,
        optimiser: AdamW,
        budget: BudgetSpec,
        precision: Precision,
        device: torch.device,
        record: Callable[[Work], Work] | None = None,
    ) -> None:
        self.model, self.optimiser, self.device = model, optimiser, device
        self.record = record or Recorder()
        self.precision: Precision = precision
        self.clip = budget.clip
        self.weights = list(model.parameters())
        self.rate = torch.zeros((), device=device)
        for group in optimiser.param_groups:
            group["lr"], group["capturable"] = self.rate, True
        self.inputs: dict[Hashable, Inputs] = {}
        self.recordings: dict[Hashable, Work] = {}
        self.refused = False  # this model's steps cannot be recorded

    def __call__(self, batch: Batch, rate: float, sampler: torch.Generator) -> Tensor:
        """Take a step and return its loss in nats, in a tensor that a later step may overwrite."""
        self.rate.fill_(rate)
        new = self.prepare(batch, sampler)
        if new is None:  # nothing is scored
            loss = gradients(self.model, batch, self.precision, self.device, sampler)
            update(self.optimiser, self.weights, self.clip)
            return loss
        shape = (new.shape, held(self.model.encodings))
        if self.refused or (shape not in self.inputs and len(self.inputs) == SHAPES):
            return self.work(new)
        if shape not in self.inputs:
            self.inputs[shape] = new.own()
            return self.work(new)
        self.inputs[shape].fill(new)
        if shape not in self.recordings and not self.try_to_record(shape):
            return self.work(new)
        return self.recordings[shape]()

    def prepare(self, batch: Batch, sampler: torch.Generator) -> Inputs | None:
        """The inputs of a step; None if nothing is scored."""
        places, targets = scored(batch)
        if not len(places):
            return None
        missing = -len(places) % FILLED
        tokens = batch.tokens.to(self.device, non_blocking=True)
        encoding = self.model.encoding
        return Inputs(
            tokens=tokens,
            places=F.pad(places, (0, missing)).to(self.device, non_blocking=True),
            targets=F.pad(targets, (0, missing), value=UNSCORED).to(self.device, non_blocking=True),
            positions=encoding.positions(tokens, sampler) if overrides(encoding, "positions") else None,
        )

    def work(self, inputs: Inputs) -> Tensor:
        """Run a whole step without waiting for the device, and return the loss."""
        with autocast(self.precision, self.device):
            hidden = self.model(inputs.tokens, positions=inputs.positions, places=inputs.places)
            logits = self.model.logits(hidden)
            loss = F.cross_entropy(logits.float(), inputs.targets, ignore_index=UNSCORED)
        loss.backward()  # type: ignore[no-untyped-call]
        update(self.optimiser, self.weights, self.clip)
        return loss.detach()

    def try_to_record(self, shape: Hashable) -> bool:
        """Try to record the step of a shape. On failure, stop recording for good and free what was kept for it."""
        inputs = self.inputs[shape]
        try:
            self.recordings[shape] = self.record(lambda: self.work(inputs))
        except RuntimeError as error:  # a step that waits for the device, or not enough memory
            self.refused = True
            self.recordings.clear()
            self.inputs.clear()
            self.optimiser.zero_grad(set_to_none=True)  # left by a partly recorded step
            name = self.model.encoding.name
            warnings.warn(f"{name}: steps are taken one by one, not recorded: {first_line(error)}", stacklevel=2)
        return not self.refused
