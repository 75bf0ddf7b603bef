"""Chosen learning rates in words: the best one of each encoding on a task, and what the trials cost."""

from typing import Any

from benchmark.cli.terminal.words import duration
from benchmark.experiments.tuning import Chosen
from benchmark.results.record import RateRecord


def chosen(event: Chosen) -> str:
    """The line on one task: "copy: best at rope 0.003, alibi 0.009 (× 3, highest tried); 12 trials, 40 s"."""
    known = ", ".join(best(rate) for rate in event.rates if rate.rate is not None)
    lacking = ", ".join(rate.encoding for rate in event.rates if rate.rate is None)
    parts = [f"best learning rates: {known}"] * bool(known)
    parts += [f"none chosen for {lacking} (trials missing, or all diverged or failed)"] * bool(lacking)
    parts += ["the task's own rate is best for all"] * all(rate.rate == rate.usual for rate in event.rates)
    parts.append(f"{event.trials} trial{'s' * (event.trials != 1)}, {duration(event.train_seconds)} of training")
    return f"{event.label}: {'; '.join(parts)}"


def best(rate: RateRecord) -> str:
    """An encoding and its rate: "alibi 0.009 (× 3, highest tried)"."""
    assert rate.rate is not None
    remarks = [f"× {rate.rate / rate.usual:g}"] * (rate.rate != rate.usual)
    remarks += ["lowest tried"] * (rate.rate == rate.grid[0]) + ["highest tried"] * (rate.rate == rate.grid[-1])
    return f"{rate.encoding} {rate.rate:g}" + (f" ({', '.join(remarks)})" if remarks else "")


def as_json(event: Chosen) -> dict[str, Any]:
    """The same for programs."""
    return {
        "event": "choice",
        "task": event.rates[0].task,
        "train_length": event.rates[0].train_length,
        "rates": {rate.encoding: rate.rate for rate in event.rates},
        "usual": event.rates[0].usual,
        "grid": event.rates[0].grid,
        "trials": event.trials,
        "train_seconds": round(event.train_seconds, 3),
    }
