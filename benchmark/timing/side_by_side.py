"""The same work here and in other libraries: single steps, whole runs, and the file that keeps both."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from benchmark.experiments.presets import preset
from benchmark.results.environment import environment
from benchmark.timing.processes import told, wall

TASK, PRESET, ENCODINGS = "offset-recall", "quick", ("rope", "alibi")  # of the whole run
SEEDS = 6  # by hand: the fewest with which a sign test of two encodings can show anything
OURS, BY_HAND = "ours", "by hand"

Case = dict[str, Any]  # one line of benchmark.timing.steps
Seconds = dict[str, list[float]]


def time_steps(rounds: int, threads: int, device: str) -> Iterator[Case]:
    """The cases of `benchmark.timing.steps`, all in one process with a worker's memory settings."""
    yield from told(
        "the timing of steps", ["benchmark.timing.steps", str(rounds), str(threads), device], threads=threads
    )


def time_whole(pairs: int, device: str) -> Iterator[tuple[float, float]]:
    """Wall-clock seconds of the same work by hand and by `run`, a pair at a time."""
    for _ in range(pairs):
        by_hand = wall(["benchmark.timing.by_hand"], json.dumps(work(device)))
        with tempfile.TemporaryDirectory() as folder:
            yield by_hand, wall(["benchmark", *run_arguments(folder, device)], "")


def work(device: str) -> dict[str, Any]:
    """The work of the loop by hand: the preset's model, budget and lengths."""
    chosen = preset(PRESET)
    (budget,) = chosen.budgets_for(TASK)
    return {
        "task": TASK,
        "encodings": ENCODINGS,
        "seeds": list(range(SEEDS)),
        "lengths": [budget.train_length * multiple for multiple in chosen.multiples],
        **chosen.model.model_dump(exclude={"mixing"}),
        **budget.model_dump(exclude={"weight_decay", "clip"}),
        "device": device,
    }


def run_arguments(results: str, device: str) -> list[str]:
    """The arguments of `python -m benchmark` for the same work."""
    asked = {"--encodings": ",".join(ENCODINGS), "--tasks": TASK, "--preset": PRESET, "--seeds": "auto"}
    rest = {"--results": results, "--display": "none", "--device": device}
    return ["run", "--no-report", *(part for option in (asked | rest).items() for part in option)]


def content(now: datetime, threads: int, device: str, steps: Sequence[Case], whole: Seconds) -> dict[str, Any]:
    """The content of the file: every round, in the format of the other timing files, which lets a report skip it."""
    return {
        "datetime": now.isoformat(),
        "environment": environment(device, threads).model_dump(mode="json"),
        "benchmarks": [
            *(kept(f"a step at width {case['width']}, {case['encoding']}", case["seconds"], case) for case in steps),
            *([kept("the whole", whole, work(device))] if whole else []),
        ],
    }


def kept(name: str, seconds: Seconds, circumstances: dict[str, Any]) -> dict[str, Any]:
    """One measurement: our rounds under pytest-benchmark's key, the others in `extra_info`."""
    others = {what: values for what, values in seconds.items() if what != OURS}
    facts = {key: value for key, value in circumstances.items() if key != "seconds"}
    return {"name": name, "stats": {"data": seconds[OURS]}, "extra_info": {**facts, "seconds": others}}
