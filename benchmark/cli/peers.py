"""What `time --suite peers` does: this suite beside the same work in other libraries, a step and as a whole."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmark.cli.table import Row, show
from benchmark.experiments.machine import default_workers
from benchmark.experiments.presets import preset
from benchmark.experiments.process import KEEP_MEMORY
from benchmark.files import write_atomically
from benchmark.results.environment import environment

TASK, PRESET, ENCODINGS, SEEDS = "offset-recall", "quick", ("rope", "alibi"), 3  # of the whole run
ROUNDS_A_PAIR = 10  # a pair of whole runs for so many rounds of a step
OURS, HALF, UNRECORDED, BY_HAND, PRODUCT = "ours", "bfloat16", "step by step", "by hand", "matrix product"
PEERS = ("x-transformers", "transformers")
COLUMNS = {
    "width": "width",
    "layers": "layers",
    "encoding": "encoding",
    OURS: "ours, ms a step",
    PEERS[0]: "x-transformers, times ours",
    PEERS[1]: "transformers, times ours",
    HALF: "ours in bfloat16, times ours",
    UNRECORDED: "ours step by step, times ours",
    PRODUCT: "ours, share of a matrix product's rate",
    "rounds": "rounds",
}

Case = dict[str, Any]  # as benchmark.timing.steps tells it
Seconds = dict[str, list[float]]


def time_peers(suite: str, results: Path, rounds: int, threads: int, device: str) -> None:
    """Time what a suite asks for, show it, and keep it in the results."""
    from benchmark.experiments.cell import choose_device
    from benchmark.timing.peers import require

    require()
    place = choose_device(device).type
    steps = [] if suite == "peers-run" else list(time_steps(rounds, threads, place))
    whole = {} if suite == "peers-step" else time_whole(max(1, rounds // ROUNDS_A_PAIR), place)
    if steps:
        rows = [step_row(case) for case in steps]
        show(rows, {key: heading for key, heading in COLUMNS.items() if any(key in row for row in rows)})
        click.echo(about_steps(steps[0]))
    if whole:
        click.echo(about_whole(whole, place))
    now = datetime.now(UTC)
    target = results / "timing" / f"{now:%Y%m%dT%H%M%S%fZ}.json"
    write_atomically(target, json.dumps(content(now, threads, place, steps, whole), indent=1).encode())
    click.echo(f"saved: {target}")


def time_steps(rounds: int, threads: int, device: str) -> Iterator[Case]:
    """The cases of `benchmark.timing.steps`, in a process with a worker's memory settings, which all of them share."""
    module = ["benchmark.timing.steps", str(rounds), str(threads), device]
    for case in told("the timing of steps", module, threads=threads):
        click.echo(f"timed: a step at width {case['width']}, {case['encoding']}", err=True)
        yield case


def told(what: str, module: Sequence[str], text: str = "", *, threads: int = 1) -> Iterator[Any]:
    """What a module, given a text, tells in lines of JSON, run as a process with a worker's memory settings."""
    with subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**KEEP_MEMORY, **surroundings(), "OMP_NUM_THREADS": str(threads)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # a process that died: its exit code tells, below
            process.stdin.write(text)
            process.stdin.close()
        yield from map(json.loads, process.stdout or ())
    refuse_failure(what, process.returncode)


def time_whole(pairs: int, device: str) -> Seconds:
    """Seconds on the clock of the same work by hand and by `run`, in turn."""
    seconds: Seconds = {BY_HAND: [], OURS: []}
    for number in range(1, pairs + 1):
        seconds[BY_HAND].append(wall(["benchmark.timing.by_hand"], json.dumps(work(device))))
        with tempfile.TemporaryDirectory() as folder:
            seconds[OURS].append(wall(["benchmark", *run_arguments(folder, device)], ""))
        click.echo(f"timed: whole runs, pair {number} of {pairs}", err=True)
    return seconds


def work(device: str) -> dict[str, Any]:
    """What the loop by hand is to do: the preset's model, budget and lengths."""
    chosen = preset(PRESET)
    (budget,) = chosen.budgets_for(TASK)
    return {
        "task": TASK,
        "encodings": ENCODINGS,
        "seeds": list(range(SEEDS)),
        "lengths": [budget.train_length * multiple for multiple in chosen.multiples],
        **chosen.model.model_dump(),
        **budget.model_dump(exclude={"weight_decay", "clip"}),
        "device": device,
    }


def run_arguments(results: str, device: str) -> list[str]:
    """The command line that does the same."""
    asked = {"--encodings": ",".join(ENCODINGS), "--tasks": TASK, "--preset": PRESET, "--seeds": str(SEEDS)}
    rest = {"--results": results, "--display": "none", "--device": device}
    return ["run", "--no-report", *(part for option in (asked | rest).items() for part in option)]


def wall(module: Sequence[str], text: str) -> float:
    """Seconds on the clock that a Python module takes as a process of its own, from its start to its end."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *module], input=text, env=surroundings(), stdout=subprocess.DEVNULL, encoding="utf-8"
    )
    seconds = time.perf_counter() - started
    refuse_failure(module[0], done.returncode)
    return seconds


def surroundings() -> dict[str, str]:
    """The environment of a process that finds this package, with as many threads as torch takes by itself."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    others = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return {**others, "PYTHONPATH": os.pathsep.join(paths)}


def refuse_failure(what: str, code: int) -> None:
    """One line about a process that failed; what it said itself stands above."""
    if code:
        raise click.ClickException(f"{what} failed (exit code {code}); see above")


def step_row(case: Case) -> Row:
    """A row of the table: times with 95 % intervals over the rounds."""
    seconds = case["seconds"]
    row = {
        "width": case["width"],
        "layers": case["layers"],
        "encoding": case["encoding"],
        OURS: f"{statistics.median(seconds[OURS]) * 1e3:.2f}",
        PRODUCT: spelled(seconds[PRODUCT], seconds[OURS], case["operations"] / case["product_operations"]),
        "rounds": len(seconds[OURS]),
    }
    return row | {
        other: spelled(seconds[other], seconds[OURS]) for other in (*PEERS, HALF, UNRECORDED) if other in seconds
    }


def spelled(own: Sequence[float], reference: Sequence[float], scale: float = 1.0) -> str:
    """The median of own / reference over the pairs, with its 95 % interval where there is one: "1.31 [1.29, 1.34]"."""
    from benchmark.reports.statistics import paired_ratio

    ratio = paired_ratio(own, reference)
    median = f"{ratio.value * scale:.2f}"
    return median if ratio.n == 1 else f"{median} [{ratio.low * scale:.2f}, {ratio.high * scale:.2f}]"


def about_steps(case: Case) -> str:
    """What the table does not say."""
    rate = case["product_operations"] / statistics.median(case["seconds"][PRODUCT]) / 1e9
    one, on_cpu = case["threads"] == 1, case["device"] == "cpu"
    threads = f"{case['threads']} CPU thread{'' if one else 's'}"
    return (
        f"medians over rounds, with 95 % bootstrap intervals of paired ratios; {case['rows']} rows of {case['length']} "
        f"tokens, vocabulary {case['vocabulary']}, {case['heads']} heads, fused AdamW; "
        f"{threads if on_cpu else case['device']}, {'processor time' if one and on_cpu else 'time on the clock'}; "
        f"a float32 matrix product reaches {rate:.0f} GFLOP/s"
    )


def about_whole(seconds: Seconds, device: str) -> str:
    """The whole runs, in a sentence."""
    pairs = len(seconds[OURS])
    return (
        f"the whole: {' and '.join(ENCODINGS)} on {TASK}, {SEEDS} seeds each, evaluated at "
        f"{len(preset(PRESET).multiples)} lengths: {statistics.median(seconds[OURS]):.1f} s by `run` with "
        f"{workers(device)}, {statistics.median(seconds[BY_HAND]):.1f} s by hand on x-transformers: "
        f"{spelled(seconds[BY_HAND], seconds[OURS])} times ours, {pairs} pair{'s' * (pairs != 1)}"
    )


def workers(device: str) -> str:
    """How many `run` takes by itself."""
    count = default_workers(device)
    return f"{count} worker{'s' * (count != 1)}"


def content(now: datetime, threads: int, device: str, steps: Sequence[Case], whole: Seconds) -> dict[str, Any]:
    """What is kept: in the form of the other timings, so that a report reads past it, with every round."""
    return {
        "datetime": now.isoformat(),
        "environment": environment(device, threads).model_dump(mode="json"),
        "benchmarks": [
            *(kept(f"a step at width {case['width']}, {case['encoding']}", case["seconds"], case) for case in steps),
            *([kept("the whole", whole, work(device))] if whole else []),
        ],
    }


def kept(name: str, seconds: Seconds, circumstances: dict[str, Any]) -> dict[str, Any]:
    """One measurement: our rounds as pytest-benchmark keeps its own, the others beside them."""
    others = {what: values for what, values in seconds.items() if what != OURS}
    facts = {key: value for key, value in circumstances.items() if key != "seconds"}
    return {"name": name, "stats": {"data": seconds[OURS]}, "extra_info": {**facts, "seconds": others}}
