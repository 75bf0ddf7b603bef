"""How fast cells train on a device: as finished ones did, or by an assumption.

    measured   the mean time of finished cells of the same task, size, budget and precision
    scaled     floating-point operations, at the mean rate of finished cells of the same size and precision
    assumed    the same, at a rate that is not from this folder:
               on a CPU, the rate of a matrix product here and now times the share of it that training reaches (SHARES)
               on a GPU, the rate of a training step on the one GPU that was measured (H200)

Only cells that ran on the same kind of device count. Both tables are from docs/speed.md, by width; a wider model is
taken to train at the rate of the widest that was measured.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from statistics import fmean
from typing import Literal, NamedTuple

import torch

from benchmark.experiments.machine import on_gpu
from benchmark.results.record import TrainRecord
from benchmark.results.spec import ModelSpec, Precision, TrainSpec
from benchmark.results.store import Store

Basis = Literal["measured", "scaled", "assumed"]
Kind = Literal["cpu", "gpu", "mps"]

SHARES = {64: 0.36, 128: 0.57, 256: 0.69}  # of the matrix product's rate, the middle one of three encodings
H200: dict[Precision, dict[int, float]] = {  # operations a second; steps of 0.95, 1.64 and 2.59 ms in float32
    "float32": {64: 1.8e12, 128: 6.6e12, 256: 15.9e12},
    "bfloat16": {64: 2.2e12, 128: 9.1e12, 256: 28.3e12},
}


class Speed(NamedTuple):
    """The expected time of a training, and what it rests on."""

    seconds: float | None  # on one core, or on one GPU; None: nothing is known of such a device
    basis: Basis


def operations(layers: int, width: int, weights: float, tokens: float, length: float) -> float:
    """Floating-point operations of training: products with weights, and the scores below a causal mask.

    Per weight and token two forward and four backward. `tokens` are those of all steps, in rows of this length: a token
    attends to half of its row on average, in two products.
    """
    return 6.0 * tokens * (weights + layers * width * length)


def product_weights(model: ModelSpec, parameters: int, of_encoding: int) -> float:
    """The weights that every token is multiplied with: all but the embedding, which is as large as the head."""
    layers = 12 * model.layers * model.width**2
    return layers + of_encoding + max(0.0, (parameters - of_encoding - layers) / 2)


@dataclass
class Speeds:
    """The speeds of finished cells on one kind of device."""

    kind: Kind
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # by everything but encoding
    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # operations a second, by size
    devices: set[str] = field(default_factory=set)  # the names of those that they ran on

    @classmethod
    def of(cls, store: Store, device: str) -> "Speeds":
        """The speeds of the finished cells in a store."""
        speeds = cls(kind="cpu" if not on_gpu(device) else "mps" if device == "mps" else "gpu")
        for record in store.trained():
            trained = record.status == "ok" and record.train_seconds > 0 and record.spec.checkpoint is None
            if trained and _kind(record.environment.device) == speeds.kind:
                speeds.note(record)
        return speeds

    def note(self, record: TrainRecord) -> None:
        """Count a finished cell."""
        spec = record.spec
        seconds = record.train_seconds * (record.environment.threads if self.kind == "cpu" else 1)
        weights = product_weights(spec.model, record.parameters, record.encoding_parameters)
        rows = max(1, spec.budget.steps * spec.budget.batch)
        tokens = record.trained_tokens
        work = operations(spec.model.layers, spec.model.width, weights, tokens, tokens / rows)
        self.seconds[_alike(spec)].append(seconds)
        self.rates[_size(spec)].append(work / seconds)
        self.devices.add(record.environment.device)

    def expected(self, spec: TrainSpec, work: float) -> Speed:
        """The expected time of a training of so many operations."""
        if known := self.seconds.get(_alike(spec)):
            return Speed(fmean(known), "measured")
        if rates := self.rates.get(_size(spec)):
            return Speed(work / fmean(rates), "scaled")
        rate = self.assumed(spec)
        return Speed(None if rate is None else work / rate, "assumed")

    def assumed(self, spec: TrainSpec) -> float | None:
        """Operations a second where no cell of the size has finished; None on an Apple GPU: none was measured."""
        width = spec.model.width
        if self.kind == "cpu":
            return nearest(SHARES, width) * product_rate()
        return nearest(H200[spec.precision], width) if self.kind == "gpu" else None


def nearest(by_width: Mapping[int, float], width: int) -> float:
    """The value of the widest model that is no wider, or else of the narrowest."""
    return by_width[max((known for known in by_width if known <= width), default=min(by_width))]


@cache
def product_rate() -> float:
    """Floating-point operations per second of a float32 matrix product on one thread of this machine."""
    size, threads = 512, torch.get_num_threads()
    torch.set_num_threads(1)
    a = torch.randn(size, size)
    a @ a
    started = time.perf_counter()
    for _ in range(5):
        a @ a
    seconds = (time.perf_counter() - started) / 5
    torch.set_num_threads(threads)
    return 2.0 * size**3 / seconds


def _kind(device: str) -> Kind:
    """The kind of a device that a record names."""
    return "cpu" if device == "cpu" else "mps" if device == "mps" else "gpu"


def _alike(spec: TrainSpec) -> str:
    return spec.model_dump_json(include={"task", "model", "budget", "precision"}, exclude={"budget": {"learning_rate"}})


def _size(spec: TrainSpec) -> str:
    return spec.model_dump_json(include={"model", "precision"})
