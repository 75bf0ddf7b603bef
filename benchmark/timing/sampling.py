"""How fast a task draws its training rows: tokens a second of processor time, over rounds.

A round draws batch after batch of one length, each from a generator of its own, as training does, until ROUND_SECONDS
are spent. Seconds are the process's own on the processor, not the clock's: other work on the machine does not count,
and on one thread they are the seconds of one core.
"""

import time

from benchmark.seeds import generator
from benchmark.tasks.task import Task

FLOOR = 200_000  # tokens a second: every task of ours promises so many, so that no training waits for its data
ROUND_SECONDS = 0.02


def rates(task: Task, *, batch: int, length: int, rounds: int) -> list[float]:
    """Tokens a second in each round, after one that is not counted: what a task builds once is built then."""
    return [_rate(task, batch, length, place) for place in range(rounds + 1)][1:]


def _rate(task: Task, batch: int, length: int, place: int) -> float:
    tokens, step, started = 0, 0, time.process_time()
    while (seconds := time.process_time() - started) < ROUND_SECONDS:
        tokens += task.sample(batch, length, generator("timing", task.name, place, step)).tokens.numel()
        step += 1
    return tokens / seconds
