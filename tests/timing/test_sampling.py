"""The speed of drawing is tokens per second of processor time. No actual rate is asserted."""

from typing import cast

import torch

from benchmark.tasks.task import Batch, Task
from benchmark.timing import sampling


class Clock:
    """A task whose batches take three milliseconds each, on a clock that nothing else moves."""

    name = "clock"

    def __init__(self) -> None:
        self.seconds = 0.0
        self.asked: list[tuple[int, int]] = []
        self.seeds: set[int] = set()

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        self.seconds += 0.003
        self.asked.append((size, length))
        self.seeds.add(generator.initial_seed())
        rows = torch.zeros(size, length + 2, dtype=torch.int64)
        return Batch(tokens=rows, targets=rows)


def test_a_rate_is_tokens_of_whole_batches_by_the_seconds_they_took(monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr(sampling.time, "process_time", lambda: clock.seconds)
    rates = sampling.rates(cast(Task, clock), batch=5, length=11, rounds=3)
    assert len(rates) == 3
    for rate in rates:
        assert abs(rate - 5 * 13 / 0.003) < 1e-6
    assert set(clock.asked) == {(5, 11)}
    assert len(clock.asked) == 4 * 7  # 7 batches fill a round of 20 ms; one extra round warms up
    assert len(clock.seeds) == len(clock.asked)  # every batch has its own generator
