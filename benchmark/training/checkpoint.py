"""Checkpoints: an interrupted training resumes and ends with the same weights, bit for bit (on a GPU, to rounding).

Batches, sampled positions and the learning rate are functions of the step, so the model, the optimiser and the step are
all that must be saved. They go into one safetensors file with the rest as JSON in its header: data, never code, and
written atomically.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from pydantic import NonNegativeInt, ValidationError
from torch import Tensor, nn

from benchmark.files import write_atomically
from benchmark.results.record import SCHEMA
from benchmark.results.spec import Frozen
from benchmark.results.store import parse

SECONDS = 60.0  # minimum time between two checkpoints
SHARE = 0.02  # the largest share of time to spend writing them
HEADER = "checkpoint"

Told = Callable[[int, str | None], None]  # (step to resume from, why a file was skipped)


@dataclass
class Training:
    """The outcome of a training, or its progress so far."""

    done: int = 0  # steps
    steps: list[int] = field(default_factory=list)  # at which the loss was noted
    losses: list[float] = field(default_factory=list)  # mean over the batch at those steps, in nats per scored token
    tokens: int = 0  # rows times tokens per row, summed over steps
    seconds: float = 0.0
    diverged: str | None = None  # why it was stopped


class Header(Frozen):
    """The header of a checkpoint."""

    schema_version: int = SCHEMA
    key: str  # of the TrainSpec
    done: NonNegativeInt
    steps: list[int]
    losses: list[float]
    tokens: NonNegativeInt
    seconds: float


@dataclass
class Checkpoint:
    """The checkpoint of one training: its file, its key, and how often it is written."""

    file: Path
    key: str  # of the TrainSpec
    told: Told
    seconds: float = SECONDS
    share: float = SHARE
    due: float = field(init=False)  # by time.perf_counter

    def __post_init__(self) -> None:
        self.due = time.perf_counter() + self.seconds

    def save(self, model: nn.Module, optimiser: torch.optim.Optimizer, training: Training) -> None:
        """Write the current state of a training."""
        started = time.perf_counter()
        header = Header(
            key=self.key,
            done=training.done,
            steps=training.steps,
            losses=training.losses,
            tokens=training.tokens,
            seconds=training.seconds,
        )
        tensors = {name: value.contiguous() for name, value in _tensors(model, optimiser).items()}
        write_atomically(self.file, safetensors.torch.save(tensors, {HEADER: header.model_dump_json()}))
        ended = time.perf_counter()
        self.due = ended + max(self.seconds, (ended - started) / self.share)

    def load(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> Training:
        """Restore model and optimiser and return the progress; a new `Training` if there is nothing to resume."""
        try:
            header, tensors = self._read()
            _check(tensors, model, optimiser)
        except FileNotFoundError:
            return Training()
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            self.told(0, f"{self.file}: skipped: {_reason(error)}")
            return Training()
        own = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
        model.load_state_dict(own)
        optimiser.load_state_dict({**optimiser.state_dict(), "state": _states(tensors)})
        self.told(header.done, None)
        return Training(**header.model_dump(exclude={"schema_version", "key"}))

    def discard(self) -> None:
        """Remove the file: the training has ended, or must start afresh."""
        self.file.unlink(missing_ok=True)

    def _read(self) -> tuple[Header, dict[str, Tensor]]:
        with safetensors.safe_open(self.file, framework="pt") as file:
            header = Header.model_validate(parse((file.metadata() or {}).get(HEADER, "null")))
            if header.key != self.key:
                raise ValueError(f"it belongs to another training, {header.key}")
            # Copies, because the file is memory-mapped and the optimiser updates these tensors in place.
            return header, {name: file.get_tensor(name).clone() for name in file.keys()}


def _tensors(model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Every tensor that training changes, under a unique name."""
    states = optimiser.state_dict()["state"]
    moments = {f"optimiser.{i}.{name}": value for i, state in states.items() for name, value in state.items()}
    return {**{f"model.{name}": value for name, value in model.state_dict().items()}, **moments}


def _states(tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """The optimiser's tensors, in the form that `load_state_dict` expects."""
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimiser."):
            _, index, moment = name.split(".")
            states.setdefault(int(index), {})[moment] = value
    return states


def _check(tensors: dict[str, Tensor], model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Raise a ValueError unless the tensors fit the model and its AdamW: a half-loaded model would train on."""
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    wanted = {f"model.{name}": (value.shape, value.dtype) for name, value in model.state_dict().items()}
    for index in _states(tensors):
        if index >= len(weights):
            raise ValueError("its tensors are not those of this model")
        shape, dtype = weights[index].shape, weights[index].dtype
        wanted |= {f"optimiser.{index}.{moment}": (shape, dtype) for moment in ("exp_avg", "exp_avg_sq")}
        wanted[f"optimiser.{index}.step"] = (torch.Size(), torch.float32)
    if wanted != {name: (value.shape, value.dtype) for name, value in tensors.items()}:
        raise ValueError("its tensors are not those of this model")


def _reason(error: Exception) -> str:
    text = str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)
    return " ".join(text.split())
