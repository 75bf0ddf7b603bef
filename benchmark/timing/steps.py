"""A process that times whole training steps, ours and the peers', a round of each in turn.

    python -m benchmark.timing.steps ROUNDS THREADS        one line of JSON a case on stdout

A step is what training does with a batch: forward, loss at every token, backward, clipping, AdamW (fused, for all).
Ours is also taken as `--precision bfloat16` takes it. Each round also multiplies two large float32 matrices: what the
machine can do at that moment, next to what it does. With one thread, seconds are the process's processor time, to which
other work on the machine adds nothing.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Transformer
from benchmark.results.spec import BudgetSpec, Precision
from benchmark.seeds import generator
from benchmark.tasks.task import Batch
from benchmark.timing import peers
from benchmark.timing.peers import Size
from benchmark.training.step import gradients, make_optimiser, update

ROWS, LENGTH = 32, 64  # of a batch
SIZES = tuple(
    Size(width=width, heads=4, layers=layers, vocabulary=512, longest=LENGTH)
    for width, layers in ((64, 2), (128, 4), (256, 4))
)
ENCODINGS = ("none", "rope", "alibi")
MATRIX = 2048  # rows and columns of the matrices
WARM_UP = 3  # steps that are run and not counted
OURS, HALF, PRODUCT = "ours", "bfloat16", "matrix product"  # beside the names of the peers
BUDGET = BudgetSpec(train_length=LENGTH, steps=1, batch=ROWS, learning_rate=1e-3, warmup_steps=0)

Step = Callable[[], None]
Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model of a size with an encoding."""

    size: Size
    encoding: str


def operations(size: Size, rows: int, length: int) -> float:
    """Floating-point operations of a training step: products with weights, and the scores that a causal mask leaves.

    Two a weight and token forward and four backward; a token looks at half of the row on average, twice.
    """
    tokens = rows * length
    weights = 12 * size.layers * size.width**2 + size.vocabulary * size.width
    return 6.0 * tokens * weights + 6.0 * tokens * size.layers * size.width * length


def batch() -> Batch:
    """Random tokens, and the next token as target: the same for every case."""
    rows = torch.randint(SIZES[0].vocabulary, (ROWS, LENGTH + 1), generator=generator("timing", "peers"))
    return Batch(tokens=rows[:, :-1].contiguous(), targets=rows[:, 1:].contiguous())


def our_step(case: Case, *, precision: Precision = "float32") -> Step:
    """A training step of this suite."""
    size = case.size
    shape = Shape(width=size.width, heads=size.heads, layers=size.layers, train_length=size.longest)
    model = Transformer(size.vocabulary, shape, lambda own, layer: make(case.encoding, own, layer=layer))
    model.initialise(0)
    rows, sampler = batch(), generator("timing", "positions")
    cpu = torch.device("cpu")
    return step_of(model, lambda: gradients(model, rows, precision, cpu, sampler), make_optimiser(model, BUDGET))


def peer_step(peer: str, case: Case, *, flash: bool) -> Step:
    """The same step of a library's model."""
    model, rows = peers.make(peer, case.encoding, case.size, flash=flash), batch()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.1, fused=True)

    def backward() -> None:
        F.cross_entropy(model(rows.tokens).flatten(0, 1), rows.targets.flatten()).backward()  # type: ignore[no-untyped-call]

    return step_of(model, backward, optimiser)


def step_of(model: nn.Module, backward: Callable[[], object], optimiser: torch.optim.Optimizer) -> Step:
    """Everything that training does with a batch."""
    weights = list(model.parameters())
    model.train()

    def step() -> None:
        backward()
        update(optimiser, weights, BUDGET.clip)

    return step


def product() -> Step:
    """A product of two large float32 matrices."""
    a, b = torch.randn(2, MATRIX, MATRIX, generator=generator("timing", "matrix"))
    return lambda: _multiply(a, b)


def _multiply(a: Tensor, b: Tensor) -> None:
    a @ b


def rounds_of(steps: dict[str, Step], rounds: int, clock: Clock) -> dict[str, list[float]]:
    """Seconds of each step in each round, after a few that are not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(WARM_UP + rounds):
        for name, step in steps.items():
            started = clock()
            step()
            if number >= WARM_UP:
                seconds[name].append(clock() - started)
    return seconds


def faster(candidates: Sequence[tuple[bool, Step]], clock: Clock) -> tuple[bool, Step]:
    """Of x-transformers with and without fused attention, the one whose steps are the faster."""
    named = {str(flash): step for flash, step in candidates}
    taken = rounds_of(named, WARM_UP, clock)
    return min(candidates, key=lambda candidate: min(taken[str(candidate[0])]))


def measure(case: Case, rounds: int, clock: Clock) -> dict[str, object]:
    """The seconds of a case, ours, the peers' and of the matrix product, and what it was."""
    steps = {OURS: our_step(case), HALF: our_step(case, precision="bfloat16")}
    flash, steps["x-transformers"] = faster(
        [(flash, peer_step("x-transformers", case, flash=flash)) for flash in (True, False)], clock
    )
    if case.encoding in peers.ENCODINGS["transformers"]:
        steps["transformers"] = peer_step("transformers", case, flash=False)
    steps[PRODUCT] = product()
    return {
        "encoding": case.encoding,
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
    rounds, threads = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    for size in SIZES:
        for encoding in ENCODINGS:
            found = measure(Case(size=size, encoding=encoding), rounds, clock)
            sys.stdout.write(json.dumps(found) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
