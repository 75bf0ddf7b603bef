"""Chosen learning rates in words: the best one of each encoding on a task, and what the trials cost."""

from typing import Any

from benchmark.cli.terminal.words import duration, many
from benchmark.experiments.tuning import Chosen
from benchmark.reports.words import language, later, listed, t
from benchmark.results.record import RateRecord


def chosen(event: Chosen) -> str:
    """The line on one task: "copy: best at rope 0.003, alibi 0.009 (× 3, highest tried); 12 trials, 40 s"."""
    known = listed(best(rate) for rate in event.rates if rate.rate is not None)
    lacking = listed(rate.encoding for rate in event.rates if rate.rate is None)
    parts = [t("best learning rates: {rates}", rates=known)] * bool(known)
    parts += [t("none chosen for {names} (trials missing, or all diverged or failed)", names=lacking)] * bool(lacking)
    parts += [t("the task's own rate is best for all")] * all(rate.rate == rate.usual for rate in event.rates)
    trials = many(event.trials, later("1 trial"), later("{n} trials"))
    parts.append(t("{trials}, {time} of training", trials=trials, time=duration(event.train_seconds)))
    return t("{name}: {what}", name=event.label, what=language().semicolon.join(parts))


def best(rate: RateRecord) -> str:
    """An encoding and its rate: "alibi 0.009 (× 3, highest tried)"."""
    assert rate.rate is not None
    remarks = [f"× {rate.rate / rate.usual:g}"] * (rate.rate != rate.usual)
    remarks += [t("lowest tried")] * (rate.rate == rate.grid[0]) + [t("highest tried")] * (rate.rate == rate.grid[-1])
    own = f"{rate.encoding} {rate.rate:g}"
    return t("{name} ({remarks})", name=own, remarks=listed(remarks)) if remarks else own


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
