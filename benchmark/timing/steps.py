"""A process that times whole training steps, ours and those of peers, in alternating rounds.

    python -m benchmark.timing.steps ROUNDS THREADS DEVICE     one line of JSON per case on stdout

A step is what training does with a batch: forward, loss at every token, backward, clipping, AdamW (fused in all cases).
Ours is also timed in bfloat16 (`--precision bfloat16`) and, on a GPU, without a CUDA graph. Each round also multiplies
two large float32 matrices, to show what the machine can do at that moment. With one thread, seconds are the processor
time of the process, which other work on the machine does not affect. On a GPU they are wall-clock time until the device
has finished.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.experiments.speed import operations as training_operations
from benchmark.model.transformer import Transformer
from benchmark.results.spec import BudgetSpec, Precision
from benchmark.seeds import generator
from benchmark.tasks.task import Batch
from benchmark.timing import peers
from benchmark.timing.operations import synchronise
from benchmark.timing.peers import Size
from benchmark.training.replay import Replay
from benchmark.training.step import make_optimiser, stepping, update

ROWS, LENGTH = 32, 64  # of a batch
SIZES = tuple(
    Size(width=width, heads=4, layers=layers, vocabulary=512, longest=LENGTH)
    for width, layers in ((64, 2), (128, 4), (256, 4))
)
ENCODINGS = ("none", "rope", "alibi")
MATRIX = 2048  # rows and columns of the matrices
WARM_UP = 3  # steps that are run but not counted
OURS, HALF, UNRECORDED, PRODUCT = "ours", "bfloat16", "step by step", "matrix product"  # besides the names of peers
CPU = torch.device("cpu")
BUDGET = BudgetSpec(train_length=LENGTH, steps=1, batch=ROWS, learning_rate=1e-3, warmup_steps=0)

Step = Callable[[], None]
Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model size and an encoding."""

    size: Size
    encoding: str
    device: torch.device = CPU


def operations(size: Size, rows: int, length: int) -> float:
    """Floating-point operations of a training step."""
    weights = 12 * size.layers * size.width**2 + size.vocabulary * size.width
    return training_operations(size.layers, size.width, weights, rows * length, length)


def batch() -> Batch:
    """Random tokens with the next token as target, the same for every case."""
    rows = torch.randint(SIZES[0].vocabulary, (ROWS, LENGTH + 1), generator=generator("timing", "peers"))
    return Batch(tokens=rows[:, :-1].contiguous(), targets=rows[:, 1:].contiguous())


def our_step(case: Case, *, precision: Precision = "float32", recorded: bool = True) -> Step:
    """Our training step; on a GPU it is a recorded CUDA graph, unless `recorded` is False."""
    size = case.size
    shape = Shape(width=size.width, heads=size.heads, layers=size.layers, train_length=size.longest)
    model = Transformer(size.vocabulary, shape, lambda own, layer: make(case.encoding, own, layer=layer))
    model.initialise(0)
    model.to(case.device).train()
    rows, sampler = batch(), generator("timing", "positions")
    taking = Replay if recorded and case.device.type == "cuda" else stepping
    take = taking(model, make_optimiser(model, BUDGET), BUDGET, precision, case.device)

    def step() -> None:
        take(rows, BUDGET.learning_rate, sampler)

    return step


def peer_step(peer: str, case: Case, *, flash: bool) -> Step:
    """The same step with a library's model."""
    model, rows = peers.make(peer, case.encoding, case.size, flash=flash).to(case.device).train(), batch()
    weights = list(model.parameters())
    optimiser = torch.optim.AdamW(weights, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.1, fused=True)

    def step() -> None:
        logits = model(rows.tokens.to(case.device)).flatten(0, 1)
        F.cross_entropy(logits, rows.targets.to(case.device).flatten()).backward()  # type: ignore[no-untyped-call]
        update(optimiser, weights, BUDGET.clip)

    return step


def finished(device: torch.device) -> float:
    """The wall-clock time once a device has finished its queued work."""
    synchronise(device)
    return time.perf_counter()


def product(device: torch.device) -> Step:
    """A product of two large float32 matrices."""
    a, b = torch.randn(2, MATRIX, MATRIX, generator=generator("timing", "matrix")).to(device)
    return lambda: _multiply(a, b)


def _multiply(a: Tensor, b: Tensor) -> None:
    a @ b


def rounds_of(steps: dict[str, Step], rounds: int, clock: Clock) -> dict[str, list[float]]:
    """Seconds of each step in each round, after warm-up rounds that are not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(WARM_UP + rounds):
        for name, step in steps.items():
            started = clock()
            step()
            if number >= WARM_UP:
                seconds[name].append(clock() - started)
    return seconds


def faster(candidates: Sequence[tuple[bool, Step]], clock: Clock) -> tuple[bool, Step]:
    """x-transformers with or without fused attention, whichever takes faster steps."""
    named = {str(flash): step for flash, step in candidates}
    taken = rounds_of(named, WARM_UP, clock)
    return min(candidates, key=lambda candidate: min(taken[str(candidate[0])]))


def measure(case: Case, rounds: int, clock: Clock) -> dict[str, object]:
    """The seconds of a case, for our step, those of peers and the matrix product, with a description of the case."""
    steps = {OURS: our_step(case), HALF: our_step(case, precision="bfloat16")}
    if case.device.type == "cuda":
        steps[UNRECORDED] = our_step(case, recorded=False)
    flash, steps["x-transformers"] = faster(
        [(flash, peer_step("x-transformers", case, flash=flash)) for flash in (True, False)], clock
    )
    if case.encoding in peers.ENCODINGS["transformers"]:
        steps["transformers"] = peer_step("transformers", case, flash=False)
    steps[PRODUCT] = product(case.device)
    return {
        "encoding": case.encoding,
        "device": torch.cuda.get_device_name(case.device) if case.device.type == "cuda" else case.device.type,
        **vars(case.size),
        "rows": ROWS,
        "length": LENGTH,
        "flash": flash,
        "operations": operations(case.size, ROWS, LENGTH),
        "product_operations": 2.0 * MATRIX**3,
        "threads": torch.get_num_threads(),
        "seconds": rounds_of(steps, rounds, clock),
    }


def main() -> None:
    """Time every case."""
    rounds, threads, device = int(sys.argv[1]), int(sys.argv[2]), torch.device(sys.argv[3])
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    if device.type != "cpu":
        clock = partial(finished, device)
    for size in SIZES:
        for encoding in ENCODINGS:
            found = measure(Case(size=size, encoding=encoding, device=device), rounds, clock)
            sys.stdout.write(json.dumps(found) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
