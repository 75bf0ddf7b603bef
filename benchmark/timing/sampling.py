"""The speed at which a task draws its training rows: tokens per second of processor time, in several rounds.

A round draws batches of one length, each from its own generator, as in training, until ROUND_SECONDS have passed.
Seconds are the processor time of the process, not wall-clock time: other work on the machine does not count, and with
one thread they are the seconds of one core.
"""

import time

from benchmark.seeds import generator
from benchmark.tasks.task import Task

FLOOR = 200_000  # tokens per second that every built-in task promises, so that no training waits for its data
ROUND_SECONDS = 0.02


def rates(task: Task, *, batch: int, length: int, rounds: int) -> list[float]:
    """Tokens per second in each round, after a warm-up round in which a task builds what it builds only once."""
    return [_rate(task, batch, length, place) for place in range(rounds + 1)][1:]


def _rate(task: Task, batch: int, length: int, place: int) -> float:
    tokens, step, started = 0, 0, time.process_time()
    while (seconds := time.process_time() - started) < ROUND_SECONDS:
        tokens += task.sample(batch, length, generator("timing", task.name, place, step)).tokens.numel()
        step += 1
    return tokens / seconds
